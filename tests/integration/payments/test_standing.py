"""Standing orders: one payment a day of the rule, once, whatever happens around it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec

from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Again, Done, Outcome
from bezant.payments.orders.jobs import DUE, Due
from bezant.payments.orders.schemas import Creditor
from bezant.payments.standing.records import RUN, Run, payment_id
from bezant.payments.standing.riders import CreateStandingOrder
from bezant.payments.standing.rules import Every, Rule
from bezant.payments.standing.schemas import NewStandingOrder, StandingOrder
from bulks import job_of
from customers import CustomerBank
from fixtures_api import Tenant, fresh_key
from paying import OWN_PAYEE, Desk

if TYPE_CHECKING:
    from datetime import date

TODAY: "date" = datetime.now(UTC).date()
WEEK = timedelta(weeks=1)


def asked(payer: str, payee: str, rule: dict[str, Any], **more: object) -> dict[str, Any]:
    return {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "100",
        "rule": rule,
        **more,
    }


async def two(bank: CustomerBank, amount: int = 10_000) -> tuple[str, str]:
    return await bank.funded(amount), (await bank.open())["id"]


async def missed(desk: Desk, payer: str, payee: str, rule: Rule) -> StandingOrder:
    """A standing order whose first days are over: as if nobody had worked since."""
    tenant_id, standing_id = desk.teller.tenant_id, TimeOrderedIds().new()
    new = NewStandingOrder(UUID(payer), Creditor(account_id=UUID(payee)), "EUR", "100", rule)
    sealed = desk.first.orders.sealed(tenant_id, standing_id, msgspec.json.encode(new))
    rider = CreateStandingOrder(
        standing_id, UUID(payer), None, rule, "EUR", 100, sealed, OWN_PAYEE, "key:test"
    )
    answer = await desk.teller.ledger.submit(desk.teller.call(), desk.teller.book_id, rider)
    return answer.value(StandingOrder)


async def run(desk: Desk, standing_id: UUID, no: int) -> Outcome:
    return await desk.second.standing_runs.run(
        job_of(RUN.name, desk.teller.tenant_id, Run(standing_id, no))
    )


async def catch_up(desk: Desk, standing_id: UUID, days: int) -> None:
    """What the jobs do, each coming twice at once."""
    for no in range(1, days + 1):
        outcomes = await asyncio.gather(*(run(desk, standing_id, no) for _ in range(2)))
        assert all(isinstance(outcome, Done) for outcome in outcomes)
        due = job_of(DUE.name, desk.teller.tenant_id, Due(payment_id(standing_id, no)))
        await asyncio.gather(*(desk.second.due.carry_out(due) for _ in range(2)))


async def test_days_that_were_missed_are_caught_up_once_each(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    rule = Rule(Every.WEEK, TODAY - 2 * WEEK, last=TODAY + WEEK)
    standing = await missed(desk, payer, payee, rule)
    await catch_up(desk, standing.id, 3)
    assert (await bank.balance(payee))["booked"] == "300"
    early = await run(desk, standing.id, 4)
    assert isinstance(early, Again)
    path = f"/v1/standing-orders/{standing.id}"
    found = (await own.client.get(path)).json()
    assert (found["made"], found["failed"], found["status"]) == (3, 0, "active")
    assert found["upcoming"] == [str(TODAY + WEEK)]
    days = (await own.client.get(f"{path}/occurrences?limit=2")).json()
    assert [each["no"] for each in days["occurrences"]] == [1, 2]
    assert days["occurrences"][0]["payment_id"] == str(payment_id(standing.id, 1))
    rest = await own.client.get(f"{path}/occurrences?limit=2&cursor={days['next']}")
    assert [each["no"] for each in rest.json()["occurrences"]] == [3]


async def test_its_last_day_completes_it(bank: CustomerBank, desk: Desk) -> None:
    payer, payee = await two(bank)
    standing = await missed(desk, payer, payee, Rule(Every.WEEK, TODAY - WEEK, count=2))
    await catch_up(desk, standing.id, 2)
    ended = await desk.first.standing.standing(desk.teller.tenant_id, standing.id)
    assert (ended.status, ended.made) == ("completed", 2)


async def test_a_day_whose_payment_is_refused_is_recorded_and_does_not_stop_the_next(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    standing = await missed(desk, payer, payee, Rule(Every.WEEK, TODAY - WEEK, count=2))
    await _set_party(bank, desk, standing.id)
    assert isinstance(await run(desk, standing.id, 1), Done)
    path = f"/v1/standing-orders/{standing.id}/occurrences"
    [first] = (await own.client.get(path)).json()["occurrences"]
    assert (first["payment_id"], first["code"]) == (None, "MAY_NOT_ACT")
    assert (await desk.first.standing.standing(desk.teller.tenant_id, standing.id)).next_no == 2


async def _set_party(bank: CustomerBank, desk: Desk, standing_id: UUID) -> None:
    """Have it say that somebody orders who has no mandate (any more)."""
    standing = await desk.first.standing.standing(desk.teller.tenant_id, standing_id)
    opened = desk.first.orders.opened(desk.teller.tenant_id, standing_id, standing.sealed)
    changed = opened.replace(b'"party_id":null', b'"party_id":"%s"' % str(uuid4()).encode())
    assert changed != opened
    sealed = desk.first.orders.sealed(desk.teller.tenant_id, standing_id, changed)
    await bank.tenant.database.fetch(
        "UPDATE standing_order SET sealed = $3 WHERE tenant_id = $1 AND standing_id = $2",
        desk.teller.tenant_id,
        standing_id,
        sealed,
    )


async def test_it_is_amended_and_cancelled(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, payee = await two(bank)
    rule = {"every": "month", "first": str(TODAY + WEEK), "day_of_month": 31}
    text = "Rent of the flat"
    made = await own.create("/v1/standing-orders", asked(payer, payee, rule, remittance=text))
    path = f"/v1/standing-orders/{made['id']}"
    amended = await own.post(f"{path}/amend", {"amount": "250"})
    assert (amended.status_code, amended.json()["amount"]) == (200, "250")
    listed = await own.client.get(f"/v1/standing-orders?debtor_account={payer}")
    assert [each["amount"] for each in listed.json()["standing_orders"]] == ["250"]
    over = await own.post(f"{path}/amend", {"last": "2020-01-01"})
    assert (over.status_code, over.json()["code"]) == (422, "NO_OCCURRENCE")
    cancelled = await own.post(f"{path}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["upcoming"]) == (200, [])
    again = await own.post(f"{path}/cancel", {})
    assert (again.status_code, again.json()["code"]) == (409, "STANDING_ORDER_ENDED")
    assert isinstance(await run(desk, UUID(made["id"]), 1), Done)
    [row] = await database.fetch(
        "SELECT sealed FROM standing_order WHERE tenant_id = $1 AND standing_id = $2",
        own.id,
        UUID(made["id"]),
    )
    assert text.encode() not in row["sealed"]


async def test_of_a_cancelling_and_a_day_at_once_the_payment_is_made_or_not(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    for _ in range(5):
        standing = await missed(desk, payer, payee, Rule(Every.WEEK, TODAY, count=1))
        await asyncio.gather(
            desk.first.standing.cancel(desk.teller.call(), standing.id),
            run(desk, standing.id, 1),
        )
        ended = await desk.first.standing.standing(desk.teller.tenant_id, standing.id)
        assert (ended.status, ended.made) in {("cancelled", 0), ("completed", 1)}


async def test_what_was_amended_while_its_day_was_prepared_is_prepared_again(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, payee = await two(bank)
    standing = await missed(desk, payer, payee, Rule(Every.WEEK, TODAY, count=1))
    stale = await desk.first.standing.standing(desk.teller.tenant_id, standing.id)
    path = f"/v1/standing-orders/{standing.id}/amend"
    amended = await bank.tenant.client.post(path, json={"amount": "7"}, headers=fresh_key())
    assert amended.status_code == 200
    runs = desk.second.standing_runs
    made = await runs._made(desk.teller.tenant_id, stale)
    assert await runs._submit(desk.teller.tenant_id, stale, made, None) == "changed"
    await catch_up(desk, standing.id, 1)
    assert (await bank.balance(payee))["booked"] == "7"


async def test_a_first_day_that_is_over_is_refused(own: Tenant, bank: CustomerBank) -> None:
    payer, payee = await two(bank)
    rule = {"every": "week", "first": str(TODAY - WEEK)}
    answer = await own.post("/v1/standing-orders", asked(payer, payee, rule))
    assert (answer.status_code, answer.json()["code"]) == (422, "DAY_OUT_OF_REACH")
