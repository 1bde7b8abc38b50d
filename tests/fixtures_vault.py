"""A vault on real databases, with a key store in memory whose faults are switched on by tests.

Every test has a tenant of its own.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from fastapi import FastAPI

from bezant.identity.policy import Policy
from bezant.kernel.api_keys import ApiKeyAuthenticator, ApiKeyService
from bezant.kernel.calls import Call
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.http import Guard, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import PLATFORM
from bezant.kernel.outbound import CheckedNetwork
from bezant.server.embedded import EmbeddedServers
from bezant.server.migrations import migrate_keys
from bezant.vault import Outbound, Vault, VaultClient
from fixtures_api import Api, Tenant
from memory_key_store import MemoryKeyStore
from receivers import Names, Receiver, receiving

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

IDS = TimeOrderedIds()


@dataclass
class Strongroom:
    """A vault, what it stands on, and a tenant of it.

    Attributes:
        database: the main one, as the vault's role.
        keys: the second one, which holds the keys of subjects.
        names: the resolver of the proxy.
    """

    vault: Vault
    database: Database
    keys: Database
    key_store: MemoryKeyStore
    clock: ManualClock
    tenant_id: UUID
    names: Names

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


@dataclass
class Counter:
    """The vault's own HTTP face, and a tenant whose key grants everything.

    Attributes:
        room: the vault behind it; its calls are the tenant's.
    """

    room: Strongroom
    api: Api
    tenant: Tenant

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """POST as the tenant, with a fresh idempotency key unless one is given."""
        return await self.tenant.post(path, body, **headers)

    async def create(self, path: str, body: object) -> dict[str, Any]:
        """POST, which must succeed; the answer."""
        return await self.tenant.create(path, body)


@pytest.fixture(scope="session")
async def vault_databases(
    app_url: str,  # noqa: ARG001 - the schema has to be there
    embedded_servers: EmbeddedServers,
) -> AsyncIterator[tuple[Database, Database]]:
    """Pools of the main database and of that of keys, as the vault has them."""
    await migrate_keys(embedded_servers.keys.owner_url, "bezant_vault")
    database = await Database.open(embedded_servers.postgres.vault_url, name="vault")
    keys = await Database.open(embedded_servers.keys.vault_url, name="vault keys")
    yield database, keys
    await keys.close()
    await database.close()


async def add_tenant(database: Database) -> UUID:
    """A new tenant, which the application's role makes."""
    tenant_id = IDS.new()

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await connection.execute(
            "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, 'test', $2)",
            tenant_id,
            datetime.now(UTC),
        )

    await database.transaction(work)
    return tenant_id


@contextmanager
def vault_folder() -> Iterator[Path]:
    """A new folder for the journal of erasures, and with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="bzv-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


async def forget_erasures(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let a vault with a new folder start on a database in which others have erased."""
    await owner.execute("DELETE FROM vault_erasure")
    # Wrapped by another test's key store, which may have been rotated.
    await owner.execute("DELETE FROM vault_key WHERE tenant_id = $1", PLATFORM)


@pytest.fixture
def erasures() -> Iterator[Path]:
    """The folder of the journal."""
    with vault_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Receiver]:
    """A TLS server on this machine, to which the vault's proxy may send."""
    async with receiving(tmp_path_factory.mktemp("provider")) as receiver:
        yield receiver


@pytest.fixture
async def strongroom(
    vault_databases: tuple[Database, Database],
    database: Database,
    erasures: Path,
    owner: "asyncpg.Connection[asyncpg.Record]",
    provider: Receiver,
) -> AsyncIterator[Strongroom]:
    """A vault of this test's own, with a clock to move."""
    sealed, keys = vault_databases
    await forget_erasures(owner)
    key_store, clock = MemoryKeyStore(), ManualClock(datetime.now(UTC))
    names = Names([["127.0.0.1"]])
    outbound = Outbound(
        CheckedNetwork(names, allow_loopback=True), tls=provider.tls, allow_loopback=True
    )
    vault = await Vault.open(sealed, keys, key_store, clock, IDS, erasures, outbound)
    tenant_id = await add_tenant(database)
    yield Strongroom(vault, sealed, keys, key_store, clock, tenant_id, names)
    await vault.close()


@pytest.fixture
def vault(strongroom: Strongroom) -> Vault:
    """The vault itself."""
    return strongroom.vault


@pytest.fixture
async def counter(strongroom: Strongroom, database: Database) -> AsyncIterator[Counter]:
    """The vault of this test, by HTTP."""
    async with counter_of(strongroom, database) as counter:
        yield counter


@asynccontextmanager
async def counter_of(room: Strongroom, database: Database) -> AsyncIterator[Counter]:
    """A vault by HTTP, with a new tenant."""
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False)
    clock = SystemClock()
    authenticator = ApiKeyAuthenticator(room.database, clock)
    policy = Policy.shipped(room.database, clock, IDS)
    install(
        app,
        room.vault.operations(),
        guard=Guard(authenticator, policy.authorizer),
        ids=IDS,
        observe=lambda _exchange: None,
    )
    api = Api(app, database, ApiKeyService(database, clock, IDS), {})
    async with api.tenant() as tenant:
        yield Counter(replace(room, tenant_id=tenant.id), api, tenant)
    await policy.close()
    await authenticator.close()


@pytest.fixture(scope="session")
async def sealer(
    vault_databases: tuple[Database, Database], app_url: str, embedded_servers: EmbeddedServers
) -> AsyncIterator[VaultClient]:
    """A vault for the whole session, as the platform's other processes reach it.

    Nothing is ever erased in it: its journal is not that of other tests.
    """
    del app_url  # the schema has to be there
    owner = await asyncpg.connect(embedded_servers.postgres.owner_url)
    await forget_erasures(owner)
    await owner.close()
    database, keys = vault_databases
    with vault_folder() as folder:
        vault = await Vault.open(database, keys, MemoryKeyStore(), SystemClock(), IDS, folder)
        await vault.serve(folder / "rpc", "test")
        client = VaultClient(folder / "rpc", "test")
        yield client
        await client.close()
        await vault.close()
