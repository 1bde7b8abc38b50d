"""Killed at any step of taking a credit: the scheme tells again, and it is one credit."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger, verify_book
from bezant.payments import OrderState
from bezant.payments.orders.domain import Direction
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from customers import CustomerBank, open_bank
from fixtures_api import Api
from forking import Forks, forks
from processes.receiver import Task, take

SCRIPT = Path(__file__).parents[2] / "processes" / "receiver.py"
KILLS = 20
AMOUNT = 100


@dataclass
class Counter:
    """An account that is paid, and a process that lives."""

    bank: CustomerBank
    account: str
    iban: str
    payments: Payments
    app_url: str
    run_folder: Path

    def task(self, *names: str, step: str = "") -> Task:
        return Task(
            self.app_url,
            str(self.run_folder),
            self.bank.tenant.id,
            UUID(self.bank.institution),
            self.iban,
            list(names),
            step,
        )

    async def tell_again(self, *names: str) -> None:
        """Have the process that lives hear of everything, as a scheme does without an answer."""
        task = self.task(*names)
        await asyncio.gather(*(take(self.payments.receiver, task, name) for name in names))

    async def check(self, database: Database, count: int) -> None:
        """Every transaction is one credit, and the money says the same."""
        page = await self.payments.orders.page(
            self.bank.tenant.id, None, after=None, limit=1_000, direction=Direction.IN
        )
        assert [payment.state for payment in page.payments] == [OrderState.SETTLED] * count
        balance = await self.bank.balance(self.account)
        assert balance["booked"] == balance["expected"] == str(AMOUNT * count)
        report = await verify_book(database, self.bank.tenant.id, UUID(self.bank.book))
        assert report.findings == []


@pytest.fixture(scope="module")
async def receivers() -> AsyncIterator[Forks]:
    """A process that takes credits."""
    async with forks(SCRIPT) as receivers:
        yield receivers


@pytest.fixture
async def counter(
    api: Api, database: Database, ledger: Ledger, app_url: str, run_folder: Path
) -> AsyncIterator[Counter]:
    clock, ids = SystemClock(), TimeOrderedIds()
    accounts = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32)).accounts
    payments = Payments.of(database, clock, ids, ledger, accounts, bytes(32), {})
    async with api.tenant() as tenant:
        bank = await open_bank(tenant)
        account = str((await bank.open())["id"])
        iban = await bank.iban(account)
        yield Counter(bank, account, iban, payments, app_url, run_folder)


@pytest.mark.parametrize("step", ["before conclusion", "after conclusion"])
async def test_a_kill_between_two_steps_is_made_good_when_the_scheme_tells_again(
    counter: Counter, receivers: Forks, database: Database, step: str
) -> None:
    await receivers.begin(counter.task("one", step=step))
    await receivers.until(step)
    await receivers.kill()
    for _ in range(2):
        await counter.tell_again("one")
    await counter.check(database, 1)


async def test_kills_at_any_moment_credit_nothing_twice_and_lose_nothing(
    counter: Counter, receivers: Forks, database: Database
) -> None:
    dice, told = random.Random(7), list[str]()
    for kill in range(KILLS):
        names = [f"{kill}-{number}" for number in range(10)]
        told += names
        await receivers.begin(counter.task(*names))
        await receivers.until("ready")
        await asyncio.sleep(dice.uniform(0, 0.15))
        await receivers.kill()
    await counter.tell_again(*told)
    await counter.check(database, KILLS * 10)


async def test_control_an_offer_that_is_not_known_again_is_credited_twice(
    counter: Counter, receivers: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receivers.begin(counter.task("one", step="after conclusion"))
    await receivers.until("after conclusion")
    await receivers.kill()
    names = TimeOrderedIds()
    monkeypatch.setattr("bezant.payments.incoming.service.incoming_id", lambda *_named: names.new())
    await counter.tell_again("one")
    assert (await counter.bank.balance(counter.account))["booked"] == str(2 * AMOUNT)
