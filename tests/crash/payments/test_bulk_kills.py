"""Killed in the middle of a file or a day: whoever comes next finishes, and pays nothing twice."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger, verify_book
from bezant.payments import BulkPayeeRuns, NewPayment, OrderState, Payment
from bezant.payments.orders.domain import Attempt
from bezant.payments.orders.jobs import DUE, Due
from bezant.payments.orders.schemas import Creditor
from bezant.payments.sandbox.vop import SandboxPayee, SandboxResponder
from bezant.payments.standing.records import RUN, Run, payment_id
from bezant.payments.standing.riders import CreateStandingOrder
from bezant.payments.standing.rules import Every, Rule
from bezant.payments.standing.schemas import NewStandingOrder
from bezant.payments.vop import ListedPayees, Patience
from bezant.server.banking import Banking
from bezant.server.payees import Payees
from bezant.server.payments import Payments
from bulks import job_of, pain_file, processed, taken, transfer, verify_chunk, written
from customers import CustomerBank, open_bank
from fixtures_api import Api
from fixtures_ledger import Bank
from forking import Forks, forks
from payees import OUTSIDE, answering
from paying import OWN_PAYEE, Desk
from processes.bulk_payer import Task
from rails import SchemeRail
from schemes import Scheme, SchemeClient

if TYPE_CHECKING:
    from datetime import date

SCRIPT = Path(__file__).parents[2] / "processes" / "bulk_payer.py"
ITEMS = 150
KILLS = 8
DAYS = 12
FUNDS = 10_000_000
YESTERDAY: "date" = (datetime.now(UTC) - timedelta(days=1)).date()


@dataclass
class Office:
    """Who pays whom, and what a process of its own needs to know."""

    bank: CustomerBank
    payer: str
    payee: str
    desk: Desk
    scheme: Scheme
    app_url: str
    run_folder: Path
    socket: Path

    def task(self, **more: Any) -> Task:  # noqa: ANN401 - members of the task
        return Task(
            self.app_url, str(self.run_folder), str(self.socket), self.bank.tenant.id, **more
        )

    async def file(self) -> dict[str, Any]:
        """A file of payments to an account here, and to accounts elsewhere."""
        here, elsewhere = await self.bank.iban(self.payee), "GB33BUKB20201555555555"
        transfers = [
            transfer(uuid4().hex, "1.00", elsewhere if number % 3 else here)
            for number in range(ITEMS)
        ]
        content = pain_file(uuid4().hex, await self.bank.iban(self.payer), transfers)
        return await taken(self.bank.tenant, content, query="?rail=scheme")

    async def unverified_file(self, count: int) -> dict[str, Any]:
        """A file of payments to one payee of another bank, who is to be verified."""
        transfers = [transfer(uuid4().hex, "1.00", OUTSIDE, "Grace Hopper") for _ in range(count)]
        content = pain_file(uuid4().hex, await self.bank.iban(self.payer), transfers)
        return await taken(self.bank.tenant, content, query="?rail=scheme&payees=verify")

    async def verdicts(self, bulk: dict[str, Any]) -> dict[str | None, int]:
        """What was found of the payees of a file: how often which; None is nothing so far."""
        path = f"/v1/bulk-payments/{bulk['id']}/verification"
        shown = (await self.bank.tenant.client.get(path)).json()
        return {each["verdict"]: each["count"] for each in shown["tallies"]}

    async def orders(self) -> dict[UUID, OrderState]:
        page = await self.desk.first.orders.page(
            self.bank.tenant.id, UUID(self.payer), after=None, limit=1_000
        )
        return {payment.id: payment.state for payment in page.payments}

    async def survive(self) -> None:
        """What the jobs of attempts do that nobody sends any more."""
        await self.desk.first.execution.close()
        for order_id, state in (await self.orders()).items():
            if state is OrderState.SENDING:
                assert isinstance(await self.desk.survive(order_id), Done)

    async def check(self, database: Database, payments: int, amount: int = 100) -> None:
        """As many payments as there should be, each carried out once, as the money says too."""
        states = await self.orders()
        assert len(states) == payments
        assert set(states.values()) == {OrderState.SETTLED}
        assert set(self.scheme.asked.values()) <= {1}
        balance = await self.bank.balance(self.payer)
        assert balance["booked"] == str(FUNDS - payments * amount)
        report = await verify_book(database, self.bank.tenant.id, UUID(self.bank.book))
        assert report.findings == []


@pytest.fixture(scope="module")
async def workers() -> AsyncIterator[Forks]:
    async with forks(SCRIPT) as workers:
        yield workers


@pytest.fixture
async def office(
    api: Api,
    database: Database,
    ledger: Ledger,
    app_url: str,
    run_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:
    # The lane is this process's: it lets survivors take over at once, so that nobody waits.
    monkeypatch.setattr(Attempt, "is_free", lambda *_: True)
    clock, ids, socket = SystemClock(), TimeOrderedIds(), tmp_path / "scheme"
    accounts = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32)).accounts
    rails = {"scheme": SchemeClient(socket)}
    payments = Payments.of(database, clock, ids, ledger, accounts, bytes(32), rails)
    async with api.tenant() as tenant, Scheme().serving(socket) as scheme:
        bank = await open_bank(tenant)
        payer, payee = await bank.funded(FUNDS), str((await bank.open())["id"])
        teller = Bank(ledger, database, tenant.id, UUID(bank.book))
        desk = Desk(payments, payments, SchemeRail(), teller)
        yield Office(bank, payer, payee, desk, scheme, app_url, run_folder, socket)


@pytest.fixture
async def verifying(
    office: Office, database: Database, ledger: Ledger, tmp_path: Path
) -> AsyncIterator[BulkPayeeRuns]:
    """The jobs of a process that lives, and knows the payees' bank."""
    clock, ids = SystemClock(), TimeOrderedIds()
    banking = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32))
    responder = SandboxResponder({OUTSIDE: SandboxPayee(("Grace Hopper",))})
    async with answering(tmp_path, responder) as listed:
        payees = Payees.of(
            database, clock, ids, banking, Unsealed(), bytes(32), ListedPayees([listed]), Patience()
        )
        yield payees.of_files(database, office.desk.first.orders)
        await payees.asker.close()


