"""Pushed authorization requests (RFC 9126): a client says what it wants before any browser moves.

So everything about a request is checked while its sender is known to be the client, and what the
browser carries later is a reference that says nothing and that nobody can change.
"""

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from bezant.identity.authorization import store
from bezant.identity.authorization.committing import commit
from bezant.identity.authorization.domain import PUSHED_FOR, AuthorizationRequest
from bezant.identity.authorization.objects import RequestObjects
from bezant.identity.authorization.parameters import Parameters, RequestReader
from bezant.identity.authorization.secrets import SECRET_BYTES, digest, write_secret
from bezant.identity.clients import Client, ClientAuthenticator, Profile
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.proofs import DpopVerifier
from bezant.identity.tokens import proven
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
"""RFC 9126, section 2.2."""

CODE_GRANT: Final = "authorization_code"

_SIGNED: Final = frozenset({Profile.FAPI2_MESSAGE_SIGNING, Profile.FAPI1_ADVANCED})
_BESIDE_AN_OBJECT: Final = frozenset(
    {"request", "client_id", "client_assertion", "client_assertion_type"}
)


class PushedRequests:
    """The endpoint that requests are pushed to."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        clients: ClientAuthenticator,
        proofs: DpopVerifier,
        objects: RequestObjects,
        reader: RequestReader,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._clients = clients
        self._proofs = proofs
        self._objects = objects
        self._reader = reader
        self._random_bytes = random_bytes

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST {issuer}/par`."""
        client = (await self._clients.authenticate(request)).client
        if CODE_GRANT not in client.grant_types:
            raise OAuthError("unauthorized_client", "The client does not use authorization codes.")
        if "request_uri" in request.form:
            raise OAuthError("invalid_request", "A request_uri cannot be pushed.")
        key = await proven(request, client, self._proofs)
        given = await self._given(request, client)
        asked = await self._reader.read(request.issuer, client, given, key)
        uri = await self._keep(client, asked)
        members = {"request_uri": uri, "expires_in": int(PUSHED_FOR.total_seconds())}
        return ProtocolAnswer.json(HTTPStatus.CREATED, members)

    async def _given(self, request: ProtocolRequest, client: Client) -> Parameters:
        form = request.form
        signed = form.get("request")
        if signed is None:
            if client.profile in _SIGNED:
                raise OAuthError(
                    "invalid_request", "The profile of the client asks for a request object."
                )
            return Parameters(form, form.every("resource"))
        # RFC 9126, section 3: nothing but what authenticates the client stands beside it.
        if not _BESIDE_AN_OBJECT.issuperset(form):
            raise OAuthError(
                "invalid_request", "Parameters are in the request object or outside, not both."
            )
        return Parameters(await self._objects.read(request.issuer, client, signed))

    async def _keep(self, client: Client, asked: AuthorizationRequest) -> str:
        uri = URI_PREFIX + write_secret(self._random_bytes(SECRET_BYTES))
        key, text, now = digest(uri), msgspec.json.encode(asked), self._clock.now()

        async def work(connection: "Connection") -> None:
            await connection.execute(
                store.INSERT_PUSHED,
                client.tenant_id,
                key,
                client.id,
                text,
                now,
                now + PUSHED_FOR,
            )

        await commit(self._database, work)
        return uri
