"""Interest as it is agreed on: what a balance earns or costs, and when that is booked."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.ledger import schemas

TIERS_MAX: Final = 20

Rate = Annotated[
    str,
    Meta(
        pattern=r"^(0|-?[1-9][0-9]{0,2}|-?(0|[1-9][0-9]{0,2})\.[0-9]{1,6})\Z",
        description="Percent a year, such as `2.25`.",
    ),
]
MinorUnits = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,37})\Z")]


class DayCount(StrEnum):
    """What part of a year a day is: `30E/360` after ISDA 2006, section 4.16(g)."""

    ACT_365F = "ACT/365F"
    ACT_360 = "ACT/360"
    THIRTY_E_360 = "30E/360"


class Tiering(StrEnum):
    """Whether a rate is of the slice of a balance that its tier has, or of the whole of it."""

    SLICE = "slice"
    WHOLE = "whole"


class Period(StrEnum):
    """The time whose last day something is due on."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """A rate from a balance on, minor units. Below zero it is what the customer pays."""

    rate: Rate
    above: MinorUnits = "0"


class InterestTerms(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What balances of an asset earn and cost, day by day.

    Attributes:
        capitalisation: when what has accrued is booked to the account; earns interest from then.
        tiers: of balances above zero, lowest first; the first begins at zero.
        overdraft_rate: what a balance below zero costs.
    """

    capitalisation: Period
    day_count: DayCount
    tiers: Annotated[list[Tier], Meta(max_length=TIERS_MAX)] = []
    tiering: Tiering = Tiering.SLICE
    overdraft_rate: Rate = "0"

    def __post_init__(self) -> None:
        """Refuse tiers that leave a balance without a rate, or with two."""
        bounds = [int(tier.above) for tier in self.tiers]
        if bounds and (bounds[0] != 0 or bounds != sorted(set(bounds))):
            raise ValueError("Tiers begin at zero, and each above the one before.")
        if self.overdraft_rate.startswith("-"):
            raise ValueError("An overdraft costs; it earns nothing.")


Interest = dict[schemas.AssetCode, InterestTerms]
"""By asset."""
