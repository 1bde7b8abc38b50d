"""The lanes of a process: which book is written here, which elsewhere, and the way there."""

import asyncio
import os
import random
import socket
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, DatabaseUnavailable, TooContended
from bezant.kernel.errors import Busy, Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import LANE_TAKEOVERS
from bezant.ledger.errors import BookBehindCheckpoint, BookNotFound, LaneElsewhere, OutcomeUnknown
from bezant.ledger.lane import store
from bezant.ledger.lane.commits import Grew, told_nobody
from bezant.ledger.lane.expiry import ExpireHolds
from bezant.ledger.lane.joint import JointCommit, JointRider
from bezant.ledger.lane.lane import Lane
from bezant.ledger.lane.peers import PeerClient, PeerGone, PeerServer, PeerSilent
from bezant.ledger.lane.reader import head_of, load_book
from bezant.ledger.lane.rider import Rider
from bezant.ledger.lane.watch import BookKey, Watching
from bezant.ledger.lane.writer import LEASE, LaneLost

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

ROUTE_TIMEOUT_S: Final = 25.0
"""How long a rider looks for a lane: longer than a stopped holder's session and lease."""

LANES_HELD_MAX: Final = 2_000
"""Lanes of a process; beyond, the one longest idle is let go, and taken again when it is needed."""

_PAUSE_S_MAX: Final = 0.05

_EXPIRY_LOOK_S_MIN: Final = 0.5
_EXPIRY_LOOK_S_MAX: Final = 1.0
_EXPIRY_BOOKS_MAX: Final = 100
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_NIL: Final = UUID(int=0)


class Gatekeeper(Protocol):
    """Knows which books may not be written now."""

    async def admit(self, tenant_id: UUID, book_id: UUID) -> None:
        """Let a book's lane be taken.

        Raises:
            BookBehindCheckpoint: its writes have to wait for an operator.
        """
        ...


