"""Device codes: what a device polls with (RFC 8628, sections 3.4 and 3.5)."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.authorization import Wanted, digest
from bezant.identity.device_grant import store
from bezant.identity.device_grant.domain import DeviceAuthorization, State, decode_wanted
from bezant.identity.http import OAuthError
from bezant.identity.polling import Pace, Unready
from bezant.identity.tokens import PolledFor, Redeemed, Spent

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_EXPIRED: Final = "The codes have expired: begin again."
_REFUSED: Final = "The user declined."


class DeviceCodes:
    """Implements `Poller`."""

    parameter = "device_code"

    async def poll(
        self, connection: "Connection", polled: PolledFor, at: datetime
    ) -> Redeemed | Spent | Unready | None:
        """Consume a device code, if its user has agreed. See `Poller`."""
        client, code_hash = polled.client, digest(polled.text)
        row = await connection.fetchrow(store.FIND, client.tenant_id, code_hash, client.id)
        found = None if row is None else _read(row)
        if found is None or found.wanted.confirmation not in (None, polled.confirmation):
            return None
        match found.state:
            case State.REDEEMED:
                assert found.grant_id is not None
                return Spent(found.grant_id)
            case _ if found.is_over(at):
                return Unready(OAuthError("expired_token", _EXPIRED))
            case State.REFUSED:
                return Unready(OAuthError("access_denied", _REFUSED))
            case State.PENDING:
                return await _wait(connection, client.tenant_id, code_hash, found.pace, at)
            case State.APPROVED:
                return await _redeem(connection, client.tenant_id, code_hash, found.wanted)


async def _wait(
    connection: "Connection", tenant_id: UUID, code_hash: bytes, pace: Pace, at: datetime
) -> Unready:
    pace, unready = pace.polled(at)
    await connection.execute(store.SET_PACE, tenant_id, code_hash, pace.interval_s, pace.polled_at)
    return unready


async def _redeem(
    connection: "Connection", tenant_id: UUID, code_hash: bytes, wanted: Wanted
) -> Redeemed:
    """Tokens that are there are given, however soon they are asked for."""
    row = await connection.fetchrow(store.REDEEM, tenant_id, code_hash)
    assert row is not None, "a serializable transaction has read that it is approved"
    return Redeemed(row["grant_id"], wanted.nonce, wanted.id_token_claims)


def _read(row: "asyncpg.Record") -> DeviceAuthorization:
    return DeviceAuthorization(
        state=State(row["state"]),
        wanted=decode_wanted(row["wanted"]),
        grant_id=row["grant_id"],
        pace=Pace(row["interval_s"], row["polled_at"]),
        expires_at=row["expires_at"],
    )
