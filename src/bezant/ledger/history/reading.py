"""Sums and entries of the past, exact at any pair of times."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.ledger.domain import Kind
from bezant.ledger.history import store
from bezant.ledger.history.moments import Axis, Moment, Position, Span, instant_of
from bezant.ledger.history.sums import Adding, BookSums, Sums

if TYPE_CHECKING:
    import asyncpg

    from bezant.ledger.queries import Source

_BEFORE_LEGS: Final = -1
_SAMPLE: Final = 256
_ACCOUNTS_AT_ONCE: Final = 5_000


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

    def position(self, axis: Axis) -> Position:
        """Its place in the order of an axis."""
        at: datetime | date
        match axis:
            case Axis.EFFECTIVE:
                at = self.effective_at
            case Axis.BOOKING:
                at = self.booking_date
            case Axis.VALUE:
                at = self.value_date
        return (instant_of(at), self.seq, self.leg)


@dataclass(frozen=True, slots=True)
class Head:
    """How far a book is: its last number, and the instant of it."""

    seq: int
    recorded_at: datetime


class History:
    """Reads of the past. What needs several of them is read on one snapshot of the database.

    Args:
        source: the database, or one snapshot of it.
    """

    def __init__(self, source: "Source") -> None:
        self._source = source

    async def head(self, tenant_id: UUID, book_id: UUID) -> Head:
        """The last number of a book that there is."""
        row = await self._source.fetchrow(store.FIND_HEAD, tenant_id, book_id)
        assert row is not None, "every book has a lane"
        return Head(row["seq"], row["recorded_at"])

    async def known_seq(self, tenant_id: UUID, book_id: UUID, known_at: datetime) -> int:
        """The last number of a book's feed that was given by an instant; 0 for none."""
        row = await self._source.fetchrow(store.FIND_KNOWN_SEQ, tenant_id, book_id, known_at)
        return 0 if row is None or row["seq"] is None else int(row["seq"])

    async def sums(self, tenant_id: UUID, book_id: UUID, account_no: int, at: Moment) -> Sums:
        """An account's sums at a moment."""
        row = await self._source.fetchrow(
            store.FIND_SUMS,
            tenant_id,
            book_id,
            account_no,
            at.seq,
            at.axis,
            instant_of(at.until),
        )
        assert row is not None, "sums without legs are a row of zeros"
        return Sums(
            int(row["debits_posted"]),
            int(row["credits_posted"]),
            int(row["debits_pending"]),
            int(row["credits_pending"]),
            row["legs"],
        )

    async def sums_of_book(self, tenant_id: UUID, book_id: UUID, at: Moment) -> BookSums:
        """The sums of all accounts at a moment.

        Legs are added up once, all of the moment's or all others: whichever seem to be fewer.
        """
        moment = (tenant_id, book_id, at.seq, *at.bounds())
        sample = await self._source.fetchrow(store.SAMPLE_MOMENT, *moment, _SAMPLE)
        # From the present on there are the balances to be read as well.
        is_most = sample is not None and 3 * sample["within"] > 2 * sample["looked_at"]
        rows = await self._source.fetch(
            store.FIND_SUMS_OF_BOOK_FROM_PRESENT if is_most else store.FIND_SUMS_OF_BOOK, *moment
        )
        adding = Adding()
        for row in rows:
            if row["account_nos"] is None:
                continue  # of no account
            adding.begin(row["side"], Kind(row["kind"]))
            columns = (row["account_nos"], row["amounts"], row["legs"])
            for start in range(0, len(columns[0]), _ACCOUNTS_AT_ONCE):
                adding.take(*(column[start : start + _ACCOUNTS_AT_ONCE] for column in columns))
                await asyncio.sleep(0)  # others get their turn
        return adding.sums()

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
        start: Position = (instant_of(span.start), 0, _BEFORE_LEGS)
        rows = await self._source.fetch(
            store.FIND_ENTRIES_OF_SPAN,
            tenant_id,
            book_id,
            account_no,
            span.axis,
            instant_of(span.end),
            span.seq,
            *(start if after is None else max(start, after)),
            limit,
        )
        return [_entry(row) for row in rows]


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
