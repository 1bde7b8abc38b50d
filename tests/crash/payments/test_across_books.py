"""Killed at any moment of paying between two books: both have a payment, or neither has."""

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
from paying import posted
from processes.traveller import Task

SCRIPT = Path(__file__).parents[2] / "processes" / "traveller.py"
KILLS = 10
PAYMENTS = 20
FUNDS = 100_000


@pytest.fixture(scope="module")
async def travellers() -> AsyncIterator[Forks]:
    """A process that pays."""
    async with forks(SCRIPT) as travellers:
        yield travellers


async def test_kills_at_any_moment_leave_both_books_with_each_payment_once(
    api: Api, travellers: Forks, database: Database, app_url: str, run_folder: Path
) -> None:
    dice = random.Random(67)
    async with api.tenant() as tenant:
        here = await open_bank(tenant)
        there = await open_bank(tenant, bank_code="10010010", bic="PBNKDEFF")
        payer, payee = await here.funded(FUNDS), str((await there.open())["id"])
        for kill in range(KILLS):
            keys = [f"{kill}-{number}" for number in range(PAYMENTS)]
            task = Task(app_url, str(run_folder), tenant.id, UUID(payer), UUID(payee), keys)
            await travellers.begin(task)
            await travellers.until("ready")
            await asyncio.sleep(dice.uniform(0, 0.3))
            await travellers.kill()
            # Whoever was not answered asks again, of a process that lives.
            await travellers.begin(task)
            await travellers.until("done")
            await travellers.kill()
        moved = 7 * KILLS * PAYMENTS
        assert (await here.balance(payer))["booked"] == str(FUNDS - moved)
        assert (await there.balance(payee))["booked"] == str(moved)
        assert await posted(here, f"interbook:{there.book}:EUR") == str(-moved)
        assert await posted(there, f"interbook:{here.book}:EUR") == str(moved)
        for bank in (here, there):
            assert (await verify_book(database, tenant.id, UUID(bank.book))).findings == []
