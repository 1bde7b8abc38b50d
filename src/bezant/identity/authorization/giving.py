"""What a decision writes: the client in the session's list, the grant, and the code."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.authorization.codes import Codes
from bezant.identity.authorization.domain import AuthorizationRequest
from bezant.identity.authorization.ports import SessionClients
from bezant.identity.grants import Grant, GrantService, NewGrant

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class Giving:
    """Gives what was decided, within the commit of the decision."""

    def __init__(self, grants: GrantService, codes: Codes, sessions: SessionClients) -> None:
        self._grants = grants
        self._codes = codes
        self._sessions = sessions

    async def give(
        self,
        connection: "Connection",
        tenant_id: UUID,
        asked: AuthorizationRequest,
        new: NewGrant,
        code: str,
        at: datetime,
    ) -> bool:
        """Whether it was given: not, if the session of the login has ended meanwhile."""
        session_id = new.login.session_id
        assert session_id is not None, "who decides in a browser has logged in there"
        if not await self._sessions.note(connection, tenant_id, session_id, asked.client_id, at):
            return False
        grant = await self._grants.make(connection, tenant_id, new, at)
        await self._codes.issue(connection, tenant_id, code, asked, grant.id, at)
        return True

    async def covering(
        self, connection: "Connection", tenant_id: UUID, new: NewGrant, at: datetime
    ) -> Grant | None:
        """The consent that covers a grant to come."""
        return await self._grants.covering(connection, tenant_id, new, at)
