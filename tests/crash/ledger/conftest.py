"""Servers that a test may kill, and a bank on them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bezant.kernel.database import Database
from bezant.ledger import schemas
from fixtures_ledger import Bank, new_bank, open_ledger
from fixtures_servers import open_folder
from kills import Servers, open_servers


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Servers of the test's own."""
    with open_folder() as parent:
        async with open_servers(parent / "data") as servers:
            yield servers


@pytest.fixture
async def killed_bank(servers: Servers, run_folder: Path) -> AsyncIterator[Bank]:
    """A bank on these servers, whose lane is free; it verifies whatever was killed."""
    database = await Database.open(servers.app_url)
    async with open_ledger(database, run_folder) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
    yield bank
    assert (await bank.verify()).findings == []
    await database.close()
