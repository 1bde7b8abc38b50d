"""The grant type of CIBA at the token endpoint (CIBA Core 1.0, sections 10.1 and 11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.identity.authorization import digest
from bezant.identity.backchannel import store
from bezant.identity.backchannel.asking import counted
from bezant.identity.backchannel.domain import ACR, AMR, Kept, context_of_row
from bezant.identity.clients import Client
from bezant.identity.factors import Approvals
from bezant.identity.factors.approvals import ApprovalState
from bezant.identity.factors.errors import ApprovalOver
from bezant.identity.grants import GrantService, NewGrant
from bezant.identity.http import OAuthError
from bezant.identity.logins import Login
from bezant.identity.polling import Pace, Unready
from bezant.identity.sessions import Throttle
from bezant.identity.tokens import PolledFor, Redeemed
from bezant.identity.users import is_active
from bezant.identity.users.notices import audit_done, call_of
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SealedSecret, SecretSealer

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_kept: Final = msgspec.json.Decoder(Kept)


@dataclass(frozen=True, slots=True)
class BackchannelPoller:
    """Implements `Poller`: what a user approved on a device is had once."""

    ids: Ids
    grants: GrantService
    approvals: Approvals
    throttle: Throttle
    sealer: SecretSealer

    @property
    def parameter(self) -> str:
        """See `Poller`."""
        return "auth_req_id"

    async def poll(
        self, connection: "Connection", polled: PolledFor, at: datetime
    ) -> Redeemed | Unready | None:
        """What became of an `auth_req_id`. Where it is used up there is no trace of it."""
        client, id_hash = polled.client, digest(polled.text)
        row = await connection.fetchrow(store.FIND, client.tenant_id, id_hash, client.id)
        if row is None:
            return None
        if row["expires_at"] <= at:
            return Unready(OAuthError("expired_token", "The user did not decide in time."))
        state = await self._state(connection, client.tenant_id, row["approval_id"])
        if state is ApprovalState.ASKED:
            pace, unready = Pace(row["interval_s"], row["polled_at"]).polled(at)
            await connection.execute(
                store.PACE, client.tenant_id, id_hash, pace.interval_s, pace.polled_at
            )
            return unready
        # Who was disabled since is let in no more, whatever they approved.
        is_there = await is_active(connection, client.tenant_id, row["user_id"])
        if state is not ApprovalState.APPROVED or not is_there:
            return _denied()
        return await self._take(connection, client, id_hash, row, at)

    async def _state(
        self, connection: "Connection", tenant_id: UUID, approval_id: UUID | None
    ) -> ApprovalState:
        """What the user decided; who was never asked has not decided."""
        if approval_id is None:
            return ApprovalState.ASKED
        try:
            return await self.approvals.look(connection, tenant_id, approval_id)
        except ApprovalOver:
            return ApprovalState.REFUSED

    async def _take(
        self,
        connection: "Connection",
        client: Client,
        id_hash: bytes,
        row: "asyncpg.Record",
        at: datetime,
    ) -> Redeemed | Unready:
        """Use the request and the approval up, and write down what was granted."""
        tenant_id, user_id = client.tenant_id, row["user_id"]
        context = context_of_row(tenant_id, id_hash)
        kept = _kept.decode(self.sealer.open(SealedSecret(row["sealed"]), context))
        taken = await connection.fetchrow(store.TAKE, tenant_id, id_hash, client.id, at)
        approved_at = await self.approvals.taken_at(
            connection, tenant_id, row["approval_id"], user_id, kept.shown
        )
        if taken is None or approved_at is None:
            return _denied()
        wanted = kept.asked
        new = NewGrant(
            client_id=client.id,
            login=Login(user_id, None, approved_at, ACR, AMR),
            scopes=frozenset(wanted.scopes),
            details=wanted.details,
            resources=wanted.resources,
            until=wanted.until,
        )
        grant = await self.grants.make(connection, tenant_id, new, at)
        await self.throttle.give_back(
            connection, tenant_id, counted(self.throttle, client, user_id)
        )
        call = call_of(self.ids, tenant_id, user_id, "login.backchannel")
        await audit_done(connection, call, at)
        claims = {"acr": {"values": list(wanted.acr_names)}} if wanted.acr_names else {}
        return Redeemed(grant.id, None, claims)


def _denied() -> Unready:
    return Unready(OAuthError("access_denied", "The user declined, or can no longer agree."))
