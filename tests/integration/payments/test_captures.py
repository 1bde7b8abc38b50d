"""Captures: money reserved first, and taken later, in parts, never more than there is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Done, Job
from bezant.ledger import verify_book
from bezant.payments.captures.jobs import EXPIRE, Expire
from customers import CustomerBank, new_party
from fixtures_api import Tenant, fresh_key
from paying import Desk
from shopping import Shop, code_of, open_shop


@pytest.fixture
async def shop(bank: CustomerBank) -> Shop:
    return await open_shop(bank)


def due(tenant: Tenant, payment: str) -> Job[Expire]:
    """The job that was made with an authorisation."""
    return Job(
        id=uuid4(),
        tenant_id=tenant.id,
        kind=EXPIRE.name,
        payload=Expire(UUID(payment)),
        attempt=1,
        epoch=1,
        key=None,
        order=0,
        since=datetime.now(UTC),
    )


async def test_what_is_authorised_is_reserved_and_nobody_is_paid(shop: Shop) -> None:
    payment = await shop.authorize(400)
    assert await shop.money() == (10_000, 400, 0)
    assert await shop.steps(payment) == ["received", "authorized"]


async def test_a_payment_is_captured_in_parts_and_the_last_gives_the_rest_back(
    shop: Shop,
) -> None:
    payment = await shop.authorize(400)
    for amount, final in ((100, False), (150, False), (50, True)):
        made = await shop.ask(payment, "captures", amount=str(amount), final=final)
        assert made.status_code == 201, made.text
    assert await shop.money() == (9_700, 0, 300)
    standing = await shop.standing(payment)
    assert (standing["captured"], standing["remaining"]) == ("300", "0")
    assert await shop.steps(payment) == [
        "received",
        "authorized",
        "partially_captured",
        "partially_captured",
        "captured",
    ]
    answer = await shop.bank.tenant.client.get(f"/v1/payments/{payment}/captures?limit=2")
    listed = answer.json()
    assert [each["amount"] for each in listed["captures"]] == ["100", "150"]
    further = f"/v1/payments/{payment}/captures?limit=2&cursor={listed['next']}"
    rest = (await shop.bank.tenant.client.get(further)).json()
    assert [each["amount"] for each in rest["captures"]] == ["50"]


async def test_no_more_is_captured_than_what_remains_and_nothing_of_what_is_over(
    shop: Shop,
) -> None:
    payment = await shop.authorize(100)
    above = await shop.ask(payment, "captures", amount="101")
    assert code_of(above) == (422, "CAPTURE_ABOVE_AUTHORIZED")
    assert (await shop.ask(payment, "captures")).status_code == 201
    for what, body in (
        ("captures", {}),
        ("void", {"reason": "late"}),
        ("increment", {"amount": "1"}),
    ):
        answer = await shop.ask(payment, what, **body)
        assert code_of(answer) == (409, "AUTHORIZATION_NOT_OPEN")


async def test_of_many_captures_at_once_as_many_pass_as_there_is_room_for(shop: Shop) -> None:
    payment = await shop.authorize(100)
    answers = await asyncio.gather(*(shop.ask(payment, "captures", amount="30") for _ in range(30)))
    assert [answer.status_code for answer in answers].count(201) == 3
    assert await shop.money() == (9_910, 10, 90)


async def test_a_capture_that_is_repeated_captures_nothing_more(shop: Shop) -> None:
    payment, key = await shop.authorize(100), fresh_key()
    path, body = f"/v1/payments/{payment}/captures", {"amount": "40"}
    answers = await asyncio.gather(*(shop.bank.tenant.post(path, body, **key) for _ in range(10)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert (await shop.standing(payment))["captured"] == "40"


async def test_what_is_voided_is_the_payers_again_and_its_limits_too(shop: Shop) -> None:
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "500"}]}
    path = f"/v1/accounts/{shop.payer}/limits"
    done = await shop.bank.tenant.client.put(path, json=limits, headers=fresh_key())
    assert done.status_code == 200, done.text
    payment = await shop.authorize(300)
    assert (await shop.ask(payment, "increment", amount="200")).status_code == 200
    above = await shop.bank.tenant.post("/v1/authorizations", shop.order(1))
    assert code_of(above) == (422, "LIMIT_EXCEEDED")
    voided = await shop.ask(payment, "void", reason="out_of_stock")
    assert voided.json()["state"] == "voided"
    assert await shop.money() == (10_000, 0, 0)
    await shop.authorize(500)


async def test_what_remains_after_a_capture_is_voided_and_the_payment_captured(
    shop: Shop,
) -> None:
    payment = await shop.authorize(100)
    await shop.ask(payment, "captures", amount="60")
    voided = await shop.ask(payment, "void", reason="rest_not_needed")
    assert voided.json()["state"] == "captured"
    assert await shop.money() == (9_940, 0, 60)


async def test_more_is_reserved_by_increments_and_captured_across_them(shop: Shop) -> None:
    payment = await shop.authorize(100)
    await shop.ask(payment, "captures", amount="50")
    for amount in (30, 20):
        raised = await shop.ask(payment, "increment", amount=str(amount))
        assert raised.status_code == 200, raised.text
    standing = await shop.standing(payment)
    assert (standing["amount"], standing["remaining"]) == ("150", "100")
    assert (await shop.ask(payment, "captures", amount="75")).status_code == 201
    assert await shop.money() == (9_875, 25, 125)
    assert (await shop.ask(payment, "captures", amount="1", final=True)).status_code == 201
    assert await shop.money() == (9_874, 0, 126)


async def test_an_authorisation_is_raised_ten_times_and_never_above_what_there_is(
    shop: Shop,
) -> None:
    payment = await shop.authorize(1)
    short = await shop.ask(payment, "increment", amount="60000")
    assert code_of(short) == (422, "OVERDRAFT_EXCEEDED")
    for _ in range(10):
        assert (await shop.ask(payment, "increment", amount="1")).status_code == 200
    one_more = await shop.ask(payment, "increment", amount="1")
    assert code_of(one_more) == (409, "INCREMENTS_EXHAUSTED")
    assert (await shop.ask(payment, "captures")).json()["amount"] == "11"


async def test_an_authorisation_waits_for_no_further_signature(shop: Shop) -> None:
    tenant = shop.bank.tenant
    party = await new_party(tenant)
    for each in (party, await new_party(tenant)):
        mandate = {"party_id": each, "role": "holder"}
        await tenant.create(f"/v1/accounts/{shop.payer}/parties", mandate)
    bands = [
        {"asset": "EUR", "up_to": "100", "signatures": 1},
        {"asset": "EUR", "signatures": 2},
    ]
    path = f"/v1/accounts/{shop.payer}/signing-rules"
    done = await tenant.client.put(path, json={"bands": bands}, headers=fresh_key())
    assert done.status_code == 200, done.text
    refused = await tenant.post("/v1/authorizations", shop.order(101, party_id=party))
    assert code_of(refused) == (422, "SIGNATURES_NEEDED")
    payment = await shop.authorize(100, party_id=party)
    raised = await shop.ask(payment, "increment", amount="1")
    assert code_of(raised) == (422, "SIGNATURES_NEEDED")


async def test_what_is_not_captured_in_time_is_given_back_with_the_orders_state(
    shop: Shop, own: Tenant, desk: Desk, database: Database
) -> None:
    payment, captured = await shop.authorize(100), await shop.authorize(100)
    await shop.ask(captured, "captures", amount="60")
    early = await desk.first.captures.expire(due(own, payment))
    assert isinstance(early, Again)
    assert early.wait is not None
    assert early.wait > timedelta(days=6)
    for each in (payment, captured):
        await shop.let_expire(database, each)
        late = await shop.ask(each, "captures", amount="1")
        assert code_of(late) == (409, "AUTHORIZATION_EXPIRED")
        late = await shop.ask(each, "increment", amount="1")
        assert code_of(late) == (409, "AUTHORIZATION_EXPIRED")
        assert await desk.first.captures.expire(due(own, each)) == Done()
    assert await shop.money() == (9_940, 0, 60)
    assert (await shop.steps(payment))[-1] == "expired"
    assert (await shop.steps(captured))[-1] == "captured"
    assert await desk.second.captures.expire(due(own, payment)) == Done()
    assert (await shop.steps(payment)).count("expired") == 1


async def test_the_job_of_an_expiry_is_made_with_the_authorisation(
    shop: Shop, database: Database
) -> None:
    payment = await shop.authorize(100, expires_in_s=3_600)
    jobs = await database.fetch(
        "SELECT run_at FROM job WHERE kind = $1 AND convert_from(payload, 'UTF8') LIKE $2",
        EXPIRE.name,
        f"%{payment}%",
    )
    [job] = jobs
    standing = await shop.standing(payment)
    assert job["run_at"] == datetime.fromisoformat(standing["expires_at"])


async def test_fees_tax_and_shares_leave_the_payee_in_the_transaction_of_the_capture(
    shop: Shop, own: Tenant
) -> None:
    agreed = {"asset": "EUR", "fixed": "25", "basis_points": 140, "vat_basis_points": 1900}
    schedule = (await own.create("/v1/fee-schedules", agreed))["id"]
    partner, platform = [(await shop.bank.open())["id"] for _ in range(2)]
    payment = await shop.authorize(10_000)
    made = await shop.ask(
        payment,
        "captures",
        fee_schedule_id=schedule,
        shares=[
            {"account_id": partner, "amount": "1000"},
            {"account_id": platform, "parts": 3_333},
        ],
    )
    assert made.status_code == 201, made.text
    capture: dict[str, Any] = made.json()
    # 25 + 140 of 10,000 x 10,000 = 165, 19 % of it 31.35; then 33.33 % of 8,804.
    assert (capture["fee"], capture["vat"]) == ("165", "31")
    assert [share["amount"] for share in capture["shares"]] == ["1000", "2934"]
    assert capture["net"] == "5870"
    assert await shop.money() == (0, 0, 5_870)
    assert (await shop.bank.balance(partner))["booked"] == "1000"
    assert (await shop.bank.balance(platform))["booked"] == "2934"
    path = f"{shop.bank.book_path}/transactions/{capture['id']}"
    legs = (await own.client.get(path)).json()["postings"]
    assert {leg["code"]: leg["amount"] for leg in legs if leg["code"] != "payment.share"} == {
        "payment": "10000",
        "payment.fee": "165",
        "payment.fee.vat": "31",
    }
    listed = (await own.client.get(f"/v1/payments/{payment}/captures")).json()["captures"]
    assert sorted(listed[0]["shares"], key=str) == sorted(capture["shares"], key=str)
    assert {**listed[0], "shares": []} == {**capture, "shares": []}


async def test_what_cannot_be_divided_is_not_captured(shop: Shop, own: Tenant) -> None:
    dear = (await own.create("/v1/fee-schedules", {"asset": "EUR", "fixed": "101"}))["id"]
    dollars = (await own.create("/v1/fee-schedules", {"asset": "USD"}))["id"]
    other = (await shop.bank.open())["id"]
    payment = await shop.authorize(100)
    cases = [
        ({"fee_schedule_id": dear}, "FEE_ABOVE_CAPTURE"),
        ({"fee_schedule_id": dollars}, "UNKNOWN_FEE_SCHEDULE"),
        ({"fee_schedule_id": str(uuid4())}, "UNKNOWN_FEE_SCHEDULE"),
        ({"shares": [{"account_id": other, "amount": "101"}]}, "SHARES_ABOVE_CAPTURE"),
        ({"shares": [{"account_id": str(uuid4()), "parts": 1}]}, "UNKNOWN_SHARE_ACCOUNT"),
        ({"shares": [{"account_id": shop.payee, "parts": 1}]}, "UNKNOWN_SHARE_ACCOUNT"),
    ]
    for body, code in cases:
        answer = await shop.ask(payment, "captures", **body)
        assert code_of(answer) == (422, code)
    twice = [{"account_id": other, "parts": 1}] * 2
    assert (await shop.ask(payment, "captures", shares=twice)).status_code == 400
    assert await shop.money() == (10_000, 100, 0)


async def test_what_was_never_authorised_is_not_captured(shop: Shop, own: Tenant) -> None:
    new = {
        "debtor_account": shop.payer,
        "creditor": {"account_id": shop.payee},
        "asset": "EUR",
        "amount": "100",
    }
    payment = (await own.create("/v1/payments", new))["id"]
    answer = await shop.ask(payment, "captures")
    assert code_of(answer) == (404, "AUTHORIZATION_NOT_FOUND")


async def test_who_may_not_pay_or_be_paid_authorises_nothing(shop: Shop, own: Tenant) -> None:
    block = {"kind": "legal", "direction": "credit", "reason": "attachment"}
    payment = await shop.authorize(100)
    await own.create(f"/v1/accounts/{shop.payee}/blocks", block)
    refused = await own.post("/v1/authorizations", shop.order(1))
    assert code_of(refused) == (422, "ACCOUNT_BLOCKED")
    refused = await shop.ask(payment, "captures")
    assert code_of(refused) == (422, "ACCOUNT_BLOCKED")
    for debtor, creditor, code in (
        (str(uuid4()), shop.payee, "UNKNOWN_DEBTOR_ACCOUNT"),
        (shop.payer, str(uuid4()), "UNKNOWN_CREDITOR_ACCOUNT"),
        (shop.payer, shop.payer, "SAME_ACCOUNTS"),
    ):
        order = shop.order(1) | {"debtor_account": debtor, "creditor_account": creditor}
        assert code_of(await own.post("/v1/authorizations", order)) == (422, code)


async def test_the_book_is_whole_after_all_of_it(
    shop: Shop, own: Tenant, bank: CustomerBank, database: Database
) -> None:
    payment = await shop.authorize(100)
    await shop.ask(payment, "increment", amount="10")
    await shop.ask(payment, "captures", amount="105", final=True)
    report = await verify_book(database, own.id, UUID(bank.book))
    assert report.findings == []
