"""Over the real rails, with whole processes: whoever is killed, another ends what they began."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments.orders.riders import LEASE
from bezant.vault import VaultClient
from clearing import System, clearing_system
from customers import CustomerBank, open_bank
from fixtures_api import Api
from forking import Forks, forks
from processes.survivor import Task

SCRIPT = Path(__file__).parents[2] / "processes" / "survivor.py"
FUNDS = 10_000
ANSWERED = {"sct_inst": "settled", "sct": "pending"}


@dataclass
class Street:
    """A payer, whose bank has processes that are killed, and the clearing system."""

    bank: CustomerBank
    payer: str
    system: System
    app_url: str
    run_folder: Path
    vault: Path

    def task(self, rail: str = "", step: str = "") -> Task:
        return Task(
            self.app_url,
            str(self.run_folder),
            str(self.vault),
            self.system.url,
            self.bank.tenant.id,
            UUID(self.bank.institution),
            UUID(self.payer),
            rail,
            step,
        )

    async def only(self) -> str:
        """The path of the payer's one order."""
        path = f"/v1/payments?debtor_account={self.payer}"
        [order] = (await self.bank.tenant.client.get(path)).json()["payments"]
        return f"/v1/payments/{order['id']}"

    async def became(self, state: str) -> timedelta:
        """Wait for a state; how long after the sending began it came."""
        path = f"{await self.only()}/transitions"
        while True:
            steps = (await self.bank.tenant.client.get(path)).json()["transitions"]
            at = {step["after"]: step["at"] for step in steps}
            if state in at:
                begun, ended = (datetime.fromisoformat(at[each]) for each in ("sending", state))
                return ended - begun
            await asyncio.sleep(0.05)

    async def check(self, database: Database) -> None:
        """It was carried out once, here and at the clearing system."""
        assert self.system.statuses() == [("ACSC", None)]
        balance = await self.bank.balance(self.payer)
        assert (balance["booked"], balance["available"]) == ("9900", "59900")
        report = await verify_book(database, self.bank.tenant.id, UUID(self.bank.book))
        assert report.findings == []


@pytest.fixture(scope="module")
async def processes() -> AsyncIterator[tuple[Forks, Forks, Forks]]:
    """Who orders, and two who see to what others have ordered."""
    async with forks(SCRIPT) as orderer, forks(SCRIPT) as first, forks(SCRIPT) as second:
        yield orderer, first, second


@pytest.fixture
async def street(
    api: Api, app_url: str, run_folder: Path, sealer: VaultClient
) -> AsyncIterator[Street]:
    async with api.tenant() as tenant, clearing_system(SystemClock()) as system:
        bank = await open_bank(tenant)
        payer = await bank.funded(FUNDS)
        yield Street(bank, payer, system, app_url, run_folder, sealer._path)


@pytest.mark.parametrize("rail", ANSWERED)
@pytest.mark.parametrize(("step", "is_sent"), [("before send", False), ("after send", True)])
async def test_a_survivor_ends_it_within_lease_and_five_seconds(
    street: Street,
    processes: tuple[Forks, Forks, Forks],
    database: Database,
    rail: str,
    step: str,
    *,
    is_sent: bool,
) -> None:
    orderer, *survivors = processes
    for survivor in survivors:
        await survivor.begin(street.task())
        await survivor.until("ready")
    await orderer.begin(street.task(rail, step))
    await orderer.until(step)
    await orderer.kill()
    assert len(street.system.statuses()) == is_sent
    assert await street.became(ANSWERED[rail]) < LEASE + timedelta(seconds=5)
    street.system.clearing.cycle()
    await street.became("settled")
    for survivor in survivors:
        await survivor.kill()
    await street.check(database)


@pytest.mark.parametrize("step", ["before inquire", "after inquire", "before send", "after send"])
async def test_a_survivor_that_is_killed_has_a_survivor(
    street: Street, processes: tuple[Forks, Forks, Forks], database: Database, step: str
) -> None:
    orderer, first, second = processes
    await orderer.begin(street.task("sct", "before send"))
    await orderer.until("before send")
    await orderer.kill()
    await first.begin(street.task(step=step))
    await first.until(step)
    await first.kill()
    assert len(street.system.statuses()) == (step == "after send")
    await second.begin(street.task())
    await street.became("pending")
    street.system.clearing.cycle()
    await street.became("settled")
    await second.kill()
    await street.check(database)
