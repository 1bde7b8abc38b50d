"""Approvals: what a user is asked on a device of theirs, decided there by its key, and used once.

For logins, for CIBA, and for payments that need strong customer authentication.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from msgspec import Struct

from bezant.identity.factors import device_keys
from bezant.identity.factors import devices_store as store
from bezant.identity.factors.errors import (
    ApprovalOver,
    DeviceNotBound,
    ProofRefused,
    TooManyFactors,
)
from bezant.identity.tickets import Kind, TicketOver, Tickets
from bezant.identity.users import is_active
from bezant.identity.users.means import Means
from bezant.identity.users.notices import audit_done, call_of, tell
from bezant.kernel.database import CommitUnknown
from bezant.kernel.errors import Unavailable
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.kernel.telemetry import Sensitive

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

LIFETIME: Final = timedelta(minutes=5)
DEVICES_MAX: Final = 10
SHOWN_BYTES_MAX: Final = 4_096
ASKED_MAX: Final = 5
"""Approvals of one user at a time: nobody is worn down by requests until they approve one."""

LISTING_DRIFT: Final = timedelta(seconds=60)


Heard = Callable[["Connection", UUID, UUID, datetime], Awaitable[None]]
"""Told of a tenant's approval when it is decided, in the commit of the decision."""


async def nobody(
    _connection: "Connection", _tenant_id: UUID, _approval_id: UUID, _at: datetime
) -> None:
    """Nobody waits to be told."""


