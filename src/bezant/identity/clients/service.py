"""Registering, listing and disabling clients, and changing what they prove themselves by."""

import json
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.identity.clients import store
from bezant.identity.clients.domain import Client
from bezant.identity.clients.errors import OAuthClientDisabled, OAuthClientNotFound
from bezant.identity.clients.reading import client_of
from bezant.identity.clients.rules import check_client, check_keys, check_scopes
from bezant.identity.clients.schemas import (
    ClientKeysChange,
    ExchangeRights,
    NewOAuthClient,
    OAuthClient,
    OAuthClients,
    TlsSubject,
)
from bezant.identity.jose import KeyFetcher
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

GrantedScopes = Callable[[Collection[str]], frozenset[str]]
"""What a caller can hand on to a client, by the client's grant types."""

_BEFORE_ALL: Final = UUID(int=0)


class ClientService:
    """A tenant's clients, as its administrators see them. Writes are audited.

    Args:
        database: connected as the application's role.
        fetcher: tells where keys would be fetched.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, fetcher: KeyFetcher) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._fetcher = fetcher

    async def create(
        self, call: Call, new: NewOAuthClient, *, granted: GrantedScopes | None = None
    ) -> Answer:
        """Register a client (201 `OAuthClient`).

        `granted` are the scopes that the caller can hand on, which those of the API may not exceed.
        """
        client_id = self._ids.new()

        async def work(connection: "Connection") -> Answer:
            check_scopes(new.scopes, granted and granted(new.grant_types))
            check_client(new, self._fetcher)
            await insert_client(connection, call.tenant_id, client_id, new, self._clock.now())
            await self._tell(connection, call, "oauth_client.created", client_id)
            return Answer.of(await _find(connection, call.tenant_id, client_id), 201)

        return await once(self._database, self._clock, call, work)

    async def change_keys(
        self,
        call: Call,
        client_id: UUID,
        change: ClientKeysChange,
        *,
        granted: GrantedScopes | None = None,
    ) -> Answer:
        """Replace all that a client proves itself by (200 `OAuthClient`).

        Whoever has the keys has what the client may: `granted` is as for `create`.
        """

        async def work(connection: "Connection") -> Answer:
            client = await _find(connection, call.tenant_id, client_id)
            check_scopes(client.scopes, granted and granted(client.grant_types))
            if client.disabled_at is not None:
                raise OAuthClientDisabled("A disabled client gets no keys.")
            check_keys(client.authentication, client.profile, change, self._fetcher)
            await connection.execute(
                store.CHANGE_KEYS,
                call.tenant_id,
                client_id,
                *_key_columns(change),
                self._clock.now(),
            )
            await self._tell(connection, call, "oauth_client.keys_changed", client_id)
            return Answer.of(await _find(connection, call.tenant_id, client_id))

        return await once(self._database, self._clock, call, work)

    async def disable(self, call: Call, client_id: UUID) -> Answer:
        """Refuse all requests of a client from now on (200 `OAuthClient`); again is no error."""

        async def work(connection: "Connection") -> Answer:
            client = await _find(connection, call.tenant_id, client_id)
            if client.disabled_at is None:
                now = self._clock.now()
                await disable_client(connection, call.tenant_id, client_id, now)
                await self._tell(connection, call, "oauth_client.disabled", client_id)
                client = msgspec.structs.replace(client, disabled_at=now, changed_at=now)
            return Answer.of(client)

        return await once(self._database, self._clock, call, work)

    async def read(self, tenant_id: UUID, client_id: UUID) -> OAuthClient:
        """A client.

        Raises:
            OAuthClientNotFound: unknown, or another tenant's.
        """
        row = await self._database.fetchrow(store.FIND, tenant_id, client_id)
        if row is None:
            raise OAuthClientNotFound("There is no such client.")
        return _client(row, tenant_id)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> OAuthClients:
        """A tenant's clients, oldest first, after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        clients = [_client(row, tenant_id) for row in rows[:limit]]
        return OAuthClients(clients, str(clients[-1].id) if len(rows) > limit else None)

    async def _tell(self, connection: "Connection", call: Call, kind: str, client_id: UUID) -> None:
        subject = f"/v1/oauth-clients/{client_id}"
        row = event(self._ids.new(), kind, subject, self._clock.now(), None)
        await write_rows(connection, call.tenant_id, [row])


