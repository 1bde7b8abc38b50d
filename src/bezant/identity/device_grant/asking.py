"""The device authorization endpoint (RFC 8628, section 3.1)."""

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bezant.identity.authorization import (
    SECRET_BYTES,
    Parameters,
    RequestReader,
    Wanted,
    commit,
    digest,
    write_secret,
)
from bezant.identity.clients import DEVICE_GRANT, Client, ClientAuthenticator
from bezant.identity.device_grant import store
from bezant.identity.device_grant.domain import VALID, encode_wanted
from bezant.identity.device_grant.user_codes import UserCodes, write_user_code
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.polling import INTERVAL_S
from bezant.identity.proofs import DpopVerifier
from bezant.identity.tokens import proven
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

PAGE: Final = "device"
"""Where users type codes, below the issuer."""

_DRAWS_MAX: Final = 5
_OBJECTS: Final = ("request", "request_uri")


class DeviceAnswer(Struct, frozen=True):
    """What the device goes on with (RFC 8628, section 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceAuthorizationEndpoint:
    """Takes what devices ask for, which is checked as a pushed request is."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        clients: ClientAuthenticator,
        proofs: DpopVerifier,
        reader: RequestReader,
        codes: UserCodes,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._clients = clients
        self._proofs = proofs
        self._reader = reader
        self._codes = codes
        self._random_bytes = random_bytes

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST {issuer}/device_authorization`."""
        client = (await self._clients.authenticate(request)).client
        if DEVICE_GRANT not in client.grant_types:
            raise OAuthError("unauthorized_client", "The client does not use device codes.")
        if any(name in request.form for name in _OBJECTS):
            raise OAuthError("request_not_supported", "Devices ask without request objects.")
        given = Parameters(request.form, request.form.every("resource"))
        key = await proven(request, client, self._proofs)
        wanted = await self._reader.wanted(request.issuer, client, given, key)
        device_code = write_secret(self._random_bytes(SECRET_BYTES))
        user_code = write_user_code(await self._keep(client, device_code, wanted))
        page = f"{request.issuer.url}/{PAGE}"
        answer = DeviceAnswer(
            device_code=device_code,
            user_code=user_code,
            verification_uri=page,
            verification_uri_complete=f"{page}?user_code={user_code}",
            expires_in=int(VALID.total_seconds()),
            interval=INTERVAL_S,
        )
        return ProtocolAnswer.json(HTTPStatus.OK, answer)

    async def _keep(self, client: Client, device_code: str, wanted: Wanted) -> str:
        """Write it down under a user code that no other device has."""
        for _ in range(_DRAWS_MAX):
            code = self._codes.draw()
            if await self._insert(client, device_code, code, wanted):
                return code
        raise Unavailable("There is no code left to give.")

    async def _insert(
        self, client: Client, device_code: str, user_code: str, wanted: Wanted
    ) -> bool:
        now = self._clock.now()

        async def work(connection: "Connection") -> bool:
            row = await connection.fetchrow(
                store.INSERT,
                client.tenant_id,
                digest(device_code),
                self._codes.digest(user_code),
                client.id,
                encode_wanted(wanted),
                INTERVAL_S,
                now,
                now + VALID,
            )
            return row is not None

        return await commit(self._database, work)