class ApprovalState(StrEnum):
    """What became of what a user was asked."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


class Approval(Sensitive, Struct, frozen=True):
    """What a user is asked.

    Attributes:
        shown: what the device shows, all of it, before it signs.
    """

    id: UUID
    shown: bytes
    expires_at: datetime


class Approvals:
    """Devices of users, and what is decided on them.

    Args:
        means: where rows, the time, identifiers and chance come from.
        sealer: where goes what is shown.
        heard: is told of decisions.
    """

    def __init__(self, means: Means, sealer: SecretSealer, heard: Heard = nobody) -> None:
        self._database = means.database
        self._clock = means.clock
        self._ids = means.ids
        self._sealer = sealer
        self._heard = heard
        self._tickets = Tickets(means.database)

    async def bind(
        self, tenant_id: UUID, challenge: str, public_key: bytes, signature: bytes
    ) -> UUID:
        """Bind a device that holds the key and was shown the challenge; its identifier.

        Raises:
            ProofRefused: no such kind of key, or it did not sign.
            TicketOver: the challenge was used, or has expired.
            TooManyFactors: the user has as many as one may have.
        """
        message = device_keys.binding_message(tenant_id, challenge)
        if not device_keys.is_signed(public_key, message, signature):
            raise ProofRefused("The key did not sign the challenge.")
        device_id = self._ids.new()

        async def work(connection: "Connection") -> UUID:
            now = self._clock.now()
            asked = await self._tickets.redeem(
                connection, tenant_id, challenge, [Kind.DEVICE_ENROLMENT], now
            )
            user_id = None if asked is None else asked.user_id
            if user_id is None or not await is_active(connection, tenant_id, user_id):
                raise TicketOver("Begin anew.")
            if len(await connection.fetch(store.FIND_KEYS, tenant_id, user_id)) >= DEVICES_MAX:
                raise TooManyFactors(f"A user has at most {DEVICES_MAX} devices.")
            await connection.execute(
                store.INSERT_DEVICE, tenant_id, device_id, user_id, public_key, now
            )
            told = {"factor": "device"}
            await tell(connection, self._ids, tenant_id, user_id, "user.factor_enrolled", now, told)
            await audit_done(
                connection, call_of(self._ids, tenant_id, user_id, "factor.factor_enrolled"), now
            )
            return device_id

        return await self._commit(work)

    async def ask(
        self, tenant_id: UUID, user_id: UUID, shown: bytes, lifetime: timedelta = LIFETIME
    ) -> UUID:
        """Ask a user something on their devices; an event tells that there is something to see.

        Raises:
            DeviceNotBound: the user has none.
            TooManyFactors: the user is being asked too much already.
        """

        async def work(connection: "Connection") -> UUID:
            until = self._clock.now() + lifetime
            return await self.ask_within(connection, tenant_id, user_id, shown, until)

        return await self._commit(work)

    async def ask_within(
        self,
        connection: "Connection",
        tenant_id: UUID,
        user_id: UUID,
        shown: bytes,
        until: datetime,
    ) -> UUID:
        """The same, in another's commit; where it raises, nothing was written."""
        assert len(shown) <= SHOWN_BYTES_MAX, "what is asked does not fit a device"
        approval_id, now = self._ids.new(), self._clock.now()
        sealed = self._sealer.seal(shown, _context(tenant_id, approval_id))
        digest = hashlib.sha256(shown).digest()
        if not await connection.fetch(store.FIND_KEYS, tenant_id, user_id):
            raise DeviceNotBound("The user has no device.")
        asked = await connection.fetch(store.FIND_ASKED, tenant_id, user_id, now)
        if len(asked) >= ASKED_MAX:
            raise TooManyFactors("The user is being asked too much already.")
        await connection.execute(
            store.INSERT_APPROVAL, tenant_id, approval_id, user_id, sealed, digest, now, until
        )
        told = {"approval": str(approval_id)}
        await tell(connection, self._ids, tenant_id, user_id, "user.approval_asked", now, told)
        return approval_id

    async def asked(
        self, tenant_id: UUID, device_id: UUID, unix_s: int, signature: bytes
    ) -> Sequence[Approval]:
        """What a device's user is asked now.

        Args:
            tenant_id: whose device.
            device_id: which.
            unix_s: when the device asked; at most a minute off.
            signature: over all of these.

        Raises:
            DeviceNotBound: unknown, or it did not sign this now.
        """
        device = await self._device(tenant_id, device_id)
        now = self._clock.now()
        message = device_keys.listing_message(tenant_id, device_id, max(unix_s, 0))
        is_now = abs(now.timestamp() - unix_s) <= LISTING_DRIFT.total_seconds()
        if not is_now or not device_keys.is_signed(device["public_key"], message, signature):
            raise DeviceNotBound("There is no such device.")
        rows = await self._database.fetch(store.FIND_ASKED, tenant_id, device["user_id"], now)
        return [
            Approval(
                row["approval_id"],
                self._sealer.open(
                    SealedSecret(row["sealed"]), _context(tenant_id, row["approval_id"])
                ),
                row["expires_at"],
            )
            for row in rows
        ]

    async def decide(
        self,
        tenant_id: UUID,
        approval_id: UUID,
        device_id: UUID,
        signature: bytes,
        *,
        is_approved: bool,
    ) -> None:
        """Decide on a device, once.

        Raises:
            ApprovalOver: unknown, another user's, expired or decided.
            DeviceNotBound: unknown, or it did not sign this decision about what was shown.
        """
        device = await self._device(tenant_id, device_id)
        row = await self._database.fetchrow(store.FIND_APPROVAL, tenant_id, approval_id)
        if row is None or row["user_id"] != device["user_id"]:
            raise _over()
        message = device_keys.decision_message(
            tenant_id, approval_id, row["digest"], is_approved=is_approved
        )
        if not device_keys.is_signed(device["public_key"], message, signature):
            raise DeviceNotBound("There is no such device.")
        state = ApprovalState.APPROVED if is_approved else ApprovalState.REFUSED

        async def work(connection: "Connection") -> None:
            now = self._clock.now()
            used = await connection.execute(store.USE_DEVICE, tenant_id, device_id, now)
            decided = await connection.fetchrow(
                store.DECIDE, tenant_id, approval_id, state, device_id, now
            )
            if decided is None or used != "UPDATE 1":
                raise _over()
            call = call_of(self._ids, tenant_id, device["user_id"], f"approval.{state}")
            await audit_done(connection, call, now)
            await self._heard(connection, tenant_id, approval_id, now)

        await self._commit(work)

    async def state(self, tenant_id: UUID, approval_id: UUID) -> ApprovalState:
        """What became of it, for who waits.

        Raises:
            ApprovalOver: unknown, or expired.
        """
        row = await self._database.fetchrow(store.FIND_APPROVAL, tenant_id, approval_id)
        return self._state(row)

    async def look(
        self, connection: "Connection", tenant_id: UUID, approval_id: UUID
    ) -> ApprovalState:
        """The same, as a transaction sees it."""
        return self._state(await connection.fetchrow(store.FIND_APPROVAL, tenant_id, approval_id))

    async def take(
        self,
        connection: "Connection",
        tenant_id: UUID,
        approval_id: UUID,
        user_id: UUID,
        shown: bytes,
    ) -> bool:
        """Use a user's approval of just this up, in the transaction that it leads to.

        Of many at once, one is approved by it. What was approved for something else is not.
        """
        taken = await self.taken_at(connection, tenant_id, approval_id, user_id, shown)
        return taken is not None

    async def taken_at(
        self,
        connection: "Connection",
        tenant_id: UUID,
        approval_id: UUID,
        user_id: UUID,
        shown: bytes,
    ) -> datetime | None:
        """The same: when it was approved; None where it was not, or is used."""
        now, digest = self._clock.now(), hashlib.sha256(shown).digest()
        taken: datetime | None = await connection.fetchval(
            store.TAKE, tenant_id, approval_id, user_id, digest, now
        )
        return taken

    async def remove_over(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Remove some of a tenant's approvals that expired before an instant."""
        return await self._database.remove(store.DELETE_OVER, tenant_id, before, limit)

    def _state(self, row: "asyncpg.Record | None") -> ApprovalState:
        if row is None or row["expires_at"] <= self._clock.now():
            raise _over()
        return ApprovalState(row["state"])

    async def _device(self, tenant_id: UUID, device_id: UUID) -> "asyncpg.Record":
        row = await self._database.fetchrow(store.FIND_DEVICE, tenant_id, device_id)
        if row is None:
            raise DeviceNotBound("There is no such device.")
        return row

    async def _commit(self, work: "Callable[[Connection], Awaitable[T]]") -> T:
        try:
            return await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Whether it was done is not known: look again.") from error


def _context(tenant_id: UUID, approval_id: UUID) -> bytes:
    return f"identity_approval {tenant_id} {approval_id}".encode()


def _over() -> ApprovalOver:
    return ApprovalOver("It is unknown, expired or decided.")
