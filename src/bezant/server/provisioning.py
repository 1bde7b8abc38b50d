"""What a new platform needs before anybody can use it: a tenant to play in, and keys to it."""

from typing import TYPE_CHECKING, Final, get_args
from uuid import UUID

from bezant.identity.issuers import Issuer
from bezant.identity.sessions import OperatorLinks
from bezant.identity.users import Means
from bezant.kernel.api_keys import ApiKeyService, IssuedApiKey, NewApiKey, Scope
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.server import store

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SANDBOX: Final = UUID("0193e0a0-0000-7000-8000-000000000001")
"""The sandbox tenant, the same everywhere: hosts that start on one database at once agree."""

_SANDBOX_KEY: Final = "sandbox"
_LOCAL_KEY: Final = "local commands"
_ALL_SCOPES: Final[list[Scope]] = list(get_args(Scope))


def link_address(origin: str, tenant_id: UUID, link: str) -> str:
    """Where a one-time link of a tenant is opened."""
    return f"{Issuer(tenant_id, origin).url}/link/{link}"


class Provisioning:
    """Makes the sandbox tenant and its keys, through the same services as everybody else's."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._keys = ApiKeyService(database, clock, ids)

    async def sandbox_key(self) -> str | None:
        """Make the sandbox tenant and its first key; None when it has had one, shown then."""
        now = self._clock.now()

        async def insert(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(store.INSERT_TENANT, SANDBOX, "sandbox", now)

        await self._database.transaction(insert)
        # The first key of the tenant is the sandbox key, and keys are never removed.
        keys = await self._keys.page(SANDBOX, after=None, limit=1)
        return None if keys.api_keys else await self.new_key(_SANDBOX_KEY)

    async def operator_link(self) -> str:
        """Make the one-time link by which the sandbox's first operator is made.

        There is no default password: who has the link chooses name and password.
        """
        return await OperatorLinks(Means(self._database, self._clock, self._ids)).make(SANDBOX)

    async def local_key(self) -> str:
        """Make a key for the commands on this machine."""
        return await self.new_key(_LOCAL_KEY)

    async def new_key(self, name: str) -> str:
        """Make a key of the sandbox tenant that grants everything."""
        call_id = self._ids.new()
        call = Call(
            id=call_id,
            tenant_id=SANDBOX,
            actor="operator:up",
            action="api_key.create",
            resource="/v1/api-keys",
            origin="cli",
            idempotency_key=f"call:{call_id}",
        )
        answer = await self._keys.create(call, NewApiKey(name, _ALL_SCOPES))
        key = answer.value(IssuedApiKey).key
        assert key is not None, "a call of its own is no replay"
        return key