async def killed(office: Office, workers: Forks, task: Task, dice: random.Random) -> None:
    """Have a process begin, and kill it at some moment."""
    await workers.begin(task)
    await workers.until("ready")
    await asyncio.sleep(dice.uniform(0, 0.2))
    await workers.kill()
    assert office.payer


async def test_a_file_whose_workers_are_killed_pays_each_of_its_payments_once(
    office: Office, workers: Forks, database: Database
) -> None:
    bulk, dice = await office.file(), random.Random(7)
    task = office.task(bulk_id=UUID(bulk["id"]), chunks=2)
    for _ in range(KILLS):
        await killed(office, workers, task, dice)
    await processed(database, office.desk, bulk)
    await office.survive()
    await office.check(database, ITEMS)


async def test_payments_that_were_ordered_and_not_recorded_are_found_ordered(
    office: Office, workers: Forks, database: Database
) -> None:
    bulk = await office.file()
    task = office.task(bulk_id=UUID(bulk["id"]), chunks=1, step="ordered")
    await workers.begin(task)
    await workers.until("ordered")
    await workers.kill()
    assert len(await office.orders()) == 100
    waiting = await database.fetch(
        "SELECT item_no FROM bulk_item WHERE tenant_id = $1 AND bulk_id = $2"
        " AND outcome = 'waiting'",
        office.bank.tenant.id,
        UUID(bulk["id"]),
    )
    assert len(waiting) == ITEMS
    await processed(database, office.desk, bulk)
    await office.survive()
    await office.check(database, ITEMS)


async def test_payees_whose_verification_was_killed_are_asked_about_by_a_survivor(
    office: Office, workers: Forks, database: Database, verifying: BulkPayeeRuns
) -> None:
    tenant, bulk = office.bank.tenant, await office.unverified_file(3)
    await workers.begin(office.task(bulk_id=_id(bulk), verified=1, step="verified"))
    await workers.until("verified")
    await workers.kill()
    assert await office.verdicts(bulk) == {None: 3}, (
        "nothing is kept of an attempt that did not end"
    )
    for _ in range(2):
        await written(database, tenant.id, await verify_chunk(verifying, tenant.id, _id(bulk)))
    assert await office.verdicts(bulk) == {"match": 3}
    path = f"/v1/bulk-payments/{bulk['id']}"
    shown = (await tenant.client.get(f"{path}/verification")).json()
    confirmed = await tenant.post(f"{path}/confirm", {"digest": shown["digest"]})
    assert confirmed.status_code == 200, confirmed.text
    await processed(database, office.desk, bulk)
    await office.survive()
    await office.check(database, 3)


