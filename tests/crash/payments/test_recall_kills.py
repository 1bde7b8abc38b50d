"""Killed while it tells what recalls have become, or refunds claims: a survivor does it once."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from arriving import credit, opened, recall_by
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger, verify_book
from bezant.payments import OrderState
from bezant.payments.rails import Taken
from bezant.payments.returns.domain import Case, RecallState
from bezant.payments.returns.schemas import RecallAnswer, Verdict
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from customers import CustomerBank, open_bank
from fixtures_api import Api
from fixtures_ledger import Bank
from forking import Forks, forks
from paying import Desk, posted
from processes.returner import Task
from rails import SchemeRail
from schemes import Scheme, SchemeClient

SCRIPT = Path(__file__).parents[2] / "processes" / "returner.py"
KILLS = 6
EACH = 3


@dataclass
class Office:
    """Who is asked for money, a scheme, and who survives."""

    bank: CustomerBank
    desk: Desk
    scheme: Scheme
    app_url: str
    run_folder: Path
    socket: Path

    def task(
        self, *, recalls: list[UUID] | None = None, claims: list[UUID] | None = None, step: str = ""
    ) -> Task:
        return Task(
            self.app_url,
            str(self.run_folder),
            str(self.socket),
            self.bank.tenant.id,
            recalls or [],
            claims or [],
            step,
        )

    async def recalled(self, verdict: Verdict, account: str | None = None) -> UUID:
        """A credit that another bank asks for, and has its answer; the recall."""
        offered = await credit(self.bank, account or await opened(self.bank))
        receiver = self.desk.first.receiver
        assert isinstance(await receiver.credited(offered), Taken)
        case = await receiver.recalled(recall_by(self.bank, offered))
        assert isinstance(case, UUID)
        code = "CUST" if verdict is Verdict.REFUSE else None
        answer = await self.desk.first.recalls.answer(
            self.desk.teller.call(), case, RecallAnswer(verdict, code)
        )
        assert not answer.is_refusal
        return case

    async def case(self, recall: UUID) -> Case:
        return await self.desk.first.recalls.case(self.bank.tenant.id, recall)

    async def verify(self, database: Database) -> None:
        report = await verify_book(database, self.bank.tenant.id, UUID(self.bank.book))
        assert report.findings == []


@pytest.fixture(scope="module")
async def returners() -> AsyncIterator[Forks]:
    """A process that tells and refunds."""
    async with forks(SCRIPT) as returners:
        yield returners


@pytest.fixture
async def office(
    api: Api, database: Database, ledger: Ledger, app_url: str, run_folder: Path, tmp_path: Path
) -> AsyncIterator[Office]:
    clock, ids, socket = SystemClock(), TimeOrderedIds(), tmp_path / "scheme"
    accounts = Banking.of(database, clock, ids, ledger, Unsealed(), bytes(32)).accounts
    rails = {"scheme": SchemeClient(socket)}
    payments = Payments.of(database, clock, ids, ledger, accounts, bytes(32), rails)
    async with api.tenant() as tenant, Scheme().serving(socket) as scheme:
        bank = await open_bank(tenant)
        teller = Bank(ledger, database, tenant.id, UUID(bank.book))
        desk = Desk(payments, payments, SchemeRail(), teller)
        yield Office(bank, desk, scheme, app_url, run_folder, socket)


@pytest.mark.parametrize(("step", "is_told"), [("before tell", False), ("after tell", True)])
async def test_what_is_given_back_by_whom_was_killed_is_given_back_by_a_survivor(
    office: Office, returners: Forks, database: Database, step: str, *, is_told: bool
) -> None:
    account = await opened(office.bank)
    recall = await office.recalled(Verdict.ACCEPT, account)
    await returners.begin(office.task(recalls=[recall], step=step))
    await returners.until(step)
    await returners.kill()
    assert (await office.case(recall)).state is RecallState.RETURNING
    assert len(office.scheme.told) == is_told
    for _ in range(2):
        assert isinstance(await office.desk.tell(recall), Done)
    case = await office.case(recall)
    assert case.state is RecallState.ACCEPTED
    assert [word for word, _ in office.scheme.told.values()] == ["return"]
    assert list(office.scheme.asked.values()) == [1 + is_told]
    assert (await office.desk.state_of(case.order_id)).state is OrderState.RETURNED
    assert (await office.bank.balance(account))["booked"] == "0"
    await office.verify(database)


@pytest.mark.parametrize("step", ["before tell", "after tell"])
async def test_requests_and_refusals_of_whom_was_killed_are_told_by_a_survivor(
    office: Office, returners: Forks, step: str
) -> None:
    made = await office.desk.carried_out(await office.bank.funded(5_000))
    asked = await office.bank.tenant.create(f"/v1/payments/{made.id}/recall", {"reason": "FRAD"})
    for recall, word in (
        (UUID(asked["id"]), "recall"),
        (await office.recalled(Verdict.REFUSE), "refusal"),
    ):
        office.scheme.told.clear()
        await returners.begin(office.task(recalls=[recall], step=step))
        await returners.until(step)
        await returners.kill()
        assert isinstance(await office.desk.tell(recall), Done)
        assert [said for said, _ in office.scheme.told.values()] == [word]


async def test_kills_at_any_moment_give_nothing_back_twice(
    office: Office, returners: Forks, database: Database
) -> None:
    dice, account = random.Random(7), await opened(office.bank)
    recalls = [await office.recalled(Verdict.ACCEPT, account) for _ in range(KILLS * EACH)]
    for kill in range(KILLS):
        await returners.begin(office.task(recalls=recalls[kill * EACH : (kill + 1) * EACH]))
        await returners.until("ready")
        await asyncio.sleep(dice.uniform(0, 0.1))
        await returners.kill()
    for recall in recalls:
        assert isinstance(await office.desk.tell(recall), Done)
        assert (await office.case(recall)).state is RecallState.ACCEPTED
    assert len(office.scheme.told) == len(recalls)
    balance = await office.bank.balance(account)
    assert (balance["booked"], balance["available"]) == ("0", "50000")
    await office.verify(database)


async def test_control_a_repeat_under_another_name_is_a_second_return(
    office: Office, returners: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    recall = await office.recalled(Verdict.ACCEPT)
    await returners.begin(office.task(recalls=[recall], step="after tell"))
    await returners.until("after tell")
    await returners.kill()
    at = (await office.case(recall)).answered_at
    monkeypatch.setattr("bezant.payments.returns.recalls.told_as", lambda _: (uuid4(), at))
    await office.desk.tell(recall)
    assert len(office.scheme.told) == 2


async def test_claims_of_whom_was_killed_are_refunded_once(
    office: Office, returners: Forks, database: Database
) -> None:
    dice, payer = random.Random(5), await office.bank.funded(100_000)
    claims = []
    for _ in range(KILLS * EACH):
        made = await office.desk.carried_out(payer, 100)
        assert made.state is OrderState.SETTLED
        path = f"/v1/payments/{made.id}/unauthorised"
        await office.bank.tenant.create(path, {"refund": "when_due"})
        claims.append(made.id)
    for kill in range(KILLS):
        await returners.begin(office.task(claims=claims[kill * EACH : (kill + 1) * EACH]))
        await returners.until("ready")
        await asyncio.sleep(dice.uniform(0, 0.05))
        await returners.kill()
    for order_id in claims:
        assert isinstance(await office.desk.pay_claim(order_id), Done)
        assert await posted(office.bank, f"unauthorised:{order_id}") == "100"
    assert (await office.bank.balance(payer))["booked"] == "100000"
    await office.verify(database)
