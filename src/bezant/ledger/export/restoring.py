"""Restoring a book from its export: history written as it was, everything else made from it.

Records are replayed as they are read, by the verifier's own replay, and written in the same
transaction. So what is written is what was checked, and either all of it stands or nothing does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.ledger import store as ledger_store
from bezant.ledger.errors import BookNotFound
from bezant.ledger.export import store
from bezant.ledger.export.errors import BookStands, ExportUnusable
from bezant.ledger.export.manifest import BookTerms
from bezant.ledger.export.reading import Exports
from bezant.ledger.export.records import (
    AccountEventRecord,
    BatchRecord,
    ContentRecord,
    HoldEventRecord,
    LimitGroupEventRecord,
    PeriodEventRecord,
    ReversalRecord,
    TransferRecord,
)
from bezant.ledger.export.replaying import RecordReplay
from bezant.ledger.lane import Transfer
from bezant.ledger.lane import store as lane_store
from bezant.ledger.lane.columns import transfer_columns
from bezant.ledger.lane.writer import write_present
from bezant.ledger.queries import Queries
from bezant.ledger.schemas import HoldState
from bezant.ledger.verify.replay import Replay
from bezant.ledger.verify.reversals import compare_originals

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

WRITTEN_AT_ONCE: Final = 5_000
_TRIES_MAX: Final = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """A book that stands as it was exported.

    Attributes:
        is_new: whether this run restored it, or an earlier one.
    """

    book_id: UUID
    seq: int
    root: str
    is_new: bool


async def restore_book(
    database: Database,
    clock: Clock,
    call: Call,
    exports: Exports,
    *,
    root: str | None = None,
    progress: Progress,
) -> Restored:
    """Restore a book, in one commit.

    Args:
        database: connected as the application's role.
        clock: tells the audit log when.
        call: who asks; for which tenant.
        exports: of the book, from its first number on.
        root: the log's root in hex, known from elsewhere; None to take the manifest's word.
        progress: told the number that was replayed, and the last.

    Raises:
        ExportUnusable: what was exported was changed, cut, or put in another order; where is told.
        BookStands: the tenant has the book, with other content.
        Unavailable: nothing was done, or a repeat is safe and tells.
    """
    if root is not None and root != exports.root:
        raise ExportUnusable(f"The export's root is {exports.root}, not {root}.")
    if await database.fetchrow(store.FIND_TENANT, call.tenant_id) is None:
        raise ExportUnusable(f"There is no tenant {call.tenant_id} to restore the book for.")

    async def work(connection: "Connection") -> None:
        await _Restoring(connection, call.tenant_id, exports, progress).run()
        rows = audit.entry(call, Answer(201, b""), clock.now())
        await write_rows(connection, call.tenant_id, rows)

    for _ in range(_TRIES_MAX):
        if await _stands(database, call.tenant_id, exports):
            return Restored(exports.book.id, exports.last_seq, exports.root, is_new=False)
        try:
            await database.transaction(work)
        except CommitUnknown:
            continue  # whether it stands is there to see
        except asyncpg.UniqueViolationError:
            continue  # somebody made a book of this id meanwhile
        return Restored(exports.book.id, exports.last_seq, exports.root, is_new=True)
    raise Unavailable("The outcome is not known yet: run it again.")


async def _stands(database: Database, tenant_id: UUID, exports: Exports) -> bool:
    """Whether the tenant has the very book.

    Raises:
        BookStands: it has another one under the same id.
    """
    try:
        book = await Queries(database).book(tenant_id, exports.book.id)
    except BookNotFound:
        return False
    log = await database.fetchrow(store.FIND_LOG, tenant_id, exports.book.id)
    terms = BookTerms(book.id, book.name, book.time_zone, book.assets, book.created_at)
    if log is None or terms != exports.book:
        raise BookStands(f"Book {book.id} is there, with other terms.")
    if (log["seq"], log["root"].hex()) != (exports.last_seq, exports.root):
        raise BookStands(
            f"Book {book.id} is there with seq {log['seq']} and root {log['root'].hex()};"
            f" the export ends at seq {exports.last_seq} with root {exports.root}."
        )
    return True


@dataclass
class _Restoring:
    """One try, within its transaction."""

    connection: "Connection"
    tenant_id: UUID
    exports: Exports
    progress: Progress
    records: RecordReplay = field(init=False)
    rows: dict[type[Any], list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        book = self.exports.book
        self.records = RecordReplay(Replay(book.id, time_zone=ZoneInfo(book.time_zone)))

    @property
    def replay(self) -> Replay:
        return self.records.replay

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.tenant_id, self.exports.book.id

    async def run(self) -> None:
        """Replay and write everything."""
        await self._write_book()
        for count, (part, record) in enumerate(self.exports.records(), start=1):
            self.records.take(part, record)
            self._refuse_differences()
            self.rows.setdefault(type(record), []).append(record)
            if count % WRITTEN_AT_ONCE == 0:
                await self._write_history()
                self.progress(self.replay.seq, self.exports.last_seq)
        self.records.end()
        self._refuse_differences()
        await self._write_history()
        self.replay.check_end()
        self.replay.check_limits()
        await compare_originals(self.connection, self.tenant_id, self.replay)
        self._refuse_differences()
        if self.replay.log.root.hex() != self.exports.root:
            raise ExportUnusable(
                f"History gives the root {self.replay.log.root.hex()}; the manifest says"
                f" {self.exports.root}."
            )
        await self._write_present()
        self.progress(self.replay.seq, self.exports.last_seq)

    def _refuse_differences(self) -> None:
        if self.replay.findings:
            first = self.replay.findings[0]
            part = self.records.part
            raise ExportUnusable(f"{part}: {first.kind} at {first.place}: {first.detail}.")

    async def _write_book(self) -> None:
        book = self.exports.book
        await self.connection.execute(
            ledger_store.INSERT_BOOK, *self.key, book.name, book.time_zone, book.created_at
        )
        await self.connection.execute(
            ledger_store.INSERT_ASSETS,
            *self.key,
            [asset.code for asset in book.assets],
            [asset.scale for asset in book.assets],
        )

    async def _write_history(self) -> None:
        """Write the records that were read, each kind in one statement."""
        transfers = [_transfer(row) for row in self.rows.pop(TransferRecord, [])]
        if transfers:
            columns = transfer_columns(transfers)
            await self.connection.execute(lane_store.INSERT_TRANSFERS, *self.key, *columns)
        for kind, statement, names in _HISTORY:
            rows = self.rows.pop(kind, None)
            if rows:
                columns = [[getattr(row, name) for row in rows] for name in names]
                await self.connection.execute(statement, *self.key, *columns)
        assert not self.rows, "every kind of record has its statement"

    async def _write_present(self) -> None:
        """Write what follows from history: accounts, balances, the lane."""
        holds = self.replay.holds.holds.values()
        await write_present(
            self.connection,
            self.key,
            {account.id: account for account in self.replay.accounts.values()},
            self.replay.limit_groups.values(),
            holds,
        )
        expiries = (hold.expires_at for hold in holds if hold.state is HoldState.OPEN)
        log = self.replay.log
        await self.connection.execute(
            store.INSERT_LANE,
            *self.key,
            self.replay.seq,
            len(self.replay.accounts),
            log.size,
            log.encode(),
            log.root,
            self.replay.recorded_at,
            min((each for each in expiries if each is not None), default=None),
        )


_HISTORY: Final[Sequence[tuple[type[Any], str, Sequence[str]]]] = (
    (
        AccountEventRecord,
        lane_store.INSERT_ACCOUNT_EVENTS,
        (
            *("seq", "kind", "account_no", "account_id", "asset", "type", "status"),
            *("overdraft", "minimum", "maximum", "limit_group", "opened_at", "recorded_at"),
        ),
    ),
    (
        LimitGroupEventRecord,
        lane_store.INSERT_LIMIT_GROUP_EVENTS,
        (
            *("seq", "kind", "group_id", "asset", "type"),
            *("overdraft", "minimum", "maximum", "recorded_at"),
        ),
    ),
    (
        PeriodEventRecord,
        lane_store.INSERT_PERIOD_EVENTS,
        ("seq", "kind", "period", "transaction_id", "actor", "requested_by", "recorded_at"),
    ),
    (
        HoldEventRecord,
        lane_store.INSERT_HOLD_EVENTS,
        ("seq", "leg", "hold_id", "group_id", "closes", "expires_at"),
    ),
    (
        ReversalRecord,
        lane_store.INSERT_REVERSALS,
        ("seq", "leg", "original_id", "original_leg"),
    ),
    (ContentRecord, lane_store.INSERT_CONTENTS, ("seq", "salt", "content")),
    (BatchRecord, store.INSERT_BATCHES, ("batch_no", "first_seq", "last_seq", "root")),
)
"""Each other kind of record, the statement that writes a set of it, and its columns in order."""


def _transfer(row: TransferRecord) -> Transfer:
    values = msgspec.structs.astuple(row)
    return Transfer(*values)._replace(amount=int(row.amount))
