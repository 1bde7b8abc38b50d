"""Revocation by the client (RFC 7009)."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.clients import Client, ClientAuthenticator
from bezant.identity.grants import GrantService
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.issuers import Endpoint
from bezant.identity.tokens import store
from bezant.identity.tokens.access import AccessTokens, InvalidAccessToken
from bezant.identity.tokens.domain import PREFIX, digest
from bezant.identity.tokens.standing import TokenStandings
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class RevocationEndpoint:
    """Ends an access token alone; a refresh token with its grant and all that came of it."""

    def __init__(
        self,
        clients: ClientAuthenticator,
        access: AccessTokens,
        standings: TokenStandings,
        grants: GrantService,
        database: Database,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._clients = clients
        self._access = access
        self._standings = standings
        self._grants = grants
        self._database = database
        self._clock = clock
        self._ids = ids

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST {issuer}/revoke`. What is unknown or over is as good as revoked."""
        client = (await self._clients.authenticate(request)).client
        token = request.form.required("token")
        try:
            # The text tells which it is; the hint of the request is not needed.
            if token.startswith(PREFIX):
                await self._revoke_refresh(client, token)
            else:
                await self._revoke_access(request, client, token)
        except CommitUnknown as error:
            raise Unavailable("Whether it was revoked is not known; do it again.") from error
        self._standings.forget_all()
        return ProtocolAnswer.empty(200)

    async def _revoke_access(self, request: ProtocolRequest, client: Client, token: str) -> None:
        try:
            claims = await self._access.read(request.issuer, token)
        except InvalidAccessToken:
            return
        _require_own(client, claims.client_id)

        async def work(connection: "Connection") -> None:
            at = self._clock.now()
            await connection.execute(
                store.REVOKE_ACCESS, client.tenant_id, digest(claims.jti), client.id, at
            )
            await self._audit(connection, client, at)

        await self._database.transaction(work)

    async def _revoke_refresh(self, client: Client, token: str) -> None:
        async def work(connection: "Connection") -> None:
            row = await connection.fetchrow(store.FIND_REFRESH, client.tenant_id, digest(token))
            if row is None:
                return
            _require_own(client, row["client_id"])
            at = self._clock.now()
            await self._grants.end(connection, client.tenant_id, row["grant_id"], at)
            await self._audit(connection, client, at)

        await self._database.transaction(work)

    async def _audit(self, connection: "Connection", client: Client, at: datetime) -> None:
        actor = f"client:{client.id}"
        resource = f"/id/{client.tenant_id}/{Endpoint.REVOCATION}"
        call = Call(self._ids.new(), client.tenant_id, actor, "token.revoke", resource, "http")
        rows = audit.entry(call, Answer(200, b""), at)
        await write_rows(connection, client.tenant_id, rows)


def _require_own(client: Client, client_id: UUID) -> None:
    if client_id != client.id:
        raise OAuthError("invalid_grant", "The token was issued to another client.")
