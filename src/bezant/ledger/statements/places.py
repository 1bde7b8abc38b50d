"""Where a page of a statement begins: a place in it, and what was known and counted up to there."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bezant.kernel.pagination import InvalidCursor
from bezant.ledger.history import Position

PATTERN: Final = re.compile(r"([0-9]{1,18}\.){4}(?:[0-9]{1,4}|[12][0-9]{4})\.-?[0-9]{1,48}")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """After an entry of a statement.

    Attributes:
        known_seq: what the statement counts, which its pages have in common; and `known_at`.
        position: the entry's.
        balance: after it.
    """

    known_seq: int
    known_at: datetime
    position: Position
    balance: int

    @classmethod
    def read(cls, text: str) -> "Place":
        """From what a cursor holds.

        Raises:
            InvalidCursor: no place that a statement can have.
        """
        assert PATTERN.fullmatch(text), "checked before it is read"
        seq, known_us, at_us, at_seq, leg, balance = map(int, text.split("."))
        try:
            known_at, at = _instant(known_us), _instant(at_us)
        except OverflowError:
            raise no_such_place() from None
        return cls(seq, known_at, (at, at_seq, leg), balance)

    def __str__(self) -> str:
        at, seq, leg = self.position
        fields = (self.known_seq, _us(self.known_at), _us(at), seq, leg, self.balance)
        return ".".join(map(str, fields))


def no_such_place() -> InvalidCursor:
    """The refusal of a cursor that was made up."""
    return InvalidCursor("Send `next` of a page of this statement, unchanged.", field="cursor")


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(us: int) -> datetime:
    return _EPOCH + us * _MICROSECOND