class Lanes:
    """Sends riders to the lane of their book, wherever it is.

    The first process that needs a book takes its lane; the others send riders there over a local
    socket. A lane is taken over when its holder's socket refuses (the process has ended), or when
    the holder is silent past its lease. The lease is for liveness alone: what keeps two holders
    from both writing is the compare-and-set on the lane's epoch and version.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        run_folder: Path,
        watching: Watching,
        *,
        grew: Grew = told_nobody,
        gatekeeper: Gatekeeper | None = None,
        token: str = "",
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._grew = grew
        self._gatekeeper = gatekeeper
        self._server = PeerServer(
            run_folder / f"lane-{watching.tag}{ids.new().hex[-12:]}.sock", self._submit_here, token
        )
        self._watching = watching
        self._lanes: dict[BookKey, Lane] = {}
        # Gone with the last who waits: books that do not exist leave nothing behind.
        self._locating: WeakValueDictionary[BookKey, asyncio.Lock] = WeakValueDictionary()
        self._peers: dict[str, PeerClient] = {}
        self._token = token
        self._jitter = random.Random()  # noqa: S311 - not a secret
        self._is_closing = asyncio.Event()
        self._expiring: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen for other processes of this machine, and look after holds of quiet books."""
        await self._server.start()
        self._expiring = asyncio.create_task(self._keep_expiring(), name="hold expiry")

    async def close(self) -> None:
        """Finish what waits."""
        self._is_closing.set()
        if self._expiring is not None:
            await self._expiring
        await self._server.close()
        for lane in list(self._lanes.values()):
            await lane.close()
        for peer in self._peers.values():
            await peer.close()

    async def submit_jointly(self, tenant_id: UUID, rider: JointRider, call: Call) -> Answer:
        """Have a rider carried out in several books, in one commit.

        Lanes that other processes of this machine hold are taken from them: what they have in
        flight commits before, or comes here.

        Raises:
            BookNotFound: the tenant lacks one of the books.
            Unavailable: nothing was done, or a repeat with the same key is safe and tells.
        """
        call = _with_key(call)
        keys = [(tenant_id, book_id) for book_id in sorted(rider.reads())]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ROUTE_TIMEOUT_S
        while loop.time() < deadline:
            with suppress(LaneLost):
                lanes = [await self._seize(key) for key in keys]
                commit = JointCommit(self._database, self._clock, self._ids, lanes, call)
                try:
                    return await commit.carry_out(rider)
                except (CommitUnknown, DatabaseUnavailable) as error:
                    raise LaneLost from error
            for key in keys:
                self._drop(key)
            await asyncio.sleep(self._jitter.uniform(0, _PAUSE_S_MAX))
        raise OutcomeUnknown("The books' lanes could not be had; repeat it with the same key.")

    async def submit(self, tenant_id: UUID, book_id: UUID, rider: Rider, call: Call) -> Answer:
        """Have a rider carried out, once, and durable when this returns.

        Raises:
            BookNotFound: the tenant has no such book.
            BookBehindCheckpoint: an operator has to decide first.
            Busy: too much waits for the book.
            Unavailable: nothing was done, or a repeat with the same key is safe and tells.
        """
        call = _with_key(call)
        key = (tenant_id, book_id)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ROUTE_TIMEOUT_S
        gone = silent = None
        while loop.time() < deadline:
            try:
                lane = self._lanes.get(key) or await self._locate(key, gone, silent)
                if isinstance(lane, Lane):
                    if key in self._lanes:
                        self._lanes[key] = self._lanes.pop(key)  # the most recent stand last
                    return await lane.submit(rider, call)
                return await self._peer(lane).ask(tenant_id, book_id, rider, call)
            except LaneLost:
                self._drop(key)
                await asyncio.sleep(self._jitter.uniform(0, _PAUSE_S_MAX))
            except PeerGone as error:
                gone = str(error)
                self._peers.pop(gone, None)
            except PeerSilent as error:
                silent = str(error)
        raise OutcomeUnknown(
            "No process took the request for certain; repeat it with the same key."
        )

    async def adopt(self, key: BookKey) -> None:
        """Take the lane of a book if its holder has ended, or it never had one.

        For readers, whose cache serves a book only while somebody holds it. What is alive elsewhere
        keeps its lane.

        Raises:
            BookNotFound: the tenant has no such book.
            DatabaseUnavailable: as it says.
        """
        async with self._locating.setdefault(key, asyncio.Lock()):
            row = await self._database.fetchrow(store.FIND_HOLDER, *key)
            if row is None:
                raise BookNotFound(f"No book {key[1]}.")
            host, _, path = row["holder"].partition(":")
            has_ended = host == socket.gethostname() and not os.path.exists(path)  # noqa: ASYNC240, PTH110 - a look, on this machine
            if key not in self._lanes and (not host or has_ended):
                # Somebody else was first, or nobody may write it; who reads goes on.
                with suppress(LaneLost, BookBehindCheckpoint):
                    await self._take(key, row)

    async def _submit_here(
        self, tenant_id: UUID, book_id: UUID, rider: Rider, call: Call
    ) -> Answer:
        """Carry out what another process sent, if this one is the holder."""
        key = (tenant_id, book_id)
        lane = self._lanes.get(key) or await self._locate(key, None, None)
        if not isinstance(lane, Lane):
            raise LaneLost
        try:
            return await lane.submit(rider, call)
        except LaneLost:
            self._drop(key)
            raise

    async def expire_holds(self) -> None:
        """Have the lanes of books with holds that are over look at them.

        A book that is busy does so by itself: every batch begins with it. One that cannot be
        served now stays due, and holds up none of those behind it.

        Raises:
            DatabaseUnavailable: nothing can be done now.
        """
        at, after = self._clock.now(), (_EARLIEST, _NIL, _NIL)
        while due := await self._database.fetch(
            store.FIND_DUE_BOOKS, at, *after, _EXPIRY_BOOKS_MAX
        ):
            await self._expire_holds_of(due)
            after = (due[-1]["next_expiry"], due[-1]["tenant_id"], due[-1]["book_id"])

    async def _expire_holds_of(self, due: "Iterable[asyncpg.Record]") -> None:
        for row in due:
            call = Call(
                id=self._ids.new(),
                tenant_id=row["tenant_id"],
                actor="platform",
                action="hold.expire",
                resource=f"/v1/books/{row['book_id']}",
                origin="job",
            )
            with suppress(Busy, Unavailable):  # it is looked at again
                await self.submit(row["tenant_id"], row["book_id"], ExpireHolds(), call)

    async def _keep_expiring(self) -> None:
        while not self._is_closing.is_set():
            pause = self._jitter.uniform(_EXPIRY_LOOK_S_MIN, _EXPIRY_LOOK_S_MAX)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_closing.wait(), pause)
                return
            with suppress(DatabaseUnavailable):
                await self.expire_holds()

    def _drop(self, key: BookKey) -> None:
        lane = self._lanes.get(key)
        if lane is not None and lane.is_lost:
            del self._lanes[key]

    def _peer(self, path: str) -> PeerClient:
        return self._peers.setdefault(path, PeerClient(path, self._token))

    async def _locate(self, key: BookKey, gone: str | None, silent: str | None) -> Lane | str:
        """The lane, taken if it is free; else the socket of the process that holds it."""
        locating = self._locating.setdefault(key, asyncio.Lock())
        async with locating:
            if key in self._lanes:
                return self._lanes[key]
            row = await self._database.fetchrow(store.FIND_HOLDER, *key)
            if row is None:
                raise BookNotFound(f"No book {key[1]}.")
            host, _, path = row["holder"].partition(":")
            is_mine = row["holder"] in {"", self._server.address}
            if not is_mine and host != socket.gethostname():
                if row["is_leased"]:
                    raise LaneElsewhere("Another machine is writing this book.")
            elif not is_mine and path != gone and (row["is_leased"] or path != silent):
                return str(path)
            return await self._take(key, row)

    async def _seize(self, key: BookKey) -> Lane:
        """The lane, taken even from another process of this machine."""
        found = self._lanes.get(key) or await self._locate(key, None, None)
        while not isinstance(found, Lane):
            found = await self._locate(key, gone=found, silent=None)
        return found

    async def _take(self, key: BookKey, found: "asyncpg.Record") -> Lane:
        async def take(connection: "PoolConnectionProxy[asyncpg.Record]") -> "asyncpg.Record":
            row = await connection.fetchrow(
                store.TAKE, *key, found["epoch"], self._server.address, LEASE
            )
            if row is None:
                raise LaneLost
            return row

        if self._gatekeeper is not None:
            await self._gatekeeper.admit(*key)
        announced = self._watching.announce(
            key, found["epoch"] + 1, self._server.address, found["accounts"]
        )
        try:
            row = await self._database.transaction(take)
            LANE_TAKEOVERS.inc()
            book = await load_book(self._database, *key, head_of(row))
            book.watch = await announced.taken(found["holder"], row["seq"])
        except (CommitUnknown, TooContended) as error:
            # Who stopped within a batch may keep the row locked for longer than a wait lasts.
            announced.failed()
            raise LaneLost from error
        except BaseException:
            announced.failed()
            raise
        lane = Lane(self._database, self._clock, self._ids, book, grew=self._grew)
        self._lanes[key] = lane
        await self._let_go(key)
        return lane

    async def _let_go(self, needed: BookKey) -> None:
        """Keep the number of lanes within its limit, as far as idle ones allow."""
        idle = (key for key, lane in self._lanes.items() if lane.is_idle and key != needed)
        for key in list(islice(idle, max(0, len(self._lanes) - LANES_HELD_MAX))):
            lane = self._lanes.pop(key)
            await lane.close()
            lane.watch.end()


def _with_key(call: Call) -> Call:
    """Sent twice after a fault, a call must still be carried out once: by a key, at least ours."""
    if call.idempotency_key is not None:
        return call
    return msgspec.structs.replace(call, idempotency_key=f"call:{call.id}")
