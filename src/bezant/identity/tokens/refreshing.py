"""Refresh tokens in the database; a public client's are followed by others."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from bezant.identity.clients import Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.grants import Grant
from bezant.identity.tokens import store
from bezant.identity.tokens.domain import (
    SECRET_BYTES,
    RefreshToken,
    Rotation,
    digest,
    successor_of,
    write_refresh_token,
)

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

PUBLIC_UNUSED_MAX: Final = timedelta(days=30)
"""How long a public client's refresh token waits to be used. Others last as long as their grant."""


class Presented(NamedTuple):
    """What a refresh token that was presented stands for.

    Attributes:
        successor: what its client presents next time; None where it stays the same.
    """

    grant_id: UUID
    rotation: Rotation
    successor: str | None


class RefreshTokens:
    """Refresh tokens, within commits of others."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random_bytes = random_bytes

    async def begin(
        self,
        connection: "Connection",
        client: Client,
        grant: Grant,
        confirmation: Confirmation,
        at: datetime,
    ) -> str:
        """The first refresh token of a grant."""
        text = write_refresh_token(self._random_bytes(SECRET_BYTES))
        jkt = confirmation.jkt if client.is_public else None
        assert (jkt is not None) == client.is_public, "a public client proves a key"
        await _insert(connection, client.tenant_id, text, client.id, grant.id, jkt, at)
        return text

    async def present(
        self,
        connection: "Connection",
        client: Client,
        text: str,
        confirmation: Confirmation,
        at: datetime,
    ) -> Presented | None:
        """Use a refresh token, which is spent by that if its client is public.

        Returns:
            None where it is unknown, expired, another client's, or another key is proven.
        """
        row = await connection.fetchrow(store.FIND_REFRESH, client.tenant_id, digest(text))
        if row is None:
            return None
        token = RefreshToken(**dict(row))
        if token.client_id != client.id or token.jkt not in (None, confirmation.jkt):
            return None
        rotation = token.rotation_at(at)
        if rotation is not Rotation.REUSED and token.is_over(at):
            return None
        successor = None
        if rotation is Rotation.FIRST:
            successor = await self._spend(connection, client.tenant_id, text, token, at)
        elif rotation is Rotation.REPEATED:
            assert token.salt is not None
            successor = successor_of(text, token.salt)
        return Presented(token.grant_id, rotation, successor)

    async def _spend(
        self,
        connection: "Connection",
        tenant_id: UUID,
        text: str,
        token: RefreshToken,
        at: datetime,
    ) -> str:
        salt = self._random_bytes(SECRET_BYTES)
        spent = await connection.fetchrow(store.SPEND_REFRESH, tenant_id, digest(text), at, salt)
        assert spent is not None, "a serializable transaction has read that it is not spent"
        successor = successor_of(text, salt)
        await _insert(
            connection, tenant_id, successor, token.client_id, token.grant_id, token.jkt, at
        )
        return successor


async def _insert(
    connection: "Connection",
    tenant_id: UUID,
    text: str,
    client_id: UUID,
    grant_id: UUID,
    jkt: str | None,
    at: datetime,
) -> None:
    expires_at = None if jkt is None else at + PUBLIC_UNUSED_MAX
    await connection.execute(
        store.INSERT_REFRESH, tenant_id, digest(text), client_id, grant_id, jkt, at, expires_at
    )
