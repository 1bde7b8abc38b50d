"""Checks before a payment: they allow, block, or want somebody to look, in the commit that pays."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from bezant.ledger import Seen
from bezant.payments import Asked, Checks, Judgement, NewPayment, Payment, Verdict
from bezant.payments.orders.schemas import Creditor, Rejection
from checking import Always
from customers import CustomerBank, new_party, waiting_payment
from fixtures_api import Tenant, fresh_key
from fixtures_ledger import code
from paying import Desk

BLOCKED, REVIEWED = 666, 777


class ByAmount:
    """Says of some amounts what a real check would say of some people."""

    def reads(self, asked: Asked) -> tuple[()]:
        assert asked.amount > 0
        return ()

    def judge(self, seen: Seen, asked: Asked) -> Judgement:
        assert seen.draft.book.time_zone is not None
        if asked.amount == BLOCKED:
            return Judgement(Verdict.BLOCK, "on_a_list")
        if asked.amount == REVIEWED:
            return Judgement(Verdict.REVIEW, "looks_like_one")
        return Judgement(Verdict.ALLOW)


@pytest.fixture(autouse=True)
def _by_amount(desk: Desk) -> Iterator[None]:
    assert desk.rail.name == "scheme"  # it is set up first, with no checks but limits
    Checks.use([ByAmount()])
    yield
    Checks.use([])


def transfer(payer: str, payee: str, amount: int, **more: object) -> dict[str, Any]:
    creditor = {"account_id": payee}
    ordered = {"debtor_account": payer, "creditor": creditor, "asset": "EUR"}
    return {**ordered, "amount": str(amount), **more}


async def done(tenant: Tenant, path: str, body: object) -> dict[str, Any]:
    answer = await tenant.post(path, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def reviewed(bank: CustomerBank, *, day_limit: int = 1_000) -> tuple[str, str, str]:
    """A payment under review: its path, payer and payee."""
    payer, payee = await bank.funded(), (await bank.open())["id"]
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": str(day_limit)}]}
    path = f"/v1/accounts/{payer}/limits"
    assert (await bank.tenant.client.put(path, json=limits, headers=fresh_key())).is_success
    made = await bank.tenant.create("/v1/payments", transfer(payer, payee, REVIEWED))
    assert (made["state"], made["reason"]) == ("under_review", "looks_like_one")
    return f"/v1/payments/{made['id']}", payer, payee


async def test_what_is_blocked_is_refused_and_leaves_no_order(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await bank.funded(), (await bank.open())["id"]
    answer = await own.post("/v1/payments", transfer(payer, payee, BLOCKED))
    assert (answer.status_code, answer.json()["code"]) == (422, "PAYMENT_BLOCKED")
    assert answer.json()["reason"] == "on_a_list"
    listed = await own.client.get(f"/v1/payments?debtor_account={payer}")
    assert listed.json()["payments"] == []


async def test_what_is_to_be_looked_at_moves_nothing_until_it_is_released(
    own: Tenant, bank: CustomerBank
) -> None:
    path, payer, payee = await reviewed(bank)
    assert (await bank.balance(payer))["available"] == "60000"
    released = await done(own, f"{path}/release", {})
    assert released["state"] == "settled"
    assert (await bank.balance(payee))["booked"] == str(REVIEWED)
    again = await own.post(f"{path}/release", {})
    assert (again.status_code, again.json()["code"]) == (409, "PAYMENT_NOT_WAITING")


async def test_what_is_rejected_gives_its_limit_back(own: Tenant, bank: CustomerBank) -> None:
    path, payer, payee = await reviewed(bank)
    over = await own.post("/v1/payments", transfer(payer, payee, 500))
    assert over.json()["code"] == "LIMIT_EXCEEDED", "it is spent as long as it may be released"
    rejected = await done(own, f"{path}/reject", {"reason": "not_plausible"})
    assert (rejected["state"], rejected["reason"]) == ("rejected", "not_plausible")
    await own.create("/v1/payments", transfer(payer, payee, 500))
    assert (await bank.balance(payee))["booked"] == "500"


async def test_the_payer_may_still_cancel_what_is_looked_at(
    own: Tenant, bank: CustomerBank
) -> None:
    path, *_ = await reviewed(bank)
    cancelled = await done(own, f"{path}/cancel", {"reason": "regret"})
    assert cancelled["state"] == "cancelled"
    assert (await own.post(f"{path}/release", {})).status_code == 409


async def test_a_release_stands_in_for_no_money(own: Tenant, bank: CustomerBank) -> None:
    path, payer, payee = await reviewed(bank, day_limit=100_000)
    await own.create("/v1/payments", transfer(payer, payee, 59_900))
    answer = await own.post(f"{path}/release", {})
    assert (answer.status_code, answer.json()["code"]) == (422, "OVERDRAFT_EXCEEDED")
    assert (await own.client.get(path)).json()["state"] == "under_review"


async def test_a_release_stands_in_for_no_signature(own: Tenant, bank: CustomerBank) -> None:
    path, _, second = await waiting_payment(bank, needed=2, second=await new_party(own))
    Checks.use([Always(Verdict.REVIEW)])
    looked = await done(own, f"{path}/approve", {"party_id": second})
    assert looked["state"] == "under_review"
    assessments = f"/v1/parties/{second}/assessments"
    found = {"verification": "standard", "risk": "low"}
    await own.create(assessments, found | {"suspended": True})
    answer = await own.post(f"{path}/release", {})
    assert (answer.status_code, answer.json()["code"]) == (422, "SIGNATURES_NEEDED")
    await own.create(assessments, found)
    assert (await done(own, f"{path}/release", {}))["state"] == "settled"


async def test_an_instant_payment_that_is_to_be_looked_at_is_refused(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded()
    new = transfer(payer, "", REVIEWED) | {
        "creditor": {"iban": "GB33BUKB20201555555555", "name": "Grace Hopper"},
        "debtor_name": "Ada Lovelace",
        "rail": "scheme",
    }
    answer = await own.post("/v1/payments", new)
    assert (answer.status_code, answer.json()["code"]) == (422, "PAYMENT_NEEDS_REVIEW")
    assert (await bank.balance(payer))["available"] == "60000"
    desk.rail.answers_within_s = None
    assert (await desk.order(payer, REVIEWED)).state == "under_review"


async def test_the_last_signature_is_judged_again(own: Tenant, bank: CustomerBank) -> None:
    path, _, second = await waiting_payment(bank, needed=2, second=await new_party(own))
    amount = (await own.client.get(path)).json()["amount"]
    Checks.use([Always(Verdict.BLOCK)])
    answer = await own.post(f"{path}/approve", {"party_id": second})
    assert (answer.status_code, answer.json()["code"]) == (422, "PAYMENT_BLOCKED")
    Checks.use([Always(Verdict.REVIEW)])
    looked = await done(own, f"{path}/approve", {"party_id": second})
    assert (looked["state"], looked["amount"]) == ("under_review", amount)


async def test_who_entered_a_payment_does_not_decide_on_it(bank: CustomerBank, desk: Desk) -> None:
    payee = UUID((await bank.open())["id"])
    ada, bob = f"user:{uuid4()}", f"user:{uuid4()}"

    async def entered() -> UUID:
        payer = UUID(await bank.funded())
        new = NewPayment(payer, Creditor(account_id=payee), "EUR", str(REVIEWED))
        made = await desk.first.orders.create(replace(desk.teller.call(), actor=ada), new)
        assert made.value(Payment).state == "under_review"
        return made.value(Payment).id

    released, rejected = await entered(), await entered()
    orders, reason = desk.first.orders, Rejection("not_plausible")
    by_ada, by_bob = ([replace(desk.teller.call(), actor=who) for _ in "12"] for who in (ada, bob))
    assert code(await orders.release(by_ada[0], released)) == "PAYMENT_OWN_REVIEW"
    assert code(await orders.reject(by_ada[1], rejected, reason)) == "PAYMENT_OWN_REVIEW"
    assert (await orders.release(by_bob[0], released)).value(Payment).state == "settled"
    assert (await orders.reject(by_bob[1], rejected, reason)).value(Payment).state == "rejected"


async def test_an_authorisation_waits_for_nobody(own: Tenant, bank: CustomerBank) -> None:
    payer, payee = await bank.funded(), (await bank.open())["id"]
    order = {"debtor_account": payer, "creditor_account": payee, "asset": "EUR"}
    for amount, why in ((BLOCKED, "PAYMENT_BLOCKED"), (REVIEWED, "PAYMENT_NEEDS_REVIEW")):
        answer = await own.post("/v1/authorizations", order | {"amount": str(amount)})
        assert (answer.status_code, answer.json()["code"]) == (422, why)
    assert (await bank.balance(payer))["available"] == "60000"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payments",
        "/v1/payments/{payment}/approve",
        "/v1/payments/{payment}/release",
        "/v1/payments/{payment}/increment",
        "/v1/authorizations",
        "/v1/quoted-payments",
        "/v1/accounts/{account}/settlement-batches",
    ],
)
async def test_whatever_is_checked_says_that_it_may_be_forbidden(own: Tenant, path: str) -> None:
    described = (await own.client.get("/openapi.json")).json()["paths"][path]["post"]
    problem = described["responses"]["422"]["content"]["application/problem+json"]["schema"]
    codes = problem["allOf"][1]["properties"]["code"]["enum"]
    assert {"PAYMENT_BLOCKED", "PAYMENT_NEEDS_REVIEW"} <= set(codes)
