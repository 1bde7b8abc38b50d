"""Payments between accounts of two books: one commit in both, under the limits of either."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Done
from bezant.ledger import verify_book
from bezant.payments.orders.jobs import DUE, Due
from checking import reviewing
from customers import CustomerBank, new_party, open_bank, waiting_payment
from fixtures_api import Tenant, fresh_key
from paying import Desk, posted


def transfer(debtor: str, creditor: str, amount: int = 100, **more: object) -> dict[str, Any]:
    payee = {"creditor": {"account_id": creditor}, "asset": "EUR", "amount": str(amount)}
    return {"debtor_account": debtor, **payee, **more}


@pytest.fixture(scope="module")
async def other(own: Tenant) -> CustomerBank:
    """Another institution of the tenant's, with a book of its own."""
    return await open_bank(own, bank_code="10010010", bic="PBNKDEFF")


async def between(here: CustomerBank, there: CustomerBank) -> tuple[int, int]:
    """What each book has on its account for the other, minor units; they sum to zero."""
    sides = (here, there), (there, here)
    texts = [await posted(bank, f"interbook:{its.book}:EUR") for bank, its in sides]
    one, two = (int(text or 0) for text in texts)
    assert one + two == 0
    return one, two


async def test_both_books_have_it_when_it_is_answered(
    own: Tenant, bank: CustomerBank, other: CustomerBank, database: Database
) -> None:
    payer, payee = await bank.funded(), str((await other.open())["id"])
    before, _ = await between(bank, other)
    made = await own.create("/v1/payments", transfer(payer, payee, 1_250))
    assert (made["state"], made["direction"]) == ("settled", "internal")
    assert (await bank.balance(payer))["booked"] == "8750"
    assert (await other.balance(payee))["booked"] == "1250"
    assert (await between(bank, other))[0] == before - 1_250
    for each in (bank, other):
        found = await own.client.get(f"{each.book_path}/transactions/{made['id']}")
        assert found.status_code == 200, "the transaction is named after the payment in both"
        assert (await verify_book(database, own.id, UUID(each.book))).findings == []


async def test_by_the_number_it_comes_to_the_other_book_as_well(
    own: Tenant, bank: CustomerBank, other: CustomerBank
) -> None:
    payer, payee = await bank.funded(), str((await other.open())["id"])
    named = {"creditor": {"iban": await other.iban(payee), "name": "Grace"}}
    made = await own.create("/v1/payments", transfer(payer, payee) | named)
    assert made["creditor_account"] == payee
    assert (await other.balance(payee))["booked"] == "100"


async def test_what_the_payees_book_does_not_allow_undoes_the_payers_side(
    own: Tenant, bank: CustomerBank, other: CustomerBank
) -> None:
    payer, payee = await bank.funded(), str((await other.open())["id"])
    before = await between(bank, other)
    block = {"kind": "legal", "direction": "credit", "reason": "court_order"}
    placed = await own.create(f"/v1/accounts/{payee}/blocks", block)
    key = fresh_key()
    refused = await own.client.post("/v1/payments", json=transfer(payer, payee), headers=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "ACCOUNT_BLOCKED")
    assert (await bank.balance(payer))["booked"] == "10000"
    await own.create(f"/v1/accounts/{payee}/blocks/{placed['id']}/lift", {})
    again = await own.client.post("/v1/payments", json=transfer(payer, payee), headers=key)
    assert again.content == refused.content, "it was answered"
    assert await between(bank, other) == before


async def test_limits_hold_over_both_books_whoever_races(
    own: Tenant, bank: CustomerBank, other: CustomerBank
) -> None:
    payer = await bank.funded(100_000)
    payees = [str((await each.open())["id"]) for each in (bank, other)]
    limit = {"limits": [{"asset": "EUR", "window": "day", "amount": "1000"}]}
    agreed = await own.client.put(f"/v1/accounts/{payer}/limits", json=limit, headers=fresh_key())
    assert agreed.status_code == 200, agreed.text
    answers = await asyncio.gather(
        *(own.post("/v1/payments", transfer(payer, payees[no % 2])) for no in range(24))
    )
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.json().get("code") for answer in answers} == {None, "LIMIT_EXCEEDED"}
    assert len(made) == 10
    assert (await bank.balance(payer))["booked"] == "99000"


