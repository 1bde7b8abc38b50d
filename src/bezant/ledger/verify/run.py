"""Verify books: read one snapshot, replay history, compare everything that is derived from it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.database import Database
from bezant.ledger.errors import BookNotFound
from bezant.ledger.lane import bounds_of
from bezant.ledger.proof import Checkpoint
from bezant.ledger.verify import store
from bezant.ledger.verify.comparison import compare_holds, compare_limit_groups
from bezant.ledger.verify.findings import BookReport, Kind
from bezant.ledger.verify.log import compare_nodes, compare_terms
from bezant.ledger.verify.replay import FINDINGS_MAX, Replay
from bezant.ledger.verify.reversals import compare_reversals
from bezant.ledger.verify.snapshots import compare_snapshots
from bezant.ledger.verify.witnesses import Outside, Witnesses, missing

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PREFETCH: Final = 5_000
_REPORT_EVERY: Final = 10_000
_END: Final = 1 << 63  # after the last number that a feed can have

Progress = Callable[[int], None]


def _silent(_transactions: int) -> None:
    """Report nothing."""


async def verify(
    database: Database,
    *,
    tenant_id: UUID | None = None,
    outside: Outside | None = None,
    progress: Progress = _silent,
) -> AsyncIterator[BookReport]:
    """Recompute every invariant of every book, a tenant's or all; a report per book.

    Postings go on meanwhile: each book is read on a snapshot of its own.

    Args:
        database: connected as the application's role.
        tenant_id: whose books; None for everybody's, and for those that only `outside` knows of.
        outside: checkpoints to hold the books against; None for none.
        progress: told now and then how many numbers of the current book's feed have been replayed.
    """
    seen = set()
    tenants = [row["tenant_id"] for row in await database.fetch(store.FIND_TENANTS)]
    for tenant in tenants:
        if tenant_id is not None and tenant != tenant_id:
            continue
        for book in await database.fetch(store.FIND_BOOKS, tenant):
            seen.add(book["book_id"])
            yield await verify_book(
                database,
                tenant,
                book["book_id"],
                name=book["name"],
                checkpoints=() if outside is None else outside.of(book["book_id"]),
                progress=progress,
            )
    if outside is not None and tenant_id is None:
        for book_id in sorted(set(outside.books()) - seen):
            yield missing(book_id, outside.of(book_id))


async def verify_book(
    database: Database,
    tenant_id: UUID,
    book_id: UUID,
    *,
    name: str = "",
    checkpoints: Sequence[Checkpoint] = (),
    progress: Progress = _silent,
) -> BookReport:
    """Recompute every invariant of one book, and hold it against checkpoints of its log.

    Raises:
        BookNotFound: the tenant has no such book.
    """

    async def work(connection: "Connection") -> BookReport:
        await connection.execute(store.WITHOUT_LOOPS)
        book = await connection.fetchrow(store.FIND_BOOK, tenant_id, book_id)
        if book is None:
            raise BookNotFound(f"No book {book_id}.")
        replay = Replay(book_id, Witnesses(checkpoints), time_zone=ZoneInfo(book["time_zone"]))
        await _replay_history(connection, tenant_id, replay, progress)
        replay.check_end()
        await _compare_head(connection, tenant_id, replay)
        await compare_nodes(connection, tenant_id, replay)
        await compare_terms(connection, tenant_id, replay)
        await _compare_accounts(connection, tenant_id, replay)
        await _compare_balances(connection, tenant_id, replay)
        await compare_limit_groups(connection, tenant_id, replay)
        await compare_holds(connection, tenant_id, replay)
        await compare_reversals(connection, tenant_id, replay)
        await compare_snapshots(connection, tenant_id, replay)
        replay.check_limits()
        for row in await connection.fetch(
            store.FIND_STRAY_CONTENTS, tenant_id, book_id, FINDINGS_MAX
        ):
            replay.find(Kind.CONTENT_STRAY, f"seq {row['seq']}", "no transfer commits to it")
        return BookReport(
            tenant_id,
            book_id,
            name,
            replay.seq,
            replay.transfers,
            len(replay.accounts),
            replay.log.root.hex(),
            replay.findings,
            replay.witnesses.count,
            replay.witnesses.accepted,
        )

    return await database.read(work)


async def _replay_history(
    connection: "Connection", tenant_id: UUID, replay: Replay, progress: Progress
) -> None:
    """Merge transfers, events and batches by their numbers."""
    key = tenant_id, replay.book_id

    def walk(statement: str) -> AsyncIterator[Any]:
        return _rows(connection.cursor(statement, *key, prefetch=_PREFETCH))

    streams = [
        _Stream(_grouped(walk(store.WALK_TRANSFERS)), replay.transaction),
        _Stream(
            _grouped(walk(store.WALK_ACCOUNT_EVENTS)), lambda rows: replay.account_event(*rows)
        ),
        _Stream(
            _grouped(walk(store.WALK_LIMIT_GROUP_EVENTS)),
            lambda rows: replay.limit_group_event(*rows),
        ),
        _Stream(_grouped(walk(store.WALK_PERIOD_EVENTS)), lambda rows: replay.period_event(*rows)),
    ]
    for stream in streams:
        await stream.advance()
    batches = walk(store.WALK_BATCHES)
    batch = await anext(batches, None)
    while (stream := min(streams, key=_Stream.position)).rows:
        stream.replay(stream.rows)
        await stream.advance()
        while batch is not None and batch["last_seq"] <= replay.seq:
            replay.batch(batch)
            batch = await anext(batches, None)
        if replay.seq % _REPORT_EVERY == 0:
            progress(replay.seq)
    while batch is not None:
        replay.batch(batch)
        batch = await anext(batches, None)


@dataclass(slots=True)
class _Stream:
    """One table of history: the rows under its next number, and how they are replayed."""

    source: AsyncIterator[list[Any]]
    replay: Callable[[list[Any]], None]
    rows: list[Any] = field(default_factory=list)
    seq: int = _END

    async def advance(self) -> None:
        """Look at the next number; there is none after the last."""
        self.rows = await anext(self.source, [])
        self.seq = self.rows[0]["seq"] if self.rows else _END

    def position(self) -> int:
        """Where it stands in the feed."""
        return self.seq


async def _rows(cursor: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - the driver's cursor factory
    async for row in cursor:
        yield row


async def _grouped(rows: AsyncIterator[Any]) -> AsyncIterator[list[Any]]:
    """Rows with the same number together."""
    group: list[Any] = []
    async for row in rows:
        if group and group[0]["seq"] != row["seq"]:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


async def _compare_head(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    row = await connection.fetchrow(store.FIND_LANE, tenant_id, replay.book_id)
    if row is None:
        replay.find(Kind.HEAD, "lane", "the book has none")
        return
    if row["root"] != replay.log.root or row["frontier"] != replay.log.encode():
        replay.find(
            Kind.LOG_ROOT,
            f"log of {row['log_size']} batches",
            f"stored root {row['root'].hex()}, history gives {replay.log.root.hex()}"
            f" over {replay.log.size} batches",
        )
    stored = (row["seq"], row["accounts"], row["log_size"])
    found = (replay.seq, len(replay.accounts), replay.log.size)
    if stored != found:
        replay.find(
            Kind.HEAD, "lane", f"stored seq, accounts, batches {stored}; history gives {found}"
        )
    if replay.seq and row["recorded_at"] != replay.recorded_at:
        replay.find(
            Kind.HEAD,
            "lane",
            f"stored instant {row['recorded_at']}; history ends at {replay.recorded_at}",
        )


async def _compare_accounts(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    seen = set()
    async for row in connection.cursor(
        store.WALK_ACCOUNTS, tenant_id, replay.book_id, prefetch=_PREFETCH
    ):
        no, account = row["account_no"], replay.accounts.get(row["account_no"])
        seen.add(no)
        stored = (
            row["account_id"],
            row["asset"],
            row["type"],
            row["status"],
            bounds_of(row),
            row["limit_group"],
            row["opened_at"],
        )
        found = account and (
            account.id,
            account.asset,
            account.type,
            account.status,
            account.bounds,
            account.limit_group,
            account.opened_at,
        )
        if stored != found:
            replay.find(
                Kind.ACCOUNT_TERMS,
                f"account {row['account_id']}",
                f"stored {stored}; history gives {found or 'no such account'}",
            )
    for no in replay.accounts.keys() - seen:
        replay.find(
            Kind.ACCOUNT_TERMS, f"account {replay.accounts[no].id}", "opened, but not stored"
        )


async def _compare_balances(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    seen: set[int] = set()
    totals: dict[str, list[int]] = {}
    async for row in connection.cursor(
        store.WALK_BALANCES, tenant_id, replay.book_id, prefetch=_PREFETCH
    ):
        account = replay.accounts.get(row["account_no"])
        seen.add(row["account_no"])
        stored = (
            int(row["debits_posted"]),
            int(row["credits_posted"]),
            int(row["debits_pending"]),
            int(row["credits_pending"]),
            row["version"],
            row["as_of"],
        )
        if account is None or stored != account.totals():
            replay.find(
                Kind.BALANCE,
                f"account {account.id if account else row['account_no']}",
                f"stored debits {stored[0]}, credits {stored[1]}, version {stored[4]};"
                + (
                    f" history gives {account.debits_posted}, {account.credits_posted},"
                    f" {account.version}"
                    if account
                    else " history has no such account"
                ),
            )
        if account is not None:
            sums = totals.setdefault(account.asset, [0, 0, 0, 0])
            for at in range(4):
                sums[at] += stored[at]
    for no in replay.accounts.keys() - seen:
        replay.find(Kind.BALANCE, f"account {replay.accounts[no].id}", "has no stored balance")
    for asset, (debits, credits_, pending_debits, pending_credits) in totals.items():
        if (debits, pending_debits) != (credits_, pending_credits):
            replay.find(
                Kind.BOOKS_UNBALANCED,
                f"asset {asset}",
                f"debits {debits}, credits {credits_}; pending {pending_debits}, {pending_credits}",
            )
