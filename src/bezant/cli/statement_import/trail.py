"""A bank account as the book has it, entry by entry."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from uuid import UUID

from bezant.formats.camt053 import Book
from bezant.ledger.schemas import Entry

Dates = tuple[date, date]
"""A booking date and a value date."""


class Trail:
    """Totals over an account's entries, debits positive: the account is an asset."""

    def __init__(self, totals: Mapping[Dates, int] | None = None) -> None:
        self._totals: Counter[Dates] = Counter(totals)

    @property
    def totals(self) -> Mapping[Dates, int]:
        """What was counted, by dates."""
        return self._totals

    def add(self, totals: Mapping[Dates, int]) -> None:
        """Count movements."""
        self._totals.update(totals)

    def without(self, totals: Mapping[Dates, int]) -> "Trail":
        """What the totals were before these movements."""
        left = Counter(self._totals)
        left.subtract(totals)
        return Trail(left)

    def book(self) -> Book:
        """The totals of all that is counted by now. Look at it before counting on."""
        return Book(self._totals.total(), self._valued)

    def book_at(self, day: date) -> Book:
        """The totals as they were at the end of a booking day."""
        booked = sum(moved for (booking, _), moved in self._totals.items() if booking <= day)
        return Book(booked, self._valued)

    def _valued(self, day: date) -> int:
        return sum(moved for (_, value), moved in self._totals.items() if value <= day)


def transactions(entries: Iterable[Entry]) -> Iterator[tuple[UUID, list[Entry]]]:
    """The entries of one account, those of a transaction together, as the book lists them."""
    for transaction, legs in groupby(entries, key=lambda entry: entry.transaction_id):
        yield transaction, list(legs)


def movements(entries: Iterable[Entry]) -> Counter[Dates]:
    """What entries of the book move."""
    totals: Counter[Dates] = Counter()
    for entry in entries:
        sign = 1 if entry.direction == "debit" else -1
        totals[entry.booking_date, entry.value_date] += sign * int(entry.amount)
    return totals
