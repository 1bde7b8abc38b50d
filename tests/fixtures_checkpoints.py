"""A book whose checkpoints are kept in a folder and in a second store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.sealing import KeySealer
from bezant.ledger import Ledger, schemas
from bezant.ledger.checkpoints import Checkpoint as Signed
from bezant.ledger.checkpoints import (
    CheckpointFiles,
    CheckpointService,
    Folder,
    Place,
    Published,
    SecondStore,
    prepare_store,
)
from bezant.ledger.proof import Checkpoint
from bezant.ledger.verify import BookReport, verify_book
from bezant.server.embedded import EmbeddedServers
from fixtures_ledger import IDS, Bank, new_bank


def service_of(database: Database, *places: Place, key: int = 1) -> CheckpointService:
    """What a process has, with places of its own."""
    return CheckpointService(database, SystemClock(), IDS, KeySealer(bytes([key] * 32)), places)


@dataclass
class Witnessed:
    """A bank, where its checkpoints are kept, and what keeps them."""

    bank: Bank
    folder: Path
    store: SecondStore
    service: CheckpointService
    opened: list[Ledger] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, Any]:
        return self.bank.tenant_id, self.bank.book_id

    async def round(self) -> None:
        """What happens every minute, for this tenant."""
        await self.service.rounds.run(self.bank.tenant_id)

    async def signed(self) -> list[Signed]:
        """What the database says was signed."""
        return (await self.service.page(*self.key, after=None, limit=100)).checkpoints

    async def kept(self) -> Sequence[Published]:
        """What the second store has."""
        return await self.store.after(*self.key, 0, 100)

    async def files(self) -> Sequence[Checkpoint]:
        """What the folder has, verified with the tenant's public keys."""
        keys = await self.service.keys.public_keys(self.bank.tenant_id)
        return CheckpointFiles(self.folder, keys).of(self.bank.book_id)

    async def verify(self) -> BookReport:
        """Recompute the book, and hold it against the folder."""
        return await verify_book(self.bank.database, *self.key, checkpoints=await self.files())

    async def pay(self, amount: int) -> int:
        """Pay to Alice; the payment's `seq`."""
        answer = await self.bank.pay("world", "alice", amount)
        return answer.value(schemas.PostedTransaction).seq

    async def reopened(self, run_folder: Path) -> "Witnessed":
        """The same bank in a process that has just started, whose lanes ask the gatekeeper.

        Args:
            run_folder: short, and new.
        """
        await asyncio.to_thread(run_folder.mkdir, exist_ok=True)
        # The process that wrote the book before has ended.
        await self.bank.database.transaction(
            lambda connection: connection.execute(
                "UPDATE lane SET epoch = epoch + 1, holder = ''"
                " WHERE tenant_id = $1 AND book_id = $2",
                *self.key,
            )
        )
        ledger = Ledger(self.bank.database, run_folder, gatekeeper=self.service.standing)
        await ledger.start()
        self.opened.append(ledger)
        return replace(self, bank=replace(self.bank, ledger=ledger))


@pytest.fixture(scope="session")
async def second_store_url(app_url: str, embedded_servers: EmbeddedServers) -> str:
    """A database beside the platform's, in which its role may read and add."""
    owner_url = embedded_servers.postgres.owner_url
    owner = await asyncpg.connect(owner_url)
    await owner.execute("CREATE SCHEMA outside")
    await owner.execute("GRANT USAGE ON SCHEMA outside TO bezant_app")
    await owner.close()
    await prepare_store(in_schema(owner_url), "bezant_app")
    return in_schema(app_url)


def in_schema(url: str) -> str:
    """The URL of what stands in for another server: a schema that nothing else is in."""
    return url + ("&" if urlsplit(url).query else "?") + "options=-csearch_path%3Doutside"


@pytest.fixture
async def witnessed(
    ledger: Ledger, database: Database, second_store_url: str, tmp_path: Path
) -> AsyncIterator[Witnessed]:
    """A book with an account or two, nothing of it signed yet."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    folder, store = tmp_path / "outside", SecondStore(second_store_url)
    witnessed = Witnessed(bank, folder, store, service_of(database, Folder(folder), store))
    yield witnessed
    for opened in witnessed.opened:
        await opened.close()
    await store.close()
