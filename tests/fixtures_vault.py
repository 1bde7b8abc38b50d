"""A vault on real databases, with a key store in memory whose faults are switched on by tests.

Every test has a tenant of its own.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec
import pytest

from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.server.embedded import EmbeddedServers
from bezant.vault import Vault
from bezant.vault.keystores import KeyRefused, KeyStoreDown, Wrapped

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

IDS = TimeOrderedIds()

_SUBJECT_KEY = """
    CREATE TABLE IF NOT EXISTS vault_keys.subject_key (
        tenant_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        version integer NOT NULL,
        state text NOT NULL CHECK (state IN ('active', 'restore_only', 'destroyed')),
        tenant_key_version integer NOT NULL,
        wrapped bytea,
        messages bigint NOT NULL,
        created_at timestamptz NOT NULL,
        destroyed_at timestamptz,
        PRIMARY KEY (tenant_id, subject_id, version)
    )
"""


@dataclass
class MemoryKeyStore:
    """A root in versions that turns bytes over: what it wraps is no plaintext, and no secret.

    Attributes:
        is_down: every request fails.
        unwrapped: how many keys it opened.
    """

    is_down: bool = False
    unwrapped: int = 0
    newest: int = 1
    destroyed: set[str] = field(default_factory=set)

    async def current(self) -> str:
        self._ask()
        return str(self.newest)

    async def wrap(self, plaintext: bytes) -> Wrapped:
        self._ask()
        return Wrapped(str(self.newest), self._turned(plaintext, str(self.newest)))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        self._ask()
        if wrapped.version in self.destroyed or not 1 <= int(wrapped.version) <= self.newest:
            raise KeyRefused("No such root.")
        self.unwrapped += 1
        return self._turned(wrapped.blob, wrapped.version)

    async def rotate(self) -> str:
        self._ask()
        self.newest += 1
        return str(self.newest)

    async def destroy(self, version: str) -> None:
        self._ask()
        if version == str(self.newest):
            raise KeyRefused("It is the current one.")
        self.destroyed.add(version)

    async def close(self) -> None:
        """Nothing is open."""

    def _ask(self) -> None:
        if self.is_down:
            raise KeyStoreDown("Switched off by a test.")

    @staticmethod
    def _turned(data: bytes, version: str) -> bytes:
        return bytes(byte ^ 0xFF ^ int(version) for byte in data)


@dataclass
class Strongroom:
    """A vault, what it stands on, and a tenant of it.

    Attributes:
        database: the main one, as the vault's role.
        keys: the second one, which holds the keys of subjects.
    """

    vault: Vault
    database: Database
    keys: Database
    key_store: MemoryKeyStore
    clock: ManualClock
    tenant_id: UUID

    def call(self, key: str | None = None, fingerprint: bytes = b"", purpose: str = "test") -> Call:
        """A request of the tenant with an idempotency key, by default a new one."""
        call_id = IDS.new()
        return Call(
            id=call_id,
            tenant_id=self.tenant_id,
            actor=f"key:{self.tenant_id}",
            action="test.call",
            resource="/test",
            origin="test",
            idempotency_key=key or f"test-{call_id}",
            fingerprint=fingerprint,
            purpose=purpose,
        )

    def elsewhere(self, call: Call, tenant_id: UUID) -> Call:
        """The same call, of another tenant."""
        return msgspec.structs.replace(call, id=IDS.new(), tenant_id=tenant_id)


@pytest.fixture(scope="session")
async def vault_databases(
    app_url: str,  # noqa: ARG001 - the schema has to be there
    embedded_servers: EmbeddedServers,
) -> AsyncIterator[tuple[Database, Database]]:
    """Pools of the main database and of that of keys, as the vault has them."""
    owner_url = embedded_servers.postgres.owner_url
    owner = await asyncpg.connect(owner_url)
    await owner.execute("CREATE SCHEMA IF NOT EXISTS vault_keys")
    await owner.execute(_SUBJECT_KEY)
    await owner.close()
    separator = "&" if urlsplit(owner_url).query else "?"
    in_schema = f"{owner_url}{separator}options=-csearch_path%3Dvault_keys"
    database = await Database.open(owner_url, name="vault")
    keys = await Database.open(in_schema, name="vault keys")
    yield database, keys
    await keys.close()
    await database.close()


async def add_tenant(database: Database) -> UUID:
    """A new tenant."""
    tenant_id = IDS.new()

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await connection.execute(
            "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, 'test', $2)",
            tenant_id,
            datetime.now(UTC),
        )

    await database.transaction(work)
    return tenant_id


@pytest.fixture
async def strongroom(
    vault_databases: tuple[Database, Database],
) -> AsyncIterator[Strongroom]:
    """A vault of this test's own, with a clock to move."""
    database, keys = vault_databases
    key_store, clock = MemoryKeyStore(), ManualClock(datetime.now(UTC))
    vault = await Vault.open(database, keys, key_store, clock, IDS)
    tenant_id = await add_tenant(database)
    yield Strongroom(vault, database, keys, key_store, clock, tenant_id)
    await vault.close()


@pytest.fixture
def vault(strongroom: Strongroom) -> Vault:
    """The vault itself."""
    return strongroom.vault
