"""The backchannel authentication endpoint (CIBA Core 1.0, section 7)."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.authorization import SECRET_BYTES, commit, digest, write_secret
from bezant.identity.backchannel import store
from bezant.identity.backchannel.domain import (
    OF_CLIENT_MAX,
    OF_USER_MAX,
    AskedFor,
    Kept,
    context_of_row,
)
from bezant.identity.backchannel.hints import Hints
from bezant.identity.backchannel.reading import Reader, hint_of
from bezant.identity.backchannel.signed import SignedRequests
from bezant.identity.clients import CIBA, Client, ClientAuthenticator, Delivery
from bezant.identity.factors import Approvals
from bezant.identity.factors.errors import DeviceNotBound, TooManyFactors
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.polling import INTERVAL_S
from bezant.identity.sessions import Counted, Throttle
from bezant.identity.sessions.errors import TooManyAttempts
from bezant.identity.users import Means, is_active
from bezant.identity.users.notices import audit_done, call_of
from bezant.kernel.sealing import SecretSealer

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

FREE: Final = 5
"""Requests of one client at one user that may stay unanswered before further ones have to wait."""

_NOBODY: Final = UUID(int=0)


class BackchannelAnswer(Struct, frozen=True):
    """A request was taken (section 7.3), whether or not there is anybody to ask."""

    auth_req_id: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class BackchannelEndpoint:
    """Takes requests, and has users asked on their devices.

    A hint that fits nobody, a user who is disabled and one without a device get the same answer,
    and are never asked: to the client it is somebody who does not react.
    """

    means: Means
    clients: ClientAuthenticator
    signed: SignedRequests
    reader: Reader
    hints: Hints
    approvals: Approvals
    throttle: Throttle
    sealer: SecretSealer

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST {issuer}/bc-authorize`."""
        client = (await self.clients.authenticate(request)).client
        if CIBA not in client.grant_types or client.backchannel is None:
            raise OAuthError("unauthorized_client", "The client does not ask users on devices.")
        given = await self.signed.read(request.issuer, client, request.form)
        hint = hint_of(given)
        asked = await self.reader.read(request.issuer, client, given)
        user_id = await self.hints.user(request.issuer, client, *hint)
        # Before anybody is asked, and given back when they approve: who does not want to is soon
        # left alone by this client, and by no other client on its account.
        await self.throttle.take(client.tenant_id, counted(self.throttle, client, user_id))
        auth_req_id = await self._keep(client, user_id, asked)
        expires_in = int(asked.lifetime.total_seconds())
        return ProtocolAnswer.json(200, BackchannelAnswer(auth_req_id, expires_in, INTERVAL_S))

    async def _keep(self, client: Client, user_id: UUID, asked: AskedFor) -> str:
        assert client.backchannel is not None, "it was looked at"
        auth_req_id = write_secret(self.means.random_bytes(SECRET_BYTES))
        id_hash, delivery = digest(auth_req_id), client.backchannel.token_delivery_mode
        kept = Kept(
            asked=asked,
            shown=asked.shown_for(client),
            auth_req_id=auth_req_id if delivery is Delivery.PING else None,
        )
        sealed = self.sealer.seal(
            msgspec.json.encode(kept), context_of_row(client.tenant_id, id_hash)
        )

        async def work(connection: "Connection") -> None:
            now = self.means.clock.now()
            await self._require_room(connection, client, user_id, now)
            approval_id = await self._ask(connection, client, user_id, kept, now)
            await connection.execute(
                store.INSERT, client.tenant_id, id_hash, client.id, user_id, approval_id,
                delivery, sealed, INTERVAL_S, now, now + asked.lifetime,
            )  # fmt: skip
            call = call_of(self.means.ids, client.tenant_id, None, "backchannel.asked")
            resource = f"/v1/oauth-clients/{client.id}"
            call = msgspec.structs.replace(call, actor=f"client:{client.id}", resource=resource)
            await audit_done(connection, call, now)

        await commit(self.means.database, work)
        return auth_req_id

    async def _require_room(
        self, connection: "Connection", client: Client, user_id: UUID, now: datetime
    ) -> None:
        """Refuse what would be too much for one user, who may be nobody, at a time."""
        rows = await connection.fetch(store.FIND_OF_USER, client.tenant_id, user_id, now)
        own = [row["expires_at"] for row in rows if row["client_id"] == client.id]
        ends = own if len(own) >= OF_CLIENT_MAX else [row["expires_at"] for row in rows]
        if ends is own or len(rows) >= OF_USER_MAX:
            raise TooManyAttempts(
                "The user is being asked enough already.",
                retry_after_s=ceil((min(ends) - now).total_seconds()),
            )

    async def _ask(
        self, connection: "Connection", client: Client, user_id: UUID, kept: Kept, now: datetime
    ) -> UUID | None:
        """Ask whoever can be asked. Nobody is looked for as well: it takes as long."""
        is_there = await is_active(connection, client.tenant_id, user_id)
        try:
            return await self.approvals.ask_within(
                connection,
                client.tenant_id,
                user_id if is_there else _NOBODY,
                kept.shown,
                now + kept.asked.lifetime,
            )
        except (DeviceNotBound, TooManyFactors):
            return None


def counted(throttle: Throttle, client: Client, user_id: UUID) -> Counted:
    """A client's requests at a user, whichever hint names them."""
    return Counted(throttle.digest("backchannel", f"{client.id} {user_id}"), FREE)
