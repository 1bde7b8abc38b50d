"""What no scheme answers is ended by people, and by nothing else."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import pytest

from arriving import NOW, credit, opened
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments import Payment
from bezant.payments.executing.riders import outcome_of
from bezant.payments.rails import Pending, Rejected, Settled, Taken
from bezant.payments.states import OrderState
from customers import CustomerBank
from fixtures_api import fresh_key
from paying import Desk, events_of
from rails import unknown

OUTCOMES: Final = ("settled", "rejected")


async def silent(bank: CustomerBank, desk: Desk) -> tuple[str, Payment]:
    """A payment of 10.00 of 50.00 that was sent, and of which nothing is heard."""
    desk.rail.on_send = unknown
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert made.state is OrderState.UNKNOWN
    return payer, made


async def resolved(bank: CustomerBank, order_id: UUID, outcome: str) -> tuple[int, str]:
    """Say what became of it; the status, and the state or the code."""
    answer = await bank.tenant.client.post(
        f"/v1/payments/{order_id}/resolve",
        json={"outcome": outcome, "reason": "asked_the_other_bank"},
        headers=fresh_key(),
    )
    body = answer.json()
    return answer.status_code, body["state"] if answer.status_code == 200 else body["code"]


async def hold_of(bank: CustomerBank, desk: Desk, order_id: UUID) -> str:
    order = await desk.first.orders.order(bank.tenant.id, order_id)
    assert order.hold_id is not None
    return f"{bank.book_path}/holds/{order.hold_id}"


async def ledger_account(bank: CustomerBank, account: str) -> str:
    answer = await bank.tenant.client.get(f"/v1/accounts/{account}")
    return str(answer.json()["ledger_accounts"]["EUR"])


async def freeze(bank: CustomerBank, payer: str) -> None:
    path = f"{bank.book_path}/accounts/{await ledger_account(bank, payer)}"
    answer = await bank.tenant.client.patch(path, json={"status": "frozen"}, headers=fresh_key())
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("outcome", "booked", "available"),
    [("settled", "4000", "54000"), ("rejected", "5000", "55000")],
)
async def test_people_end_what_has_no_answer_as_the_answer_would(
    bank: CustomerBank, desk: Desk, outcome: str, booked: str, available: str
) -> None:
    payer, made = await silent(bank, desk)
    assert await resolved(bank, made.id, outcome) == (200, outcome)
    balance = await bank.balance(payer)
    assert (balance["booked"], balance["available"]) == (booked, available)
    assert (await desk.state_of(made.id)).reason == "asked_the_other_bank"
    assert await resolved(bank, made.id, outcome) == (409, "PAYMENT_NOT_WAITING")
    assert await bank.balance(payer) == balance


@pytest.mark.parametrize(("outcome", "booked"), [("settled", "1250"), ("rejected", "0")])
async def test_people_end_what_is_expected_and_does_not_come(
    bank: CustomerBank, desk: Desk, outcome: str, booked: str
) -> None:
    account = await opened(bank)
    taken = await desk.first.receiver.offer(await credit(bank, account))
    assert isinstance(taken, Taken)
    assert await resolved(bank, taken.order_id, outcome) == (200, outcome)
    balance = await bank.balance(account)
    assert (balance["booked"], balance["expected"]) == (booked, booked)
    assert await resolved(bank, taken.order_id, outcome) == (409, "PAYMENT_NOT_WAITING")


async def test_a_repeat_is_answered_the_same_and_of_two_at_once_one_ends_it(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, made = await silent(bank, desk)
    path, key = f"/v1/payments/{made.id}/resolve", fresh_key()
    asked = {"outcome": "rejected", "reason": "asked_the_other_bank"}
    answers = [await bank.tenant.client.post(path, json=asked, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    payer, made = await silent(bank, desk)
    both = await asyncio.gather(*(resolved(bank, made.id, each) for each in OUTCOMES))
    assert sorted(status for status, _ in both) == [200, 409]
    [(_, ended)] = [answer for answer in both if answer[0] == 200]
    assert (await desk.state_of(made.id)).state == ended
    booked = "4000" if ended == "settled" else "5000"
    assert (await bank.balance(payer))["booked"] == booked


async def test_what_is_being_sent_and_what_was_never_sent_is_nobodys_to_end(
    bank: CustomerBank, desk: Desk
) -> None:
    made = await desk.order(await bank.funded(5_000))
    assert (await desk.state_of(made.id)).state is OrderState.SENDING
    assert await resolved(bank, made.id, "rejected") == (409, "PAYMENT_NOT_WAITING")
    new = {
        "debtor_account": await bank.funded(),
        "creditor": {"account_id": await opened(bank)},
        "asset": "EUR",
        "amount": "5",
    }
    inside = await bank.tenant.create("/v1/payments", new)
    assert await resolved(bank, UUID(inside["id"]), "rejected") == (409, "PAYMENT_NOT_WAITING")
    assert await resolved(bank, uuid4(), "rejected") == (404, "PAYMENT_NOT_FOUND")


@pytest.mark.parametrize("outcome", ["settled", "rejected"])
async def test_a_scheme_that_says_otherwise_later_is_told_of_and_moves_nothing(
    bank: CustomerBank, desk: Desk, database: Database, outcome: str
) -> None:
    payer, made = await silent(bank, desk)
    order = await desk.first.orders.order(bank.tenant.id, made.id)
    assert await resolved(bank, made.id, outcome) == (200, outcome)
    before = await bank.balance(payer)
    said = Rejected("AC04") if outcome == "settled" else Settled("1", datetime.now(UTC))
    late = outcome_of(order, said, "rail:scheme", None)
    await desk.teller.ledger.submit(desk.teller.call(), order.book_id, late)
    assert await bank.balance(payer) == before
    assert "payment.contradicted" in await events_of(database, desk, made.id)


@pytest.mark.parametrize(
    ("end", "body"), [("capture", {}), ("void", {}), ("void", {"group": True})]
)
async def test_no_route_of_the_ledger_ends_the_reservation_of_a_payment(
    bank: CustomerBank, desk: Desk, end: str, body: dict[str, bool]
) -> None:
    payer, made = await silent(bank, desk)
    path = await hold_of(bank, desk, made.id)
    answer = await bank.tenant.client.post(f"{path}/{end}", json=body, headers=fresh_key())
    assert (answer.status_code, answer.json()["code"]) == (422, "HOLD_KEPT")
    assert (await bank.balance(payer))["available"] == "54000"


@pytest.mark.parametrize("way", ["captures", "voids"])
async def test_nor_does_a_transaction_or_a_batch_of_them(
    bank: CustomerBank, desk: Desk, way: str
) -> None:
    payer, made = await silent(bank, desk)
    hold = (await hold_of(bank, desk, made.id)).rpartition("/")[2]
    settling = {way: [{"hold": hold} if way == "captures" else hold]}
    alone = await bank.tenant.client.post(
        f"{bank.book_path}/transactions", json=settling, headers=fresh_key()
    )
    assert (alone.status_code, alone.json()["code"]) == (422, "HOLD_KEPT")
    assert alone.json()["field"] == ("captures[0].hold" if way == "captures" else "voids[0]")
    batch = await bank.tenant.client.post(
        f"{bank.book_path}/transactions/batch",
        json={"transactions": [{"id": str(uuid4()), **settling}]},
        headers=fresh_key(),
    )
    assert batch.json()["results"][0]["code"] == "HOLD_KEPT"
    assert (await bank.balance(payer))["available"] == "54000"


async def test_nobody_else_places_a_hold_that_looks_like_a_payments(bank: CustomerBank) -> None:
    payer, payee = await bank.funded(), await opened(bank)
    sides = [await ledger_account(bank, one) for one in (payer, payee)]
    leg: dict[str, object] = dict(zip(("debit", "credit"), sides, strict=True))
    leg |= {"asset": "EUR", "amount": "1", "code": "payment", "pending": True}
    path = f"{bank.book_path}/transactions"
    answer = await bank.tenant.client.post(path, json={"postings": [leg]}, headers=fresh_key())
    assert (answer.status_code, answer.json()["code"]) == (422, "CODE_KEPT")
    assert answer.json()["field"] == "postings[0].code"
    await bank.tenant.create(path, {"postings": [leg | {"pending": False}]})


async def test_what_a_scheme_took_from_a_frozen_account_is_owed(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    desk.rail.on_send = lambda _: Pending("1")
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert made.state is OrderState.PENDING
    await freeze(bank, payer)
    order = await desk.first.orders.order(bank.tenant.id, made.id)
    answer = outcome_of(order, Settled("1", NOW), "rail:scheme", None)
    await desk.teller.ledger.submit(desk.teller.call(), order.book_id, answer)
    after = await desk.state_of(made.id)
    assert (after.state, after.reason) == (OrderState.SETTLED, "receivable")
    assert (await bank.balance(payer))["booked"] == "5000"
    owed = f"{bank.book_path}/accounts/receivable:{made.id}/balance"
    assert (await bank.tenant.client.get(owed)).json()["posted"] == "1000"
    assert "payment.receivable_raised" in await events_of(database, desk, made.id)
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
