"""Which balances of a statement say what, and whether money moved accounts for them.

A booked balance counts entries by booking date. An available one ought to count them by value
date (external code set `ExternalBalanceType1Code`), but banks differ: some state booked balances by
value date, some available ones by booking date and with the credit line on top. So each balance is
explained by the first basis that gives its amount, and one that none gives is reported as it is.
"""

from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bezant.formats.camt053.model import Balance, StatementHeader

# In order of preference. Interim balances open and close the pages of a statement in several files.
_OPENING: Final = ("OPBD", "PRCD", "ITBD", "OPAV", "ITAV")
_CLOSING: Final = ("CLBD", "ITBD", "CLAV", "ITAV")
_AVAILABLE: Final = frozenset({"OPAV", "CLAV", "ITAV", "FWAV"})
_STARTING: Final = frozenset({"OPBD", "PRCD", "OPAV"})


class Basis(StrEnum):
    """How entries are counted into a balance."""

    BOOKING = "booking date"
    VALUE = "value date"


class Book(Struct, frozen=True):
    """What the money moved comes to, from a file or from a ledger.

    Attributes:
        booked: the total of all entries, opening balance included.
        valued: the total of those with a value date up to and including a day.
    """

    booked: int
    valued: Callable[[date], int]

    def on(self, basis: Basis, day: date) -> int:
        """The total on a basis at the end of a day."""
        return self.booked if basis is Basis.BOOKING else self.valued(day)


class Explanation(Struct, frozen=True):
    """How a balance comes about.

    Attributes:
        basis: None when nothing explains the balance.
        credit_line: the agreed overdraft that the balance counts on top, minor units.
        amount: what the book gives for the balance, credit lines included; without a basis, by the
            basis that its type ought to have.
    """

    basis: Basis | None
    credit_line: int
    amount: int


def opening_balance(header: StatementHeader) -> Balance | None:
    """The balance from which the entries start, or None."""
    return _first(header, _OPENING, closing=False)


def closing_balance(header: StatementHeader) -> Balance | None:
    """The balance at which the entries arrive, or None."""
    return _first(header, _CLOSING, closing=True)


def is_available(balance: Balance) -> bool:
    """Whether it states money at the owner's disposal, rather than money booked."""
    return not balance.is_proprietary and balance.type in _AVAILABLE


def is_starting(balance: Balance) -> bool:
    """Whether it stands before the statement's entries, rather than after."""
    return not balance.is_proprietary and balance.type in _STARTING


def explain(balance: Balance, header: StatementHeader, book: Book) -> Explanation:
    """Find the basis on which a book gives a balance.

    Args:
        balance: one of the statement's.
        header: the statement, whose other balances tell its credit lines.
        book: the movements up to the balance.
    """
    bases = [Basis.BOOKING, Basis.VALUE]
    if is_available(balance):
        bases.reverse()
    included = balance.amount - balance.own_amount
    for extra in _credit_lines(balance, header):
        for basis in bases:
            amount = book.on(basis, balance.date) + extra + included
            if amount == balance.amount:
                return Explanation(basis, extra + included, amount)
    return Explanation(None, included, book.on(bases[0], balance.date) + included)


def _credit_lines(balance: Balance, header: StatementHeader) -> Iterator[int]:
    """What may stand on top: nothing, or in available balances a credit line told elsewhere."""
    yield 0
    if is_available(balance) and balance.amount == balance.own_amount:
        told = {line.amount for other in header.balances for line in other.credit_lines}
        yield from sorted(told - {0})


def _first(header: StatementHeader, types: tuple[str, ...], *, closing: bool) -> Balance | None:
    """The first balance of the preferred type. Of two interim ones, the last closes."""
    for type_ in types:
        found = [
            balance
            for balance in header.balances
            if balance.type == type_ and not balance.is_proprietary and not balance.sub_type
        ]
        if type_.startswith("IT") and len(found) == 1 and not closing and not _closes(header):
            # A single interim balance beside no other closing one is what the page arrives at.
            continue
        if found:
            return found[-1] if closing else found[0]
    return None


def _closes(header: StatementHeader) -> bool:
    return any(balance.type in {"CLBD", "CLAV"} for balance in header.balances)