async def test_payees_of_a_file_are_verified_once_whoever_is_killed(
    office: Office, workers: Forks, database: Database, verifying: BulkPayeeRuns
) -> None:
    tenant, bulk = office.bank.tenant, await office.unverified_file(ITEMS)
    dice, task = random.Random(7), office.task(bulk_id=_id(bulk), verified=2)
    for _ in range(KILLS // 2):
        await killed(office, workers, task, dice)
    for chunk_no in range(2):
        outcome = await verify_chunk(verifying, tenant.id, _id(bulk), chunk_no)
        await written(database, tenant.id, outcome)
    found = await office.verdicts(bulk)
    assert (sum(found.values()), found.keys() <= {"match", "not_possible"}) == (ITEMS, True)
    assert (await tenant.client.get(f"/v1/bulk-payments/{bulk['id']}")).json()["status"] == (
        "awaiting_confirmation"
    )


def _id(bulk: dict[str, Any]) -> UUID:
    return UUID(bulk["id"])


async def test_control_without_an_identifier_of_its_own_a_payment_is_made_twice(
    office: Office, workers: Forks, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = await office.file()
    task = office.task(bulk_id=UUID(bulk["id"]), chunks=1, step="ordered")
    await workers.begin(task)
    await workers.until("ordered")
    await workers.kill()
    prepared = office.desk.first.orders.prepared

    async def under_another(tenant_id: UUID, new: NewPayment, _: UUID) -> object:
        return await prepared(tenant_id, new, TimeOrderedIds().new())

    monkeypatch.setattr(office.desk.first.orders, "prepared", under_another)
    await processed(database, office.desk, bulk)
    assert len(await office.orders()) == ITEMS + 100


async def test_payments_for_a_day_whose_workers_are_killed_are_carried_out_once(
    office: Office, workers: Forks, database: Database
) -> None:
    due, orders, call = [], office.desk.first.orders, office.desk.teller.call
    for number in range(60):
        creditor = Creditor(account_id=UUID(office.payee))
        rail = None
        if number % 2:
            creditor = Creditor(iban="GB33BUKB20201555555555", name="Grace Hopper")
            rail = "scheme"
        new = NewPayment(
            UUID(office.payer), creditor, "EUR", "100", "Ada", rail, execute_on=YESTERDAY
        )
        prepared = await orders.prepared(call().tenant_id, new, TimeOrderedIds().new())
        due.append((await orders.order_prepared(call(), prepared)).value(Payment).id)
    dice = random.Random(5)
    for _ in range(KILLS):
        await killed(office, workers, office.task(due=due), dice)
    for order_id in due:
        job = job_of(DUE.name, office.bank.tenant.id, Due(order_id))
        assert isinstance(await office.desk.first.due.carry_out(job), Done)
    await office.survive()
    await office.check(database, len(due))


async def test_a_standing_order_whose_workers_are_killed_pays_each_day_once(
    office: Office, workers: Forks, database: Database
) -> None:
    tenant_id, standing_id = office.bank.tenant.id, TimeOrderedIds().new()
    rule = Rule(Every.WEEK, YESTERDAY - timedelta(weeks=DAYS), count=DAYS)
    creditor = Creditor(account_id=UUID(office.payee))
    new = NewStandingOrder(UUID(office.payer), creditor, "EUR", "100", rule)
    content = msgspec.json.encode(new)
    sealed = office.desk.first.orders.sealed(tenant_id, standing_id, content)
    rider = CreateStandingOrder(
        standing_id, UUID(office.payer), None, rule, "EUR", 100, sealed, OWN_PAYEE, "key:test"
    )
    teller = office.desk.teller
    assert (await teller.ledger.submit(teller.call(), teller.book_id, rider)).status == 201
    due = [payment_id(standing_id, no) for no in range(1, DAYS + 1)]
    dice = random.Random(3)
    for _ in range(KILLS):
        await killed(office, workers, office.task(standing=standing_id, days=DAYS), dice)
    for no, order_id in enumerate(due, 1):
        ran = job_of(RUN.name, tenant_id, Run(standing_id, no))
        assert isinstance(await office.desk.first.standing_runs.run(ran), Done)
        job = job_of(DUE.name, tenant_id, Due(order_id))
        assert isinstance(await office.desk.first.due.carry_out(job), Done)
    await office.check(database, DAYS)
