"""Reading what statements are made of."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bezant.ledger.errors import AccountNotFound
from bezant.ledger.history import Axis, Entry, History, Position, Span
from bezant.ledger.schemas import AccountType
from bezant.ledger.statements import store
from bezant.ledger.statements.domain import Content, Period, Statement, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bezant.ledger.queries import Source

_NO_BOUNDS: Final = (None, None)


class _StoredContent(msgspec.Struct):
    metadata: dict[str, str] | None = None
    reason: str | None = None


_CONTENT: Final = msgspec.json.Decoder(_StoredContent)


class Reader:
    """Reads of one account's statements.

    Args:
        source: one snapshot; or the database, for what is bound to a number of the book's feed,
            below which nothing ever changes.
    """

    def __init__(self, source: "Source", tenant_id: UUID, book_id: UUID) -> None:
        self._source = source
        self._tenant_id = tenant_id
        self._book_id = book_id

    async def statement(
        self, account_id: str, period: Period, known_at: datetime | None
    ) -> Statement:
        """A statement's figures, on one snapshot.

        As it was known at `known_at`; None for what is known now. What lies after the book's last
        number stands for that number, so that the answer will always be the same.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        key = (self._tenant_id, self._book_id)
        row = await self._source.fetchrow(store.FIND_SUBJECT, *key, account_id)
        if row is None:
            raise AccountNotFound(f"No account {account_id!r}.")
        history = History(self._source)
        head: datetime = row["recorded_at"]
        at = head if known_at is None else min(known_at, head)
        seq = await history.known_seq(*key, at)
        zone, account_no = ZoneInfo(row["time_zone"]), row["account_no"]
        return Statement(
            book_id=self._book_id,
            book_name=row["name"],
            zone=zone,
            account_no=account_no,
            account=account_id,
            type=AccountType(row["type"]),
            asset=row["asset"],
            scale=row["scale"],
            period=period,
            known_seq=seq,
            known_at=at,
            opening=await history.sums(*key, account_no, period.before(zone, seq)),
            closing=await history.sums(*key, account_no, period.until(zone, seq)),
        )

    async def totals(self, statement: Statement) -> Totals:
        """What moved, counted from the legs themselves: it joins opening and closing.

        Raises:
            StatementBroken: it does not.
        """
        totals = await self._movements(
            statement.account_no, statement.period.span(statement.zone, statement.known_seq)
        )
        statement.check(totals)
        return totals

    async def entries(
        self, statement: Statement, after: Position | None, limit: int
    ) -> list[Entry]:
        """The statement's entries of every kind from a position on."""
        return await History(self._source).entries(
            self._tenant_id,
            self._book_id,
            statement.account_no,
            statement.period.span(statement.zone, statement.known_seq),
            after=after,
            limit=limit,
        )

    async def contents(self, entries: "Iterable[Entry]") -> dict[int, Content]:
        """What is still there of the contents of entries' transactions, by number."""
        key = (self._tenant_id, self._book_id)
        return await find_contents(self._source, key, (entry.seq for entry in entries))

    async def _movements(self, account_no: int, span: Span) -> Totals:
        bounds = (span.start, span.end)
        rows = await self._source.fetch(
            store.SUM_MOVEMENTS,
            self._tenant_id,
            self._book_id,
            account_no,
            span.seq,
            *(bounds if span.axis is Axis.BOOKING else _NO_BOUNDS),
            *(bounds if span.axis is Axis.VALUE else _NO_BOUNDS),
            *(bounds if span.axis is Axis.EFFECTIVE else _NO_BOUNDS),
        )
        totals = Totals()
        for row in rows:
            totals.take(row["direction"], int(row["amount"]), row["legs"])
        return totals


async def find_contents(
    source: "Source", key: tuple[UUID, UUID], numbers: "Iterable[int]"
) -> dict[int, Content]:
    """What is still there of transactions' contents, by number; `key` is tenant and book."""
    rows = await source.fetch(store.FIND_CONTENTS, *key, sorted(set(numbers)))
    stored = ((row["seq"], _CONTENT.decode(row["content"])) for row in rows)
    return {seq: Content(each.reason, each.metadata or {}) for seq, each in stored}
