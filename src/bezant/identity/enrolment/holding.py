"""Users as what is kept of a person: in the person's export; in the erasure, let in no more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.enrolment import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_FORGOTTEN: Final = (
    store.DELETE_PASSWORDS,
    store.DELETE_TOTP,
    store.DELETE_RECOVERY_CODES,
    store.DELETE_PASSKEYS,
    store.DELETE_DEVICES,
    store.DELETE_APPROVALS,
    store.DELETE_BACKCHANNEL_REQUESTS,
    store.DELETE_TICKETS,
    store.DELETE_BROWSERS,
)


class UserHolding:
    """What a person's export and erasure need to know of users.

    The user's row stays, disabled: the audit log and grants refer to it, and nothing in it tells
    who it was once the vault has erased the values.

    Attributes:
        name: what users are called there.

    Args:
        database: connected as the vault's role, in whose transaction a person is erased.
    """

    name = "users"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[dict[str, str]]:
        """Each user that the person is."""
        rows = await self._database.fetch(store.FIND_OF_SUBJECT, tenant_id, subject_id)
        return [
            {
                "id": str(row["user_id"]),
                "status": row["status"],
                "roles": " ".join(row["roles"]),
                "created_at": row["created_at"].isoformat(),
            }
            for row in rows
        ]

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        """Disable the users, which ends their sessions, and delete whatever they log in with."""
        rows = await connection.fetch(store.FIND_OF_SUBJECTS, tenant_id, subjects)
        users = [row["user_id"] for row in rows]
        if not users:
            return
        await connection.execute(store.DISABLE, tenant_id, users, self._clock.now())
        for statement in _FORGOTTEN:
            await connection.execute(statement, tenant_id, users)
