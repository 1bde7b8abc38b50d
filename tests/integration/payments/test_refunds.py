"""Refunds: never more than was captured, and nothing while the payment is disputed."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments.captures.domain import Totals
from customers import CustomerBank
from fixtures_api import Tenant, fresh_key
from shopping import Shop, code_of, open_shop

MANY = 100


@pytest.fixture
async def shop(bank: CustomerBank) -> Shop:
    return await open_shop(bank)


async def refund(shop: Shop, payment: str, amount: int | None = None) -> tuple[int, str]:
    """Refund; the status, and the amount or the code."""
    body = {"reason": "returned"} | ({} if amount is None else {"amount": str(amount)})
    answer = await shop.ask(payment, "refunds", **body)
    said = answer.json()
    return answer.status_code, said.get("amount") or said["code"]


async def test_a_payment_is_refunded_in_parts_and_then_no_more(shop: Shop) -> None:
    payment = await shop.captured(100)
    assert await refund(shop, payment, 30) == (201, "30")
    assert await refund(shop, payment, 71) == (422, "REFUND_ABOVE_CAPTURED")
    assert await refund(shop, payment) == (201, "70")
    assert await refund(shop, payment) == (422, "REFUND_ABOVE_CAPTURED")
    assert await shop.money() == (10_000, 0, 0)
    assert (await shop.steps(payment))[-3:] == ["captured", "partially_returned", "returned"]
    listed = await shop.bank.tenant.client.get(f"/v1/payments/{payment}/refunds")
    assert [each["amount"] for each in listed.json()["refunds"]] == ["30", "70"]


async def test_of_100_refunds_of_60_at_once_on_100_exactly_one_is_paid(
    shop: Shop, own: Tenant, bank: CustomerBank, database: Database
) -> None:
    payment = await shop.captured(100)
    # The payee could pay more back: it is the payment that has no more.
    await shop.captured(9_000)
    answers = await asyncio.gather(*(refund(shop, payment, 60) for _ in range(MANY)))
    assert answers.count((201, "60")) == 1
    assert answers.count((422, "REFUND_ABOVE_CAPTURED")) == MANY - 1
    assert await shop.money() == (960, 0, 9_040)
    report = await verify_book(database, own.id, UUID(bank.book))
    assert report.findings == []


async def test_control_refunds_that_are_not_counted_pay_back_more_than_was_captured(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(self: Totals, amount: int | None) -> tuple[Totals, int]:
        after, given = counted(self, amount)
        return replace(after, refunded=1), given

    counted = Totals.refund
    monkeypatch.setattr(Totals, "refund", forgetful)
    payment = await shop.captured(100)
    await shop.captured(9_000)
    answers = await asyncio.gather(*(refund(shop, payment, 60) for _ in range(3)))
    assert answers.count((201, "60")) > 1


async def test_a_refund_that_is_repeated_pays_back_nothing_more(shop: Shop) -> None:
    payment, key = await shop.captured(100), fresh_key()
    path, body = f"/v1/payments/{payment}/refunds", {"amount": "10", "reason": "returned"}
    answers = await asyncio.gather(*(shop.bank.tenant.post(path, body, **key) for _ in range(10)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert (await shop.standing(payment))["refunded"] == "10"


async def test_what_is_captured_in_part_is_refunded_and_captured_further(shop: Shop) -> None:
    payment = await shop.authorize(100)
    assert await refund(shop, payment) == (409, "PAYMENT_NOT_REFUNDABLE")
    await shop.ask(payment, "captures", amount="60")
    assert await refund(shop, payment, 50) == (201, "50")
    assert (await shop.standing(payment))["state"] == "partially_captured"
    assert (await shop.ask(payment, "captures")).status_code == 201
    assert (await shop.steps(payment))[-2:] == ["captured", "partially_returned"]
    assert await refund(shop, payment) == (201, "50")
    assert await shop.money() == (10_000, 0, 0)


async def test_what_was_paid_at_once_is_refunded_too(shop: Shop, own: Tenant) -> None:
    new = {
        "debtor_account": shop.payer,
        "creditor": {"account_id": shop.payee},
        "asset": "EUR",
        "amount": "100",
    }
    payment = (await own.create("/v1/payments", new))["id"]
    assert (await shop.ask(payment, "dispute", reason="not_delivered")).status_code == 200
    won = await shop.ask(payment, "dispute/resolve", outcome="won", reason="delivered")
    assert won.json()["state"] == "settled"
    assert await refund(shop, payment, 101) == (422, "REFUND_ABOVE_CAPTURED")
    assert await refund(shop, payment, 40) == (201, "40")
    assert await refund(shop, payment) == (201, "60")
    assert (await shop.steps(payment))[-2:] == ["partially_returned", "returned"]


async def test_what_the_payee_does_not_have_is_not_refunded(shop: Shop, own: Tenant) -> None:
    payment = await shop.captured(100)
    path = f"/v1/accounts/{shop.payee}/overdraft"
    none = {"asset": "EUR", "amount": "0", "reason": "none"}
    await own.client.put(path, json=none, headers=fresh_key())
    await shop.bank.take({"ledger_accounts": {"EUR": f"accounts:{shop.payee}:EUR"}}, 50)
    assert await refund(shop, payment) == (422, "OVERDRAFT_EXCEEDED")
    assert (await shop.standing(payment))["refunded"] == "0"


async def test_nothing_is_refunded_while_disputed_and_all_of_it_when_lost(shop: Shop) -> None:
    payment = await shop.captured(100)
    await refund(shop, payment, 10)
    disputed = await shop.ask(payment, "dispute", reason="not_delivered")
    assert disputed.json()["state"] == "disputed"
    assert await refund(shop, payment, 10) == (409, "PAYMENT_DISPUTED")
    again = await shop.ask(payment, "dispute", reason="not_delivered")
    assert code_of(again) == (409, "PAYMENT_DISPUTED")
    lost = await shop.ask(payment, "dispute/resolve", outcome="lost", reason="no_proof")
    assert lost.json()["state"] == "returned"
    assert await shop.money() == (10_000, 0, 0)
    over = await shop.ask(payment, "dispute/resolve", outcome="lost", reason="no_proof")
    assert code_of(over) == (409, "PAYMENT_NOT_DISPUTED")


@pytest.mark.parametrize(("refunded", "state"), [(0, "captured"), (10, "partially_returned")])
async def test_a_dispute_that_is_won_leaves_everything_as_it_was(
    shop: Shop, refunded: int, state: str
) -> None:
    payment = await shop.captured(100)
    if refunded:
        await refund(shop, payment, refunded)
    await shop.ask(payment, "dispute", reason="not_delivered")
    won = await shop.ask(payment, "dispute/resolve", outcome="won", reason="proof_of_delivery")
    assert won.json()["state"] == state
    assert await shop.money() == (9_900 + refunded, 0, 100 - refunded)
    assert await refund(shop, payment, 1) == (201, "1")


async def test_what_can_still_be_captured_is_not_disputed(shop: Shop) -> None:
    payment = await shop.authorize(100)
    refused = await shop.ask(payment, "dispute", reason="not_delivered")
    assert code_of(refused) == (409, "PAYMENT_NOT_DISPUTABLE")
    won = await shop.ask(payment, "dispute/resolve", outcome="won", reason="none")
    assert code_of(won) == (409, "PAYMENT_NOT_DISPUTED")