async def test_payments_that_cross_each_other_all_arrive(
    own: Tenant, bank: CustomerBank, other: CustomerBank, database: Database
) -> None:
    here, there = await bank.funded(1_000), await other.funded(1_000)
    before = await between(bank, other)
    ways = [transfer(here, there, 3), transfer(there, here, 2)] * 15
    answers = await asyncio.gather(*(own.post("/v1/payments", way) for way in ways))
    assert {answer.status_code for answer in answers} == {201}
    assert (await bank.balance(here))["booked"] == str(1_000 - 15)
    assert (await other.balance(there))["booked"] == str(1_000 + 15)
    assert (await between(bank, other))[0] == before[0] - 15
    for each in (bank, other):
        assert (await verify_book(database, own.id, UUID(each.book))).findings == []


async def test_it_waits_for_signatures_and_for_who_looks_at_it(
    own: Tenant, bank: CustomerBank, other: CustomerBank
) -> None:
    signed, _, second = await waiting_payment(bank)
    found = (await own.client.get(signed)).json()
    payee = str((await other.open())["id"])
    await own.create(f"{signed}/cancel", {"reason": "wrong_payee"})
    payer, first = found["debtor_account"], await new_party(own)
    for party in (first,):
        await own.create(f"/v1/accounts/{payer}/parties", {"party_id": party, "role": "holder"})
    made = await own.create("/v1/payments", transfer(payer, payee, party_id=first))
    assert made["state"] == "awaiting_approval"
    path = f"/v1/payments/{made['id']}"
    done = await own.create(f"{path}/approve", {"party_id": second})
    assert done["state"] == "settled"
    with reviewing():
        looked_at = await own.create("/v1/payments", transfer(await bank.funded(), payee))
    assert looked_at["state"] == "under_review"
    path = f"/v1/payments/{looked_at['id']}"
    assert (await own.create(f"{path}/release", {}))["state"] == "settled"
    assert (await other.balance(payee))["booked"] == "200"


async def test_its_day_comes_in_both_books(
    own: Tenant, bank: CustomerBank, other: CustomerBank, desk: Desk
) -> None:
    payer, payee = await bank.funded(), str((await other.open())["id"])
    rows = await own.database.fetch("SELECT (now() AT TIME ZONE 'UTC')::date::text AS today")
    made = await own.create("/v1/payments", transfer(payer, payee, execute_on=rows[0]["today"]))
    assert made["state"] == "scheduled"
    outcome = await desk.second.due.carry_out(desk.job(DUE.name, Due(UUID(made["id"]))))
    assert isinstance(outcome, Done)
    assert (await other.balance(payee))["booked"] == "100"


async def test_it_is_not_refunded_and_no_dispute_decides(
    own: Tenant, bank: CustomerBank, other: CustomerBank
) -> None:
    payer, payee = await bank.funded(), str((await other.open())["id"])
    path = f"/v1/payments/{(await own.create('/v1/payments', transfer(payer, payee)))['id']}"
    refund = await own.post(f"{path}/refunds", {"reason": "returned"})
    assert (refund.status_code, refund.json()["code"]) == (409, "PAYMENT_NOT_REFUNDABLE")
    dispute = await own.post(f"{path}/dispute", {"reason": "not_delivered"})
    assert (dispute.status_code, dispute.json()["code"]) == (409, "PAYMENT_NOT_DISPUTABLE")


async def counting(own: Tenant, scale: int, bank_code: str) -> str:
    """An account of a book of its own that counts points with a scale."""
    assets = [{"code": "POINTS", "scale": scale}]
    book = await own.create("/v1/books", {"name": "Points", "assets": assets})
    named = {"name": "Points", "country": "DE", "bank_code": bank_code, "bic": "INGDDEFFXXX"}
    made = await own.create("/v1/institutions", {"book_id": book["id"], **named})
    terms = {"assets": ["POINTS"], "overdraft": {"POINTS": "1000"}}
    new = {"code": f"points-{scale}", "institution_id": made["id"], "kind": "wallet"}
    product = await own.create("/v1/products", new | {"terms": terms})
    return str((await own.create("/v1/accounts", {"product_id": product["id"]}))["id"])


async def test_a_book_that_counts_the_asset_otherwise_is_refused(own: Tenant) -> None:
    payer, payee = await counting(own, 0, "50010517"), await counting(own, 2, "50010518")
    refused = await own.post("/v1/payments", transfer(payer, payee) | {"asset": "POINTS"})
    assert (refused.status_code, refused.json()["code"]) == (422, "CREDITOR_IN_ANOTHER_BOOK")
