"""What days and bookings would have come to, had all been known: exact, no I/O.

A day that changes changes what was booked at the end of its month; and what was booked there earns
interest itself. So days are gone through in their order, and each balance has in it what bookings
before would have been more, or less.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from bezant.banking.interest.domain import PARTS, accrue, bookable, is_last_day
from bezant.banking.interest.records import DayAccrued, Rebooking
from bezant.banking.terms.interest import InterestTerms


@dataclass(frozen=True, slots=True)
class Accrued:
    """What a day was last known to have earned."""

    day: date
    revision: int
    product_version: int
    parts: int


@dataclass(frozen=True, slots=True)
class Booked:
    """What stands booked of a day, minor units.

    Attributes:
        transaction_id: of the last revision; None where nothing was posted.
    """

    day: date
    revision: int
    amount: int
    transaction_id: UUID | None


@dataclass(frozen=True, slots=True)
class Past:
    """An account's days in an asset, as they are known.

    Attributes:
        due: what had accrued before the first of the days and was not booked, parts.
        accrued: by day.
        booked: by day.
        terms: of the product, by its version: a day stays under those that it was under.
        balance: at the end of a day, minor units.
    """

    due: int
    accrued: Sequence[Accrued]
    booked: Sequence[Booked]
    terms: Mapping[int, InterestTerms | None]
    balance: Callable[[date], int]


@dataclass(slots=True)
class Recomputed:
    """What is otherwise than was known.

    Attributes:
        days: that earned something else.
        rebookings: of which something else should stand booked.
        shift: what all of them add to the balance, minor units.
    """

    days: list[DayAccrued] = field(default_factory=list)
    rebookings: list[Rebooking] = field(default_factory=list)
    shift: int = 0


def recompute(past: Past, since: date, *, compounds: bool = True) -> Recomputed:
    """Go through the days from one on that has changed.

    Args:
        past: days before it included, as far as they are at hand.
        since: the first day that has changed.
        compounds: whether bookings are found out anew; without, they stay as they are.
    """
    found = Recomputed()
    accrued = {each.day: each for each in past.accrued}
    booked = {each.day: each for each in past.booked}
    known = right = past.due
    for day in sorted({*accrued, *booked}):
        agreed = None
        if day in accrued:
            agreed = past.terms.get(accrued[day].product_version)
            known += accrued[day].parts
            right += accrued[day].parts
            if day >= since and agreed is not None:
                right += _accrue(past, accrued[day], agreed, found)
        stands = booked.get(day)
        before = 0 if stands is None else stands.amount
        amount = before
        is_end = agreed is not None and is_last_day(day, agreed.capitalisation)
        # What was due and not booked could not be paid: it was left to the next period, and is.
        is_open = stands is not None or (is_end and bookable(known) == 0)
        if compounds and day >= since and is_open:
            amount = bookable(right)
        if amount != before:
            found.rebookings.append(_rebooking(day, stands, before, amount))
        known -= before * PARTS
        right -= amount * PARTS
        # It counts from the day after.
        found.shift += amount - before
    return found


def _accrue(past: Past, each: Accrued, agreed: InterestTerms, found: Recomputed) -> int:
    """Find out what a day earned; how much more than was known, parts."""
    balance = past.balance(each.day) + found.shift
    parts = accrue(balance, each.day, agreed)
    if parts != each.parts:
        revised = (each.revision + 1, each.product_version, str(balance), str(parts))
        found.days.append(DayAccrued(each.day, *revised, str(each.parts)))
    return parts - each.parts


def _rebooking(day: date, stands: Booked | None, before: int, amount: int) -> Rebooking:
    revision = 0 if stands is None else stands.revision + 1
    takes_back = stands.transaction_id if stands is not None and before else None
    return Rebooking(day, revision, str(before), str(amount), takes_back)
