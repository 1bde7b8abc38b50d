"""Payments on a day: judged when it comes, tried until it ends, carried out once."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Again, Done, Outcome
from bezant.payments import DuePayments, NewPayment, OrderState, Payment
from bezant.payments.orders.jobs import DUE, Due
from bezant.payments.orders.schemas import Cancellation, Creditor
from bulks import job_of
from customers import CustomerBank, new_party
from fixtures_api import Tenant
from paying import Desk

if TYPE_CHECKING:
    from bezant.kernel.database import Database

DAY = timedelta(days=1)
YESTERDAY = (datetime.now(UTC) - DAY).date()
TOMORROW = (datetime.now(UTC) + 2 * DAY).date()


@dataclass
class Standing:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


async def ordered(
    desk: Desk,
    payer: str,
    payee: str,
    amount: int = 100,
    day: date = YESTERDAY,
    party: str | None = None,
) -> Payment:
    """Have an order taken, for a day that may be over: it stands in for waiting for it."""
    new = NewPayment(
        UUID(payer),
        Creditor(account_id=UUID(payee)),
        "EUR",
        str(amount),
        party_id=None if party is None else UUID(party),
        execute_on=day,
    )
    call = desk.teller.call()
    prepared = await desk.first.orders.prepared(call.tenant_id, new, TimeOrderedIds().new())
    return (await desk.first.orders.order_prepared(call, prepared)).value(Payment)


async def carry_out(desk: Desk, order_id: UUID, at: datetime | None = None) -> Outcome:
    """What the job does, at another instant if one is given."""
    due = desk.first.due
    if at is not None:
        due = DuePayments(
            desk.first.orders,
            desk.teller.ledger,
            Standing(at),
            TimeOrderedIds(),
            desk.first.execution.begin,
        )
    job = job_of(DUE.name, desk.teller.tenant_id, Due(order_id))
    return await due.carry_out(job)


async def test_who_signed_and_left_has_no_payment_carried_out(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    leaving, staying = await new_party(own), await new_party(own)
    path = f"/v1/accounts/{payer}/parties"
    for party in (leaving, staying):
        await own.create(path, {"party_id": party, "role": "holder"})
    kept, left, silent = [
        await ordered(desk, payer, payee, party=party) for party in (staying, leaving, None)
    ]
    await own.create(f"{path}/{leaving}/remove", {"role": "holder"})
    for payment in (kept, silent):
        assert await carry_out(desk, payment.id, noon(YESTERDAY)) == Done()
    waits = await carry_out(desk, left.id, noon(YESTERDAY))
    assert isinstance(waits, Again)
    assert waits.reason == "SIGNATURES_NEEDED"
    assert await carry_out(desk, left.id) == Done()
    after = (await own.client.get(f"/v1/payments/{left.id}")).json()
    assert (after["state"], after["reason"]) == ("rejected", "SIGNATURES_NEEDED")
    assert (await bank.balance(payee))["booked"] == "200"


async def two(bank: CustomerBank, amount: int = 10_000) -> tuple[str, str]:
    return await bank.funded(amount), (await bank.open())["id"]


async def test_a_payment_for_a_day_reserves_nothing_until_then(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "100",
        "execute_on": TOMORROW.isoformat(),
    }
    made = await own.create("/v1/payments", new)
    assert (made["state"], made["execute_on"]) == ("scheduled", TOMORROW.isoformat())
    assert (await bank.balance(payer))["available"] == "60000"
    early = await carry_out(desk, UUID(made["id"]))
    assert isinstance(early, Again)
    assert early.wait is not None
    assert timedelta(0) < early.wait <= 2 * DAY
    assert (await bank.balance(payee))["booked"] == "0"


@pytest.mark.parametrize("day", [YESTERDAY - DAY, TOMORROW + timedelta(days=370)])
async def test_no_payment_is_ordered_for_a_day_that_is_over_or_far(
    own: Tenant, bank: CustomerBank, day: date
) -> None:
    payer, payee = await two(bank)
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "100",
        "execute_on": day.isoformat(),
    }
    answer = await own.post("/v1/payments", new)
    assert (answer.status_code, answer.json()["code"]) == (422, "DAY_OUT_OF_REACH")


async def test_on_its_day_it_is_carried_out_once_whoever_comes(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    made = await ordered(desk, payer, payee)
    assert made.state is OrderState.SCHEDULED
    outcomes = await asyncio.gather(*(carry_out(desk, made.id) for _ in range(10)))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert (await bank.balance(payee))["booked"] == "100"


async def test_on_its_day_it_leaves_by_its_rail(bank: CustomerBank, desk: Desk) -> None:
    payer = await bank.funded()
    creditor = Creditor(iban="GB33BUKB20201555555555", name="Grace Hopper")
    new = NewPayment(
        UUID(payer), creditor, "EUR", "100", "Ada Lovelace", "scheme", execute_on=YESTERDAY
    )
    call = desk.teller.call()
    prepared = await desk.first.orders.prepared(call.tenant_id, new, TimeOrderedIds().new())
    made = (await desk.first.orders.order_prepared(call, prepared)).value(Payment)
    assert isinstance(await carry_out(desk, made.id), Done)
    await desk.first.execution.close()
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert list(desk.rail.sent.values()) == [1]


async def test_without_money_it_is_tried_until_the_day_ends_and_then_rejected(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank, 0 + 1)
    made = await ordered(desk, payer, payee, 70_000)
    waits = await carry_out(desk, made.id, noon(YESTERDAY))
    assert isinstance(waits, Again)
    assert (waits.reason, waits.wait) == ("OVERDRAFT_EXCEEDED", timedelta(minutes=15))
    last = await carry_out(desk, made.id, noon(YESTERDAY) + timedelta(hours=11, minutes=59))
    assert isinstance(last, Again)
    assert last.wait == timedelta(minutes=1), "the last try is made as the day ends"
    assert (await desk.state_of(made.id)).state is OrderState.SCHEDULED
    assert isinstance(await carry_out(desk, made.id), Done)
    ended = await desk.state_of(made.id)
    assert (ended.state, ended.reason) == (OrderState.REJECTED, "OVERDRAFT_EXCEEDED")


async def test_money_that_comes_during_the_day_pays_it(bank: CustomerBank, desk: Desk) -> None:
    account = await bank.open()
    payee = (await bank.open())["id"]
    made = await ordered(desk, account["id"], payee, 70_000)
    assert isinstance(await carry_out(desk, made.id, noon(YESTERDAY)), Again)
    await bank.fund(account, 70_000)
    assert isinstance(await carry_out(desk, made.id, noon(YESTERDAY)), Done)
    assert (await bank.balance(payee))["booked"] == "70000"


async def test_what_is_cancelled_before_its_day_is_not_carried_out(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    made = await ordered(desk, payer, payee)
    answer = await desk.first.orders.cancel(desk.teller.call(), made.id, Cancellation("regret"))
    assert answer.value(Payment).state is OrderState.CANCELLED
    assert isinstance(await carry_out(desk, made.id), Done)
    assert (await bank.balance(payee))["booked"] == "0"


async def test_of_a_cancelling_and_its_day_at_once_one_wins(bank: CustomerBank, desk: Desk) -> None:
    payer, payee = await two(bank)
    for _ in range(10):
        made = await ordered(desk, payer, payee)
        before = int((await bank.balance(payee))["booked"])
        _, outcome = await asyncio.gather(
            desk.first.orders.cancel(desk.teller.call(), made.id, Cancellation("regret")),
            carry_out(desk, made.id),
        )
        assert isinstance(outcome, Done)
        paid = int((await bank.balance(payee))["booked"]) - before
        state = (await desk.state_of(made.id)).state
        assert (state, paid) in {(OrderState.SETTLED, 100), (OrderState.CANCELLED, 0)}


async def test_its_job_is_made_with_it_for_the_beginning_of_the_day(
    bank: CustomerBank, desk: Desk, database: "Database"
) -> None:
    payer, payee = await two(bank)
    made = await ordered(desk, payer, payee, day=TOMORROW)
    rows = await database.fetch(
        "SELECT run_at, payload FROM job WHERE tenant_id = $1 AND kind = $2",
        desk.teller.tenant_id,
        DUE.name,
    )
    [run_at] = [row["run_at"] for row in rows if str(made.id).encode() in row["payload"]]
    assert run_at == noon(TOMORROW) - timedelta(hours=12)
