"""Sums and entries of the past, exact at any pair of times."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.ledger.domain import Kind
from bezant.ledger.history import store
from bezant.ledger.history.moments import Axis, Moment, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    from bezant.ledger.queries import Source

_FIRST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Sums:
    """The sums of an account's legs up to a moment, minor units.

    Attributes:
        version: how many legs they are.
    """

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    version: int = 0

    def take(self, side: str, kind: Kind, amount: int, legs: int) -> None:
        """Add legs of one side and one kind."""
        posted = amount if kind in {Kind.POSTED, Kind.CAPTURED} else 0
        pending = 0 if kind is Kind.POSTED else amount if kind is Kind.PENDING else -amount
        if side == "debit":
            self.debits_posted += posted
            self.debits_pending += pending
        else:
            self.credits_posted += posted
            self.credits_pending += pending
        self.version += legs


BookSums = dict[int, Sums]
"""Sums by account number; accounts without legs are left out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One leg, as seen from one of its accounts."""

    transaction_id: UUID
    seq: int
    leg: int
    kind: Kind
    hold_id: UUID | None
    direction: str
    counterparty: str
    amount: int
    code: str
    booking_date: date
    value_date: date
    effective_at: datetime
    recorded_at: datetime

    def position(self, axis: Axis) -> "Position":
        """Its place in the order of an axis."""
        at: datetime | date
        match axis:
            case Axis.EFFECTIVE:
                at = self.effective_at
            case Axis.BOOKING:
                at = self.booking_date
            case Axis.VALUE:
                at = self.value_date
        return (_instant(at), self.seq, self.leg)


Position = tuple[datetime, int, int]
"""A place between entries: a time, of a date its midnight in UTC; then `seq` and leg."""


class History:
    """Reads of the past. What needs several of them is read on one snapshot.

    Args:
        source: the database, or one snapshot of it.
    """

    def __init__(self, source: "Source") -> None:
        self._source = source

    async def known_seq(self, tenant_id: UUID, book_id: UUID, known_at: datetime) -> int:
        """The last number of a book's feed that was given by an instant; 0 for none."""
        row = await self._source.fetchrow(store.FIND_KNOWN_SEQ, tenant_id, book_id, known_at)
        return 0 if row is None or row["seq"] is None else int(row["seq"])

    async def sums(self, tenant_id: UUID, book_id: UUID, account_no: int, at: Moment) -> Sums:
        """An account's sums at a moment."""
        rows = await self._source.fetch(
            store.FIND_SUMS, tenant_id, book_id, account_no, at.seq, *at.bounds()
        )
        return _sum(rows)

    async def sums_of_book(self, tenant_id: UUID, book_id: UUID, at: Moment) -> BookSums:
        """The sums of all accounts at a moment."""
        rows = await self._source.fetch(
            store.FIND_SUMS_OF_BOOK, tenant_id, book_id, at.seq, *at.bounds()
        )
        sums: BookSums = {}
        for row in rows:
            sums.setdefault(row["account_no"], Sums()).take(
                row["side"], Kind(row["kind"]), int(row["amount"]), row["legs"]
            )
        return sums

    async def entries(
        self,
        tenant_id: UUID,
        book_id: UUID,
        account_no: int,
        span: Span,
        *,
        after: Position | None,
        limit: int,
    ) -> list[Entry]:
        """An account's entries of a span in the order of its axis, from a position on."""
        rows = await self._source.fetch(
            store.FIND_ENTRIES_OF_SPAN,
            tenant_id,
            book_id,
            account_no,
            span.axis,
            _instant(span.start),
            _instant(span.end),
            span.seq,
            *(after or (_FIRST, 0, 0)),
            limit,
        )
        return [_entry(row) for row in rows]


def _instant(at: datetime | date) -> datetime:
    return at if isinstance(at, datetime) else datetime.combine(at, time(), UTC)


def _entry(row: "asyncpg.Record") -> Entry:
    return Entry(
        row["transaction_id"],
        row["seq"],
        row["leg"],
        Kind(row["kind"]),
        row["hold_id"],
        row["direction"],
        row["counterparty"],
        int(row["amount"]),
        row["code"],
        row["booking_date"],
        row["value_date"],
        row["effective_at"],
        row["recorded_at"],
    )


def _sum(rows: "Iterable[asyncpg.Record]") -> Sums:
    sums = Sums()
    for row in rows:
        sums.take(row["side"], Kind(row["kind"]), int(row["amount"]), row["legs"])
    return sums
