"""Killed at any step of sending: a survivor finishes it, and the scheme is asked to pay once."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger, verify_book
from bezant.payments import OrderState
from bezant.payments.orders.domain import Attempt
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from customers import CustomerBank, open_bank
from fixtures_api import Api
from fixtures_ledger import Bank
from forking import Forks, forks
from paying import Desk
from processes.payer import Task
from rails import SchemeRail
from schemes import Scheme, SchemeClient

SCRIPT = Path(__file__).parents[2] / "processes" / "payer.py"
KILLS = 20
AMOUNT = 100
FUNDS = 1_000_000


@dataclass
class Street:
    """A payer with money, a scheme, and who survives."""

    bank: CustomerBank
    payer: str
    desk: Desk
    scheme: Scheme
    app_url: str
    run_folder: Path
    socket: Path

    def task(self, keys: Sequence[str], step: str = "") -> Task:
        return Task(
            self.app_url,
            str(self.run_folder),
            str(self.socket),
            self.bank.tenant.id,
            UUID(self.payer),
            list(keys),
            step,
        )

    async def orders(self) -> dict[UUID, OrderState]:
        """Every order of the payer's."""
        page = await self.desk.second.orders.page(
            self.bank.tenant.id, UUID(self.payer), after=None, limit=1_000
        )
        return {payment.id: payment.state for payment in page.payments}

    async def finish(self) -> None:
        """What the jobs of the orders do, in another process."""
        for order_id in await self.orders():
            assert isinstance(await self.desk.survive(order_id), Done)

    async def check(self, database: Database) -> None:
        """Every order ended, each was carried out once, and the money says the same."""
        states = await self.orders()
        assert set(states.values()) <= {OrderState.SETTLED}
        assert len(self.scheme.taken) == len(states)
        booked = FUNDS - AMOUNT * len(states)
        balance = await self.bank.balance(self.payer)
        assert balance["booked"] == str(booked)
        assert balance["available"] == str(booked + 50_000), "nothing is reserved any more"
        report = await verify_book(database, self.bank.tenant.id, UUID(self.bank.book))
        assert report.findings == []


@pytest.fixture(scope="module")
async def payers() -> AsyncIterator[Forks]:
    """A process that pays."""
    async with forks(SCRIPT) as payers:
        yield payers


@pytest.fixture
async def street(
    api: Api,
    database: Database,
    ledger: Ledger,
    app_url: str,
    run_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Street]:
    # The lane is this process's: it lets survivors take over at once, so that nobody waits.
    monkeypatch.setattr(Attempt, "is_free", lambda *_: True)
    # Survivors come when all kills are over: what was never sent is not too late to be sent then.
    monkeypatch.setattr(SchemeClient, "answers_within_s", None)
    clock, ids, socket = SystemClock(), TimeOrderedIds(), tmp_path / "scheme"
    accounts = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32)).accounts
    rails = {"scheme": SchemeClient(socket)}
    payments = Payments.of(database, clock, ids, ledger, accounts, bytes(32), rails)
    async with api.tenant() as tenant, Scheme().serving(socket) as scheme:
        bank = await open_bank(tenant)
        payer = await bank.funded(FUNDS)
        teller = Bank(ledger, database, tenant.id, UUID(bank.book))
        desk = Desk(payments, payments, SchemeRail(), teller)
        yield Street(bank, payer, desk, scheme, app_url, run_folder, socket)


@pytest.mark.parametrize(("step", "is_sent"), [("before send", False), ("after send", True)])
async def test_a_kill_between_two_steps_is_made_good_by_a_survivor(
    street: Street, payers: Forks, database: Database, step: str, *, is_sent: bool
) -> None:
    await payers.begin(street.task(["one"], step))
    await payers.until(step)
    await payers.kill()
    assert len(street.scheme.taken) == is_sent
    assert set((await street.orders()).values()) == {OrderState.SENDING}
    await street.finish()
    await street.check(database)
    assert set(street.scheme.asked.values()) == {1}


@pytest.mark.parametrize(("step", "is_sent"), [("before send", False), ("after send", True)])
async def test_a_kill_that_is_noticed_after_the_deadline_leaves_nobody_in_doubt(
    street: Street,
    payers: Forks,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    *,
    is_sent: bool,
) -> None:
    await payers.begin(street.task(["one"], step))
    await payers.until(step)
    await payers.kill()
    monkeypatch.setattr(SchemeClient, "answers_within_s", 0)
    await street.finish()
    await street.finish()
    [(order_id, state)] = (await street.orders()).items()
    steps = await street.desk.second.orders.transitions(street.bank.tenant.id, order_id)
    assert OrderState.IN_DOUBT in [each.after for each in steps.transitions]
    assert state is (OrderState.SETTLED if is_sent else OrderState.REJECTED)
    assert len(street.scheme.taken) == is_sent, "nothing is sent after its time"
    booked = FUNDS - AMOUNT * is_sent
    balance = await street.bank.balance(street.payer)
    assert (balance["booked"], balance["available"]) == (str(booked), str(booked + 50_000))
    report = await verify_book(database, street.bank.tenant.id, UUID(street.bank.book))
    assert report.findings == []


async def test_kills_at_any_moment_pay_nothing_twice_and_lose_nothing(
    street: Street, payers: Forks, database: Database
) -> None:
    dice = random.Random(11)
    for kill in range(KILLS):
        keys = [f"{kill}-{number}" for number in range(10)]
        await payers.begin(street.task(keys))
        await payers.until("ready")
        await asyncio.sleep(dice.uniform(0, 0.15))
        await payers.kill()
        # Whoever was not answered asks again, of a process that lives.
        await payers.begin(street.task(keys))
        await payers.until("done")
        await payers.kill()
    await street.finish()
    await street.check(database)
    assert len(await street.orders()) == KILLS * 10
    assert set(street.scheme.asked.values()) == {1}


async def test_control_survivors_that_send_without_asking_send_twice(
    street: Street, payers: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blindly(self: SchemeClient, outgoing: object) -> object:
        return await self.send(outgoing)  # type: ignore[arg-type]

    monkeypatch.setattr(SchemeClient, "inquire", blindly)
    await payers.begin(street.task(["one"], "after send"))
    await payers.until("after send")
    await payers.kill()
    await street.finish()
    assert set(street.scheme.asked.values()) == {2}
