"""A vault with databases of its own, whose rotations run when a test says so.

The root is every tenant's, so a rotation of it would reach into the data of other tests.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.sealed import Normal, SealedField, Sealing
from bezant.server.embedded import EmbeddedServers, superuser_password
from bezant.server.embedded.postgres_config import KEYS, MAIN, SUPERUSER, Cluster
from bezant.server.migrations import migrate, migrate_keys
from bezant.vault import Vault
from bezant.vault.rotation import KeyDestruction, NewRotation, Rotation
from fixtures_vault import IDS, Strongroom, add_tenant
from memory_key_store import MemoryKeyStore
from receivers import Names

EMAIL: Final = SealedField("test.email", Normal.EMAIL)
NAME: Final = SealedField("test.name")


@dataclass(frozen=True)
class Urls:
    """Databases of one test, as the superuser: other roles reach no other than the platform's."""

    main: str
    keys: str


def as_superuser(url: str, data: Path, cluster: Cluster, database: str) -> str:
    """A URL of the same server."""
    parts = urlsplit(url)
    password = quote(superuser_password(data, cluster), safe="")
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{SUPERUSER}:{password}@{host}", path=f"/{database}").geturl()


@pytest.fixture(scope="session")
async def apart(
    embedded_servers: EmbeddedServers,
    session_data: Path,
    app_url: str,  # noqa: ARG001 - makes the roles
) -> Urls:
    """Both databases, migrated, apart from those of other tests."""

    def urls(main: str, keys: str) -> Urls:
        return Urls(
            as_superuser(embedded_servers.postgres.owner_url, session_data, MAIN, main),
            as_superuser(embedded_servers.keys.owner_url, session_data, KEYS, keys),
        )

    first, apart = urls("postgres", "postgres"), urls("rotation", "rotation")
    await _execute(first.main, "CREATE DATABASE rotation")
    await _execute(first.keys, "CREATE DATABASE rotation")
    await migrate(apart.main, "bezant_app", "bezant_vault")
    await migrate_keys(apart.keys, "bezant_vault")
    return apart


@pytest.fixture
async def own_urls(apart: Urls) -> Urls:
    """Both databases, with nothing in them of the vault."""
    for table in ("token", "forward", "index", "value", "subject", "key", "root", "rotation"):
        await _execute(apart.main, f"DELETE FROM vault_{table}")
    for table in ("subject_key", "tenant_key_floor"):
        await _execute(apart.keys, f"DELETE FROM {table}")
    return apart


@dataclass
class Seconds:
    """A monotonic clock that moves when told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rotating(Strongroom):
    """A vault that rotates when told to.

    Attributes:
        urls: of its databases.
        seconds: what expires keys in memory.
    """

    urls: Urls = field(kw_only=True)
    seconds: Seconds = field(default_factory=Seconds)

    async def seal(
        self, *values: str, subject: UUID | None = None, of: SealedField = EMAIL
    ) -> list[UUID]:
        """Seal values, of a new subject each unless one is named; their references."""
        sealings = [Sealing(uuid4(), subject or uuid4(), of, value) for value in values]
        await self.vault.fields.seal(self.call(), sealings)
        return [sealing.reference for sealing in sealings]

    async def opened(self, *references: UUID) -> list[str | None]:
        """What values open to; None for what does not."""
        found = await self.vault.fields.open(self.call(), references)
        return [found.values.get(reference) for reference in references]

    async def found(self, value: str) -> list[UUID]:
        """References of an e-mail address."""
        call = msgspec.structs.replace(self.call(), actor=str(uuid4()))
        return await self.vault.fields.find(call, EMAIL, value)

    async def begin(self, kind: str, subject: UUID | None = None) -> UUID:
        """Ask for a rotation."""
        rotations = self.vault.rotations
        if kind == "root":
            call = self.elsewhere(self.call(), UUID(int=0))
            return (await rotations.start_root(call)).value(Rotation).id
        answer = await rotations.start(self.call(), NewRotation(kind, subject))
        return answer.value(Rotation).id

    async def rotate(self, kind: str, subject: UUID | None = None) -> Rotation:
        """Ask for a rotation, and bring it to its end."""
        rotation_id = await self.begin(kind, subject)
        await self.vault.rotations.carry_on()
        tenant_id = UUID(int=0) if kind == "root" else self.tenant_id
        return await self.vault.rotations.get(tenant_id, rotation_id)

    async def destroy(
        self, kind: str, version: int | None = None, reason: str | None = None
    ) -> object:
        """Ask for a version's end; what was answered, as JSON."""
        asked = KeyDestruction(kind, version, None, reason)
        answer = await self.vault.rotations.destroy(self.call(), asked)
        return msgspec.json.decode(answer.body)

    async def states(self, kind: str) -> dict[str, str]:
        """The state of each version of a tenant's key."""
        listed = await self.vault.rotations.keys(self.tenant_id)
        return {key.version: key.state for key in listed.keys if key.kind == kind}

    async def execute(self, statement: str, *values: object) -> None:
        """Change the main database as its owner, as nobody else could."""
        await _execute(self.urls.main, statement, *values)

    async def execute_in_keys(self, statement: str, *values: object) -> None:
        """Change the second database as its owner."""
        await _execute(self.urls.keys, statement, *values)


@asynccontextmanager
async def open_rotating(
    urls: Urls, change: Callable[[Vault], None] = lambda _: None
) -> AsyncIterator[Rotating]:
    """A vault on databases, and a new tenant."""
    app = await Database.open(urls.main, name="tests")
    tenant_id = await add_tenant(app)
    await app.close()
    database = await Database.open(urls.main, name="vault")
    keys = await Database.open(urls.keys, name="vault keys")
    key_store, clock, seconds = MemoryKeyStore(), ManualClock(datetime.now(UTC)), Seconds()
    vault = Vault(database, keys, key_store, clock, IDS, monotonic=seconds)
    change(vault)
    yield Rotating(
        vault, database, keys, key_store, clock, tenant_id, Names([]), urls=urls, seconds=seconds
    )
    await vault.close()
    await keys.close()
    await database.close()


@pytest.fixture
async def rotating(own_urls: Urls) -> AsyncIterator[Rotating]:
    """A vault of this test's own, on databases of its own."""
    async with open_rotating(own_urls) as rotating:
        yield rotating


async def _execute(url: str, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()
