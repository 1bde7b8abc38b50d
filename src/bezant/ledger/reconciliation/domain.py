"""What is matched, what a match is, and what is left: pure, in minor units.

Lines and entries are both `Item`s: signed amounts in the account's normal direction, so that a line
and the entry that books it are of the same amount.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bezant.ledger.reconciliation.rules import Cardinality, Rule

RELATED_MAX: Final = 10
"""How many candidates a break names."""

AGE_BUCKETS: Final = ((1, "0-1"), (7, "2-7"), (30, "8-30"))
"""The most days of each bucket; what is older is `>30`."""

LEG_BITS: Final = 15


class Item(Struct, frozen=True, gc=False):
    """A line or an entry.

    Attributes:
        key: the line's number; of an entry `entry_key(seq, leg)`.
        amount: signed.
        booking: the day of booking, as a proleptic ordinal.
        value: the value day.
        texts: the fields that the rules look at, in the order of `Fields`.
        repeats: the number of an earlier line that says the same with the same reference; 0 for
            none.
        is_released: whether a person took it out of a match: then only a person puts it into one.
    """

    key: int
    amount: int
    booking: int
    value: int
    texts: tuple[str, ...]
    repeats: int = 0
    is_released: bool = False

    @property
    def is_free(self) -> bool:
        """Whether rules may match it."""
        return not self.repeats and not self.is_released


class Match(Struct, frozen=True, gc=False):
    """Lines and entries that are the same money.

    Attributes:
        rule: its name.
        agreed: the fields that agreed, each as `line=entry`; amount and date always do.
        difference: what the lines come to more than the entries.
        days: the most days between a line and an entry.
    """

    rule: str
    cardinality: Cardinality
    lines: tuple[int, ...]
    entries: tuple[int, ...]
    agreed: tuple[str, ...]
    difference: int
    days: int


class Reason(StrEnum):
    """Why an item is in no match."""

    MISSING_IN_LEDGER = "missing_in_ledger"
    MISSING_IN_STATEMENT = "missing_in_statement"
    WRONG_AMOUNT = "wrong_amount"
    DATE_FAR_OFF = "date_far_off"
    DUPLICATE_LINE = "duplicate_line"
    AMBIGUOUS = "ambiguous"
    SEARCH_LIMIT = "search_limit"
    RELEASED = "released"


class Side(StrEnum):
    """Which of the two records an item is in."""

    LINE = "line"
    ENTRY = "entry"


class Break(Struct, frozen=True, gc=False):
    """An item without a match.

    Attributes:
        related: keys of what it was held against: candidates on the other side; of a duplicate the
            earlier line.
        related_side: where those are.
    """

    side: Side
    key: int
    amount: int
    booking: int
    reason: Reason
    related: tuple[int, ...] = ()
    related_side: Side = Side.ENTRY


class Fields(Struct, frozen=True):
    """Which fields of lines and entries rules look at; `Item.texts` are in their order."""

    line: tuple[str, ...]
    entry: tuple[str, ...]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "Fields":
        """Those that any of the rules names."""
        line: dict[str, None] = {}
        entry: dict[str, None] = {}
        for rule in rules:
            line |= dict.fromkeys(each.field for each in rule.line)
            entry |= dict.fromkeys(each.field for each in rule.entry)
            line |= dict.fromkeys(each.line for each in rule.agree)
            entry |= dict.fromkeys(each.entry for each in rule.agree)
        return cls(tuple(line), tuple(entry))


def entry_key(seq: int, leg: int) -> int:
    """The key of an entry: its place in the book's history."""
    assert 0 <= leg < 1 << LEG_BITS
    return seq << LEG_BITS | leg


def place_of(key: int) -> tuple[int, int]:
    """The `seq` and leg of an entry's key."""
    return key >> LEG_BITS, key & ((1 << LEG_BITS) - 1)


def age_days(booked: date, today: date) -> int:
    """How many days a break is old; what is booked ahead is not old at all."""
    return max((today - booked).days, 0)


def age_bucket(days: int) -> str:
    """The bucket of an age: `0-1`, `2-7`, `8-30` or `>30` days."""
    return next((name for most, name in AGE_BUCKETS if days <= most), ">30")
