"""What a device asks for, before its user, and what becomes of the user's decision."""

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from bezant.identity.authorization import (
    Interaction,
    InteractionOver,
    Interactions,
    LoginTooWeak,
    SessionClients,
    Wanted,
    commit,
    digest,
)
from bezant.identity.clients import DEVICE_GRANT, Client, Clients
from bezant.identity.device_grant import store
from bezant.identity.device_grant.asking import PAGE
from bezant.identity.device_grant.domain import State, decode_wanted
from bezant.identity.grants import GrantService, NewGrant
from bezant.identity.issuers import Issuers
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.identity.logins import Login

    Connection = PoolConnectionProxy[asyncpg.Record]


class _Open(NamedTuple):
    """A device that waits for the user of this browser."""

    client: Client
    wanted: Wanted
    begun_at: "datetime"
    expires_at: "datetime"


class DeviceInteractions:
    """Implements `Interactions` for devices, beside those that clients sent browsers with.

    Args:
        sessions: of browsers, whose ends the clients are told.
        others: those. An identifier is one's or the other's.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        issuers: Issuers,
        clients: Clients,
        grants: GrantService,
        sessions: SessionClients,
        others: Interactions,
    ) -> None:
        self._database = database
        self._clock = clock
        self._issuers = issuers
        self._clients = clients
        self._grants = grants
        self._sessions = sessions
        self._others = others

    async def find(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> Interaction:
        """The interaction, for the browser in which it began. See `Interactions`."""
        try:
            return await self._others.find(tenant_id, interaction_id, browser)
        except InteractionOver:
            found = await self._find(tenant_id, interaction_id, browser)
        wanted = found.wanted
        return Interaction(
            id=interaction_id,
            tenant_id=tenant_id,
            client_id=found.client.id,
            client_name=found.client.name,
            redirect_host=None,
            redirect_source=None,
            scopes=wanted.scopes,
            details=wanted.details,
            acr=wanted.acr,
            max_age_s=wanted.max_age_s,
            prompts=wanted.prompts,
            login_hint=wanted.login_hint,
            granted_until=wanted.until,
            begun_at=found.begun_at,
            expires_at=found.expires_at,
            locales=wanted.locales,
            subject=wanted.subject,
        )

    async def approve(
        self, tenant_id: UUID, interaction_id: UUID, browser: str, login: "Login"
    ) -> str:
        """Grant what the device asks for, once. See `Interactions`."""
        try:
            return await self._others.approve(tenant_id, interaction_id, browser, login)
        except InteractionOver:
            found = await self._find(tenant_id, interaction_id, browser)
        wanted = found.wanted
        if not wanted.is_met_by(login, begun_at=found.begun_at, now=self._clock.now()):
            raise LoginTooWeak("The application asks for a stronger or a newer login.")
        session_id = login.session_id
        assert session_id is not None, "who decides in a browser has logged in there"

        async def work(connection: "Connection") -> None:
            at = self._clock.now()
            client = (tenant_id, session_id, wanted.client_id)
            if not await self._sessions.note(connection, *client, at):
                raise LoginTooWeak("The session has ended: log in again.")
            new = NewGrant(
                client_id=wanted.client_id,
                login=login,
                scopes=frozenset(wanted.scopes),
                details=wanted.details,
                resources=wanted.resources,
                until=wanted.until,
            )
            grant = await self._grants.make(connection, tenant_id, new, at)
            key = (tenant_id, interaction_id, digest(browser), at)
            if await connection.fetchrow(store.DECIDE, *key, State.APPROVED, grant.id) is None:
                raise _over()

        await commit(self._database, work)
        return self._page(tenant_id, "allowed")

    async def refuse(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> str:
        """The user says no: the device hears `access_denied`. See `Interactions`."""
        try:
            return await self._others.refuse(tenant_id, interaction_id, browser)
        except InteractionOver:
            await self._find(tenant_id, interaction_id, browser)

        async def work(connection: "Connection") -> None:
            key = (tenant_id, interaction_id, digest(browser), self._clock.now())
            if await connection.fetchrow(store.DECIDE, *key, State.REFUSED, None) is None:
                raise _over()

        await commit(self._database, work)
        return self._page(tenant_id, "refused")

    async def _find(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> _Open:
        row = await self._database.fetchrow(
            store.FIND_INTERACTION, tenant_id, interaction_id, digest(browser), self._clock.now()
        )
        if row is None:
            raise _over()
        client = await self._clients.find(tenant_id, str(row["client_id"]))
        if client is None or client.disabled_at is not None:
            raise _over()
        if DEVICE_GRANT not in client.grant_types:
            raise _over()
        return _Open(client, decode_wanted(row["wanted"]), row["begun_at"], row["expires_at"])

    def _page(self, tenant_id: UUID, said: str) -> str:
        return f"{self._issuers.of(tenant_id).url}/{PAGE}/{said}"


def _over() -> InteractionOver:
    return InteractionOver("The request was answered, has expired, or is another browser's.")
