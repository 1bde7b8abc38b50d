"""How browser sessions end: in one commit here, and in the queue of those who have to be told.

A session's row and the rows of its clients are read and written by whatever logs a client in and by
whatever ends the session, in serializable transactions. So a client is either noted before the end,
and told of it, or does not get its code.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.logout import store
from bezant.identity.logout.telling import TELL, Ended
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.ids import Ids
from bezant.kernel.sessions import Sessions

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

KEPT: Final = timedelta(days=30)
"""How long after its login a client is told that the session has ended."""

_NONE: Final = UUID(int=0)


class SessionClients:
    """Which clients a browser's session logged into."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note(
        self,
        connection: "Connection",
        tenant_id: UUID,
        session_id: UUID,
        client_id: UUID,
        at: datetime,
    ) -> bool:
        """Write down a client in the commit that logs into it; False if the session has ended."""
        if await connection.fetchrow(store.FIND_STANDING, tenant_id, session_id) is None:
            return False
        await connection.execute(store.NOTE, tenant_id, session_id, client_id, at)
        return True

    async def remove_old(self, tenant_id: UUID, limit: int) -> int:
        """Remove some that no end is told to any more."""
        before = self._clock.now() - KEPT
        return await self._database.remove(store.DELETE_OLD, tenant_id, before, limit)


class Endings:
    """Ends sessions within others' commits.

    A session that was idle for too long has not ended in this sense: its clients go on by
    themselves, and are told once somebody ends it.
    """

    def __init__(self, ids: Ids, sessions: Sessions) -> None:
        self._ids = ids
        self._sessions = sessions

    async def end(
        self, connection: "Connection", call: Call, sessions: Collection[UUID], at: datetime
    ) -> list[UUID]:
        """End sessions, by their `sid`; what is to be forgotten after the commit."""
        rows = await connection.fetch(store.END, call.tenant_id, list(sessions), at)
        await self._tell(connection, call.tenant_id, rows, at)
        return await self._sessions.end(connection, call, [row["token_id"] for row in rows], at)

    async def end_others(
        self, connection: "Connection", call: Call, user_id: UUID, session_id: UUID, at: datetime
    ) -> list[UUID]:
        """The same for all sessions of a user but one."""
        rows = await self._end_of(connection, call, user_id, session_id, at)
        return await self._sessions.end(connection, call, [row["token_id"] for row in rows], at)

    async def end_all(
        self, connection: "Connection", call: Call, user_id: UUID, subject: str, at: datetime
    ) -> list[UUID]:
        """The same for all of a user, those among them that are only just being opened."""
        await self._end_of(connection, call, user_id, _NONE, at)
        return await self._sessions.end_all(connection, call, subject, at)

    async def forget(self, tenant_id: UUID, ended: Collection[UUID]) -> None:
        """Once it is committed: have every process know soon."""
        await self._sessions.forget(tenant_id, ended)

    async def _end_of(
        self, connection: "Connection", call: Call, user_id: UUID, but: UUID, at: datetime
    ) -> Sequence["asyncpg.Record"]:
        rows = await connection.fetch(store.END_OF_USER, call.tenant_id, user_id, at, but)
        await self._tell(connection, call.tenant_id, rows, at)
        return rows

    async def _tell(
        self,
        connection: "Connection",
        tenant_id: UUID,
        ended: Sequence["asyncpg.Record"],
        at: datetime,
    ) -> None:
        """A job for each client of each session that wants to know."""
        users = {row["session_id"]: row["user_id"] for row in ended}
        if not users:
            return
        taken = await connection.fetch(store.TAKE_CLIENTS, tenant_id, list(users))
        clients = list({row["client_id"] for row in taken})
        rows = await connection.fetch(store.FIND_TOLD, tenant_id, clients)
        wanting = {row["client_id"] for row in rows}
        jobs = [
            TELL.row(
                self._ids.new(),
                tenant_id,
                Ended(row["session_id"], users[row["session_id"]], row["client_id"]),
                at=at,
            )
            for row in taken
            if row["client_id"] in wanting
        ]
        await write_rows(connection, tenant_id, jobs)
