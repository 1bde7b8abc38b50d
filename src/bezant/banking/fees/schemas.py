"""Wire models of fees."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.banking.accounts.schemas import Reason
from bezant.banking.fees.charging import FeeOutcome
from bezant.banking.terms.fees import FeeCode, FeeEvent
from bezant.kernel.instants import EARLIEST, LATEST
from bezant.ledger import schemas

CHARGES_MAX = 500

Reference = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z",
        description="Of what happened, in the client's own books: nothing is charged twice for it.",
    ),
]


class NewCharge(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/fees`: charge what the account's product asks for an event."""

    event: FeeEvent
    asset: schemas.AssetCode
    reference: Reference


class Charge(Struct, frozen=True):
    """What became of a fee; minor units, and `gross` is always `net` and `vat`.

    Attributes:
        reason: why it was refused, as a code.
        given_back_at: when the account had it back, with what it was for.
    """

    id: UUID
    code: str
    asset: str
    day: date
    gross: str
    net: str
    vat: str
    outcome: FeeOutcome
    reason: str | None
    transaction_id: UUID | None
    charged_at: datetime
    given_back_at: datetime | None = None


class Charges(Struct, frozen=True):
    """Fees of an account, oldest first."""

    charges: list[Charge]


class NewFeeWaiver(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/fee-waivers`.

    Attributes:
        until: the last day whose fees it is of, in the time zone of the account's book.
        code: of a fee of the account's product; None for all.
    """

    reason: Reason
    until: date
    code: FeeCode | None = None

    def __post_init__(self) -> None:
        """Refuse days that no calendar has."""
        if not EARLIEST.date() < self.until < LATEST.date():
            raise ValueError("Invalid field `until`: after 1970-01-01, before 9998-12-31")


class FeeWaiver(Struct, frozen=True):
    """A waiver, as it was given and perhaps ended before its last day."""

    id: UUID
    code: str | None
    until: date
    reason: str
    given_at: datetime
    given_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


class FeeWaivers(Struct, frozen=True):
    """All waivers of an account, oldest first."""

    waivers: list[FeeWaiver]
