"""Killed at any moment of taking payments: whoever asks again finds each step done once."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.ledger import verify_book
from customers import open_bank
from fixtures_api import Api
from forking import Forks, forks
from processes.shopkeeper import Task
from shopping import Shop, open_shop

SCRIPT = Path(__file__).parents[2] / "processes" / "shopkeeper.py"
KILLS = 10
PAYMENTS = 5
FUNDS = 100_000


@pytest.fixture(scope="module")
async def shopkeepers() -> AsyncIterator[Forks]:
    """A process that takes payments."""
    async with forks(SCRIPT) as shopkeepers:
        yield shopkeepers


@pytest.fixture
async def shop(api: Api) -> AsyncIterator[Shop]:
    async with api.tenant() as tenant:
        yield await open_shop(await open_bank(tenant), FUNDS)


async def test_kills_at_any_moment_take_nothing_twice_and_lose_nothing(
    shop: Shop, shopkeepers: Forks, database: Database, app_url: str, run_folder: Path
) -> None:
    dice = random.Random(63)
    tenant = shop.bank.tenant
    for kill in range(KILLS):
        keys = [f"{kill}-{number}" for number in range(PAYMENTS)]
        payer, payee = UUID(shop.payer), UUID(shop.payee)
        task = Task(app_url, str(run_folder), tenant.id, payer, payee, keys)
        await shopkeepers.begin(task)
        await shopkeepers.until("ready")
        await asyncio.sleep(dice.uniform(0, 0.3))
        await shopkeepers.kill()
        # Whoever was not answered asks again, of a process that lives.
        await shopkeepers.begin(task)
        await shopkeepers.until("done")
        await shopkeepers.kill()
    made = KILLS * PAYMENTS
    assert await shop.money() == (FUNDS - 60 * made, 0, 60 * made)
    listed = await tenant.client.get(f"/v1/payments?debtor_account={shop.payer}&limit=1000")
    states = [payment["state"] for payment in listed.json()["payments"]]
    assert states == ["partially_returned"] * made
    path = f"/v1/accounts/{shop.payee}/settlement-batches?limit=1000"
    batches = (await tenant.client.get(path)).json()["settlement_batches"]
    assert sum(int(batch["gross"]) for batch in batches) == 70 * made
    assert sum(int(batch["net"]) for batch in batches) == 60 * made
    assert sum(batch["items"] for batch in batches) == 3 * made
    report = await verify_book(database, tenant.id, UUID(shop.bank.book))
    assert report.findings == []