async def insert_client(
    connection: "Connection", tenant_id: UUID, client_id: UUID, new: NewOAuthClient, at: datetime
) -> None:
    """Write a client that was checked, within the commit that registers it."""
    await connection.execute(
        store.INSERT,
        tenant_id,
        client_id,
        new.name,
        new.profile.value,
        new.authentication.value,
        new.binding.value,
        list(dict.fromkeys(new.redirect_uris)),
        sorted({*new.grant_types}),
        sorted({*new.scopes}),
        *_key_columns(ClientKeysChange(new.jwks, new.jwks_uri, new.tls_subject)),
        at,
        [] if new.exchange is None else sorted({*new.exchange.audiences}),
        new.exchange is not None and new.exchange.impersonates,
        None if new.backchannel is None else msgspec.json.encode(new.backchannel),
        list(dict.fromkeys(new.post_logout_redirect_uris)),
        new.backchannel_logout_uri,
        new.backchannel_logout_session_required,
    )


async def replace_client(
    connection: "Connection",
    tenant_id: UUID,
    client_id: UUID,
    new: NewOAuthClient,
    *,
    at: datetime,
    seen: datetime,
) -> bool:
    """Write what a client became; whether it still was as it was when it changed last, at `seen`.

    How it authenticates, its profile and what its tokens are bound to stay.
    """
    replaced = await connection.fetchrow(
        store.REPLACE,
        tenant_id,
        client_id,
        new.name,
        list(dict.fromkeys(new.redirect_uris)),
        sorted({*new.grant_types}),
        sorted({*new.scopes}),
        *_key_columns(ClientKeysChange(new.jwks, new.jwks_uri, new.tls_subject)),
        at,
        seen,
    )
    return replaced is not None


async def disable_client(
    connection: "Connection", tenant_id: UUID, client_id: UUID, at: datetime
) -> None:
    """Refuse all requests of a client, from this commit on."""
    await connection.execute(store.DISABLE, tenant_id, client_id, at)


def _key_columns(keys: ClientKeysChange) -> tuple[bytes | str | None, ...]:
    subject = keys.tls_subject
    return (
        None if keys.jwks is None else json.dumps(keys.jwks).encode(),
        keys.jwks_uri,
        None if subject is None else subject.member,
        None if subject is None else subject.value,
    )


async def _find(connection: "Connection", tenant_id: UUID, client_id: UUID) -> OAuthClient:
    row = await connection.fetchrow(store.FIND, tenant_id, client_id)
    if row is None:
        raise OAuthClientNotFound("There is no such client.")
    return _client(row, tenant_id)


def _client(row: "asyncpg.Record", tenant_id: UUID) -> OAuthClient:
    client = client_of(row, tenant_id)
    return OAuthClient(
        id=client.id,
        name=client.name,
        profile=client.profile,
        authentication=client.authentication,
        binding=client.binding,
        redirect_uris=list(client.redirect_uris),
        grant_types=sorted(client.grant_types),
        scopes=sorted(client.scopes),
        jwks=None if client.jwks is None else dict(client.jwks),
        jwks_uri=client.jwks_uri,
        tls_subject=None if client.tls_subject is None else TlsSubject(*client.tls_subject),  # type: ignore[arg-type]  # the database holds members only
        exchange=_exchange_of(client),
        backchannel=client.backchannel,
        post_logout_redirect_uris=list(client.post_logout_redirect_uris),
        backchannel_logout_uri=client.logout_uri,
        backchannel_logout_session_required=row["backchannel_logout_session_required"],
        created_at=client.created_at,
        changed_at=row["changed_at"],
        disabled_at=client.disabled_at,
    )


def _exchange_of(client: Client) -> ExchangeRights | None:
    if not client.exchange_audiences:
        return None
    return ExchangeRights(sorted(client.exchange_audiences), client.impersonates)
