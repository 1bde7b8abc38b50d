"""Writing snapshots, beside the postings: one process of all adds blocks where accounts grew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_SWEEP, CommitUnknown, Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.leases import Lease
from bezant.ledger.history.blocks import SHAPE, Shape
from bezant.ledger.history.moments import Axis
from bezant.ledger.history.snapshots import store

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LEASE: Final = timedelta(seconds=30)
"""How long after its last sign of life a process that writes snapshots is waited for."""

TICK: Final = timedelta(seconds=1)
"""How often books are looked for that have grown."""

# A look through a book reads the balances of all of its accounts: it is worth so many new numbers,
# and one more for so many accounts, or the book's coming to rest.
_GROWTH_MIN: Final = 64
_ACCOUNTS_PER_GROWTH: Final = 16
_AT_REST: Final = timedelta(seconds=5)

_BEFORE_ALL: Final = UUID(int=0)
_BOOKS_MAX: Final = 100
_ACCOUNTS_MAX: Final = 100
# What an account may get before others have their turn: a block of level 1 at the most.
_BLOCKS_MAX: Final = 64
# The processor belongs to the postings: a third of one connection's time is enough to keep up with
# more postings than one lane carries out.
_REST_PER_WORK: Final = 2

log = structlog.get_logger("bezant.history")


class Snapshots:
    """Adds blocks to accounts that have many legs without one.

    What a block holds follows from history alone, and who is second with it writes nothing, so that
    the lease only keeps processes from doing the same work. Reads never depend on how far it is.

    Args:
        database: as the application's role.
        clock: tells which books have come to rest.
        ids: names this process.
        shape: how large blocks are.
        rest_per_work: how long it rests for each second of work.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        *,
        shape: Shape = SHAPE,
        rest_per_work: int = _REST_PER_WORK,
    ) -> None:
        self._database = database
        self._clock = clock
        self._shape = shape
        self._rest_per_work = rest_per_work
        self._lease = Lease(database, "history", ids.new(), LEASE)
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Finish the block under way and let another process go on."""
        self._closing.set()
        if self._task is not None:
            await self._task
            try:
                await self._lease.release()
            except Unavailable:
                log.warning("history_lease_not_released")

    async def write(self) -> int:
        """Add what is missing in the books that have grown; how many blocks of level 0 those are.

        Raises:
            Unavailable: the database cannot be asked.
        """
        count = 0
        async for tenant_id, book_id, seq in self._grown_books():
            count += await self.write_book(tenant_id, book_id, seq)
        return count

    async def write_book(self, tenant_id: UUID, book_id: UUID, seq: int) -> int:
        """Add what is missing in a book that was seen at a number; as `write`.

        An account that lacks much gets a part of it, and the book counts as grown until there is no
        such account.
        """
        count, is_whole = 0, True
        after = 0
        while not self._closing.is_set():
            rows = await self._database.fetch(
                store.FIND_UNCOVERED_ACCOUNTS,
                tenant_id,
                book_id,
                after,
                self._shape.block_legs,
                _ACCOUNTS_MAX,
            )
            for row in rows:
                after = row["account_no"]
                try:
                    written = await self._write_account(tenant_id, book_id, after)
                except asyncpg.PostgresError as error:
                    # What is wrong with one account keeps no other waiting; `verify` tells.
                    log.warning(
                        "snapshot_not_written",
                        book=str(book_id),
                        account_no=after,
                        error=type(error).__name__,
                    )
                    continue
                count += written
                is_whole = is_whole and written < _BLOCKS_MAX
            if len(rows) < _ACCOUNTS_MAX:
                break
        if is_whole and not self._closing.is_set():
            await self._database.transaction(
                lambda connection: connection.execute(store.SAVE_PROGRESS, tenant_id, book_id, seq),
                begin=BEGIN_SWEEP,
            )
        return count

    async def _grown_books(self) -> AsyncIterator[tuple[UUID, UUID, int]]:
        """All of them, so that busy ones keep nobody waiting; each with its last number."""
        after = (_BEFORE_ALL, _BEFORE_ALL)
        at_rest = self._clock.now() - _AT_REST
        while rows := await self._database.fetch(
            store.FIND_GROWN_BOOKS, *after, _GROWTH_MIN, _ACCOUNTS_PER_GROWTH, at_rest, _BOOKS_MAX
        ):
            for row in rows:
                yield row["tenant_id"], row["book_id"], row["seq"]
            after = (rows[-1]["tenant_id"], rows[-1]["book_id"])

    async def _write_account(self, tenant_id: UUID, book_id: UUID, account_no: int) -> int:
        """Add an account's next blocks of level 0; how many."""
        loop = asyncio.get_running_loop()
        for count in range(_BLOCKS_MAX):
            if self._closing.is_set():
                return count
            started = loop.time()
            # At READ COMMITTED: what is read is history, which never changes, up to a number that
            # every later snapshot shows as well.
            is_written = await self._database.transaction(
                lambda connection: self._write_block(connection, tenant_id, book_id, account_no),
                begin=BEGIN_SWEEP,
            )
            if not is_written:
                return count
            worked = timedelta(seconds=loop.time() - started)
            await self._rest(worked * self._rest_per_work)
        return _BLOCKS_MAX

    async def _write_block(
        self, connection: "Connection", tenant_id: UUID, book_id: UUID, account_no: int
    ) -> bool:
        """The account's next block of level 0, and those of higher levels that end with it.

        False where there are too few legs for one, or another process was first.
        """
        account = (tenant_id, book_id, account_no)
        last = await connection.fetchrow(store.FIND_LAST_BLOCK, *account)
        after, number, through = (
            (0, 0, 0) if last is None else (last["last_seq"], last["number"] + 1, last["through"])
        )
        end = await connection.fetchrow(
            store.FIND_BLOCK_END, *account, after, self._shape.block_legs
        )
        assert end is not None, "an aggregate has a row"
        if end["legs"] < self._shape.block_legs:
            return False
        seq = end["last_seq"]
        through += await connection.fetchval(store.COUNT_LEGS, *account, after, seq)
        for level, length in self._shape.closed_by(number):
            start = (
                after
                if level == 0
                else await connection.fetchval(store.FIND_BLOCK_START, *account, length)
            )
            size = self._shape.chunk_legs
            tag = await connection.execute(
                store.INSERT_BLOCK, *account, start, level, seq, number // length, through, size
            )
            if tag != "INSERT 0 1":
                if level == 0:
                    return False
                continue  # there is one from here on that was written to another shape
            for axis in Axis:
                await connection.execute(
                    store.INSERT_CHUNKS, *account, start, level, seq, axis, size
                )
        return True

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        renewal, is_holder = loop.time(), False
        while not self._closing.is_set():
            count = 0
            try:
                if loop.time() >= renewal:
                    renewal += LEASE.seconds // 3
                    is_holder = await self._lease.hold()
                if is_holder:
                    count = await self.write()
            except (Unavailable, CommitUnknown, asyncpg.PostgresError) as error:
                log.warning("snapshots_not_written", error=type(error).__name__)
            await self._rest(timedelta() if count else TICK)

    async def _rest(self, length: timedelta) -> None:
        """Wait, unless it is to close."""
        with suppress(TimeoutError):
            async with asyncio.timeout(length.total_seconds()):
                await self._closing.wait()
