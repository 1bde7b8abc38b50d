"""Interactions: what the pages show a user, and what becomes of the user's decision."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from bezant.identity.authorization import store
from bezant.identity.authorization.committing import commit
from bezant.identity.authorization.domain import AuthorizationRequest
from bezant.identity.authorization.errors import InteractionOver, LoginTooWeak
from bezant.identity.authorization.giving import Giving
from bezant.identity.authorization.interactions import Interaction
from bezant.identity.authorization.responses import Responses
from bezant.identity.authorization.secrets import SECRET_BYTES, digest, write_secret
from bezant.identity.clients import Client, Clients
from bezant.identity.grants import NewGrant
from bezant.identity.issuers import Issuers
from bezant.identity.logins import Login
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_asked: Final = msgspec.json.Decoder(AuthorizationRequest)


class _Open(NamedTuple):
    """An interaction that waits for its user."""

    client: Client
    asked: AuthorizationRequest
    begun_at: datetime
    expires_at: datetime


class InteractionService:
    """Implements `Interactions`.

    A decision takes the interaction and its pushed request away, in the commit that writes what was
    decided: of any number of decisions about one request, in whichever browser, one counts.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        issuers: Issuers,
        clients: Clients,
        giving: Giving,
        responses: Responses,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._issuers = issuers
        self._clients = clients
        self._giving = giving
        self._responses = responses
        self._random_bytes = random_bytes

    async def find(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> Interaction:
        """The interaction, for the browser that began it. See `Interactions`."""
        found = await self._find(tenant_id, interaction_id, browser)
        asked = found.asked
        return Interaction(
            id=interaction_id,
            tenant_id=tenant_id,
            client_id=found.client.id,
            client_name=found.client.name,
            redirect_host=_host_of(asked.redirect_uri),
            redirect_source=source_of(asked.redirect_uri),
            scopes=asked.scopes,
            details=asked.details,
            acr=asked.acr,
            max_age_s=asked.max_age_s,
            prompts=asked.prompts,
            login_hint=asked.login_hint,
            granted_until=asked.until,
            begun_at=found.begun_at,
            expires_at=found.expires_at,
            locales=asked.locales,
            subject=asked.subject,
        )

    async def approve(
        self, tenant_id: UUID, interaction_id: UUID, browser: str, login: Login
    ) -> str:
        """Grant what was asked, once. See `Interactions`."""
        found = await self._find(tenant_id, interaction_id, browser)
        asked = found.asked
        if not asked.is_met_by(login, begun_at=found.begun_at, now=self._clock.now()):
            raise LoginTooWeak("The application asks for a stronger or a newer login.")
        code = write_secret(self._random_bytes(SECRET_BYTES))
        # Before the commit: where the answer cannot be signed, nothing has been decided.
        url = await self._responses.url(self._issuers.of(tenant_id), asked, {"code": code})

        async def work(connection: "Connection") -> None:
            at = self._clock.now()
            await take(connection, tenant_id, interaction_id, browser, at)
            new = wanted(asked, login)
            if not await self._giving.give(connection, tenant_id, asked, new, code, at):
                raise LoginTooWeak("The session has ended: log in again.")

        await commit(self._database, work)
        return url

    async def refuse(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> str:
        """The user says no: `access_denied`. See `Interactions`."""
        found = await self._find(tenant_id, interaction_id, browser)
        error = {"error": "access_denied", "error_description": "The user declined."}
        url = await self._responses.url(self._issuers.of(tenant_id), found.asked, error)

        async def work(connection: "Connection") -> None:
            await take(connection, tenant_id, interaction_id, browser, self._clock.now())

        await commit(self._database, work)
        return url

    async def _find(self, tenant_id: UUID, interaction_id: UUID, browser: str) -> _Open:
        row = await self._database.fetchrow(
            store.FIND_INTERACTION, tenant_id, interaction_id, digest(browser), self._clock.now()
        )
        if row is None:
            raise _over()
        asked = _asked.decode(row["request"])
        client = await self._clients.find(tenant_id, str(asked.client_id))
        if client is None or client.disabled_at is not None:
            raise _over()
        # A redirect URI that the client has given up since is no place to send a code to.
        if asked.redirect_uri not in client.redirect_uris:
            raise _over()
        return _Open(client, asked, row["begun_at"], row["expires_at"])


def wanted(asked: AuthorizationRequest, login: Login) -> NewGrant:
    """What a request asks for, from who is logged in."""
    return NewGrant(
        client_id=asked.client_id,
        login=login,
        scopes=frozenset(asked.scopes),
        details=asked.details,
        resources=asked.resources,
        until=asked.until,
    )


async def take(
    connection: "Connection", tenant_id: UUID, interaction_id: UUID, browser: str, at: datetime
) -> None:
    """Take an interaction and its request away: of any number of decisions, one does.

    Raises:
        InteractionOver: another did.
    """
    row = await connection.fetchrow(
        store.TAKE_INTERACTION, tenant_id, interaction_id, digest(browser), at
    )
    if row is None:
        raise _over()
    if await connection.fetchrow(store.TAKE_PUSHED, tenant_id, row["uri_hash"]) is None:
        raise _over()


def _host_of(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return parts.netloc or f"{parts.scheme}:"


def source_of(redirect_uri: str) -> str:
    """What a policy of browsers calls it (Content Security Policy Level 3, section 2.3.1)."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _over() -> InteractionOver:
    return InteractionOver("The request was answered, has expired, or is another browser's.")
