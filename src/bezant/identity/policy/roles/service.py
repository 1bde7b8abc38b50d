"""Giving people roles, and knowing which they have."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.policy.domain import Role
from bezant.identity.policy.roles import store
from bezant.identity.policy.roles.errors import NoRoles, OwnRoles
from bezant.identity.policy.roles.schemas import RolesOfUser
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    from collections.abc import Collection

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class RoleService:
    """The roles of every tenant's people."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def of(self, tenant_id: UUID, user_id: UUID) -> frozenset[str]:
        """Those of a user; for who authenticates them."""
        rows = await self._database.fetch(store.FIND, tenant_id, user_id)
        return frozenset(row["role"] for row in rows)

    async def read(self, tenant_id: UUID, user_id: UUID) -> RolesOfUser:
        """Those of a user.

        Raises:
            NoRoles: none.
        """
        roles = await self.of(tenant_id, user_id)
        if not roles:
            raise NoRoles("The user has no roles here.")
        return RolesOfUser(user_id, sorted(Role(role) for role in roles))

    async def assign(
        self, call: Call, user_id: UUID, roles: "Collection[Role]", *, caller: UUID | None = None
    ) -> Answer:
        """Make these all that a user has (200 `RolesOfUser`).

        `caller` is the person who asks; None for a server, and for an operator, who has the
        database anyway.
        """

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            if caller == user_id:
                raise OwnRoles("Nobody changes their own roles.")
            now, wanted = self._clock.now(), sorted({*roles})
            await connection.execute(store.DELETE_OTHERS, call.tenant_id, user_id, wanted)
            await connection.execute(store.INSERT, call.tenant_id, user_id, wanted, call.actor, now)
            told = event(
                self._ids.new(), "user.roles_set", f"/v1/users/{user_id}", now, {"roles": wanted}
            )
            await write_rows(connection, call.tenant_id, [told])
            return Answer.of(RolesOfUser(user_id, wanted))

        return await once(self._database, self._clock, call, work)
