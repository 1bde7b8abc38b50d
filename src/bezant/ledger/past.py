"""Balances and entries at any pair of times: when they count, and when they were known."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from bezant.kernel.clock import Clock
from bezant.kernel.pagination import InvalidCursor
from bezant.ledger import schemas
from bezant.ledger.balance_cache import balance_of
from bezant.ledger.errors import AccountNotFound, KnownAtInFuture
from bezant.ledger.history import (
    FIRST,
    LAST,
    Axis,
    Entry,
    History,
    Moment,
    Position,
    Span,
    instant_of,
)
from bezant.ledger.lane import FIND_ACCOUNTS, account_of, transfer_id
from bezant.ledger.queries import BookReader, Queries

DATED_POSITION: Final = re.compile(
    r"[0-9]{1,18}\.-?[0-9]{1,18}\.[0-9]{1,18}\.(?:[0-9]{1,4}|[12][0-9]{4})"
)
"""The form of positions in the order of an axis: the number that the listing knows, a time in
microseconds since 1970, `seq` and leg."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries: on an axis from a time to another, both included; None for no bound."""

    axis: Axis
    start: datetime | date | None
    end: datetime | date | None
    known_at: datetime | None

    def span(self, seq: int) -> Span:
        """The span, of what was known at a number."""
        first, last = (FIRST, LAST) if self.axis is Axis.EFFECTIVE else (FIRST.date(), LAST.date())
        return Span(self.axis, self.start or first, self.end or last, seq)


class Past:
    """Reads of the past for clients.

    A replica answers where it is known to have everything that was known at the instant asked for.
    """

    def __init__(self, reader: BookReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    async def balance(
        self,
        tenant_id: UUID,
        book_id: UUID,
        account_id: str,
        *,
        effective_at: datetime | None,
        known_at: datetime | None,
        read_after: int | None = None,
    ) -> schemas.Balance:
        """An account's balance by what counts at an instant, as it was known at an instant.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
            KnownAtInFuture: nobody knows yet what will be known then.
        """

        async def query(queries: Queries) -> schemas.Balance:
            row = await queries.source.fetchrow(FIND_ACCOUNTS, tenant_id, book_id, [account_id])
            if row is None:
                raise AccountNotFound(f"No account {account_id!r}.")
            account = account_of(row)
            history = History(queries.source)
            seq, instant = await self._known(history, tenant_id, book_id, known_at)
            at = Moment(Axis.EFFECTIVE, effective_at or LAST, seq)
            sums = await history.sums(tenant_id, book_id, account.no, at)
            account.restore((*sums.totals(), instant))
            return replace(
                balance_of(account),
                effective_at=UNSET if effective_at is None else effective_at,
                known_at=UNSET if known_at is None else known_at,
                seq=seq,
            )

        return await self._reader.read(tenant_id, book_id, read_after, query, known_at=known_at)

    async def entries(
        self,
        tenant_id: UUID,
        book_id: UUID,
        account_id: str,
        asked: Asked,
        *,
        after: str | None,
        limit: int,
        read_after: int | None = None,
    ) -> schemas.Entries:
        """An account's entries in the order of an axis.

        All pages of a listing know what the first one knew.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
            KnownAtInFuture: nobody knows yet what will be known then.
        """

        async def query(queries: Queries) -> schemas.Entries:
            account_no = await queries.account_no(tenant_id, book_id, account_id)
            history = History(queries.source)
            if after is None:
                seq, _ = await self._known(history, tenant_id, book_id, asked.known_at)
                place = None
            else:
                seq, place = _read(after)
            found = await history.entries(
                tenant_id, book_id, account_no, asked.span(seq), after=place, limit=limit + 1
            )
            following = (
                _write(seq, found[limit - 1].position(asked.axis)) if found[limit:] else None
            )
            return schemas.Entries([_entry(each) for each in found[:limit]], following, seq)

        # A page of what a listing knows is read where all of that is.
        seen = (
            read_after if read_after is None or after is None else max(read_after, _read(after)[0])
        )
        return await self._reader.read(tenant_id, book_id, seen, query, known_at=asked.known_at)

    async def _known(
        self, history: History, tenant_id: UUID, book_id: UUID, known_at: datetime | None
    ) -> tuple[int, datetime]:
        """The last number that was known, and the instant for which that is said."""
        head = await history.head(tenant_id, book_id)
        if known_at is None:
            return head.seq, head.recorded_at
        if known_at > max(self._clock.now(), head.recorded_at):
            raise KnownAtInFuture(f"It is not {known_at.isoformat()} yet.", field="known_at")
        return await history.known_seq(tenant_id, book_id, known_at), known_at


def _read(after: str) -> tuple[int, Position]:
    known, at, seq, leg = map(int, after.split("."))
    try:
        return known, (_EPOCH + at * _MICROSECOND, seq, leg)
    except OverflowError:
        raise InvalidCursor("No entry has such a time.", field="cursor") from None


def _write(known: int, position: Position) -> str:
    at, seq, leg = position
    return f"{known}.{(instant_of(at) - _EPOCH) // _MICROSECOND}.{seq}.{leg}"


def _entry(entry: Entry) -> schemas.Entry:
    return schemas.Entry(
        transfer_id=transfer_id(entry.transaction_id, entry.leg),
        transaction_id=entry.transaction_id,
        seq=entry.seq,
        kind=entry.kind,
        hold_id=entry.hold_id,
        direction=entry.direction,
        counterparty=entry.counterparty,
        amount=str(entry.amount),
        code=entry.code,
        booking_date=entry.booking_date,
        value_date=entry.value_date,
        effective_at=entry.effective_at,
        recorded_at=entry.recorded_at,
    )
