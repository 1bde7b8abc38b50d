"""Checks of what other banks bring: they let in, keep out, or want somebody to look."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from arriving import NOW, credit, opened
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments import Arrivals, Verdict
from bezant.payments.rails import Incoming, Recall, Refused, Taken
from bezant.payments.states import OrderState
from checking import Welcome, welcoming
from customers import CustomerBank
from fixtures_api import Tenant
from paying import Desk, events_of, posted

REGULATORY = Refused("RR04")


async def apply(own: Tenant, order_id: UUID, account: str, **more: str) -> tuple[int, Any]:
    path = f"/v1/unapplied-money/{order_id}/apply"
    answer = await own.post(path, {"account_id": account, "reason": "looked_at", **more})
    return answer.status_code, answer.json()


async def under_review(bank: CustomerBank, desk: Desk) -> tuple[str, UUID, Incoming]:
    """A credit that somebody is to look at: for whom, its payment, and what was said."""
    account = await opened(bank)
    offered = await credit(bank, account)
    with welcoming(Verdict.REVIEW, "looks_like_one"):
        taken = await desk.first.receiver.credited(offered)
    assert isinstance(taken, Taken)
    return account, taken.order_id, offered


async def test_what_is_allowed_is_credited_and_was_asked_about(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    with welcoming(Verdict.ALLOW) as check:
        taken = await desk.first.receiver.credited(await credit(bank, account))
    assert isinstance(taken, Taken)
    assert (await bank.balance(account))["booked"] == "1250"
    [asked] = check.asked
    assert (asked.id, asked.kind, asked.rail) == (taken.order_id, "credit", "scheme")
    assert (str(asked.account_id), asked.asset, asked.amount) == (account, "EUR", 1_250)
    assert (str(asked.institution_id), asked.can_wait) == (bank.institution, True)


@pytest.mark.parametrize("is_instant", [True, False])
async def test_what_is_blocked_goes_back_with_a_code_of_the_schemes_for_good(
    bank: CustomerBank, desk: Desk, *, is_instant: bool
) -> None:
    account = await opened(bank)
    offered, receiver = await credit(bank, account), desk.first.receiver
    take = receiver.offer if is_instant else receiver.credited
    with welcoming(Verdict.BLOCK, "on_a_list"):
        assert await take(offered) == REGULATORY
    assert await take(offered) == REGULATORY, "the same again, the same answer"
    balance = await bank.balance(account)
    assert (balance["booked"], balance["expected"]) == ("0", "0")


async def test_an_instant_credit_waits_for_nobody(bank: CustomerBank, desk: Desk) -> None:
    account = await opened(bank)
    with welcoming(Verdict.REVIEW) as check:
        assert await desk.first.receiver.offer(await credit(bank, account)) == REGULATORY
    assert [asked.can_wait for asked in check.asked] == [False]
    assert (await bank.balance(account))["expected"] == "0"


async def test_what_the_account_does_not_take_is_not_judged(bank: CustomerBank, desk: Desk) -> None:
    account = await opened(bank)
    with welcoming(Verdict.BLOCK) as check:
        refused = await desk.first.receiver.credited(await credit(bank, account, asset="GBP"))
    assert refused == Refused("AG01")
    assert check.asked == []


async def test_the_gravest_of_several_checks_decides(bank: CustomerBank, desk: Desk) -> None:
    account = await opened(bank)
    verdicts = (Verdict.ALLOW, Verdict.BLOCK, Verdict.REVIEW)
    Arrivals.use([Welcome(verdict) for verdict in verdicts])
    try:
        assert await desk.first.receiver.credited(await credit(bank, account)) == REGULATORY
    finally:
        Arrivals.use([])


async def test_what_is_to_be_looked_at_waits_and_is_settled_once_it_is_applied(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    account, order_id, offered = await under_review(bank, desk)
    stands = await desk.state_of(order_id)
    assert (stands.state, stands.reason) == (OrderState.UNDER_REVIEW, "looks_like_one")
    assert (await bank.balance(account))["booked"] == "0"
    assert await posted(bank, f"unapplied:{order_id}") == "1250"
    found = (await own.client.get(f"/v1/unapplied-money/{order_id}")).json()
    assert (found["origin"], found["remaining"]) == ("credit", "1250")
    assert "payment.under_review" in await events_of(database, desk, order_id)
    assert await desk.second.receiver.credited(offered) == Taken(order_id)
    assert (await apply(own, order_id, account, amount="1000"))[0] == 201
    assert (await desk.state_of(order_id)).state is OrderState.UNDER_REVIEW
    assert (await apply(own, order_id, account))[0] == 201
    assert (await desk.state_of(order_id)).state is OrderState.SETTLED
    assert (await bank.balance(account))["booked"] == "1250"
    assert await desk.second.receiver.credited(offered) == Taken(order_id)
    assert (await bank.balance(account))["booked"] == "1250"
    assert "payment.contradicted" not in await events_of(database, desk, order_id)


async def test_what_others_get_of_it_was_not_paid_to_its_payee(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    account, order_id, offered = await under_review(bank, desk)
    other = await opened(bank)
    assert (await apply(own, order_id, other, amount="1249"))[0] == 201
    assert (await desk.state_of(order_id)).state is OrderState.REJECTED
    assert (await apply(own, order_id, account))[0] == 201
    assert (await desk.state_of(order_id)).state is OrderState.REJECTED
    assert (await bank.balance(other))["booked"] == "1249"
    assert await desk.second.receiver.credited(offered) == Taken(order_id)
    assert "payment.contradicted" not in await events_of(database, desk, order_id)


async def test_what_waits_is_not_taken_from_its_payees_other_money(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    account, order_id, offered = await under_review(bank, desk)
    await desk.first.receiver.credited(await credit(bank, account))
    recall = Recall(
        bank.tenant.id, UUID(bank.institution), "scheme", offered.transaction_id,
        f"CASE-{uuid4().hex[:20]}", "FRAD", b"<camt.056/>",
    )  # fmt: skip
    case = await desk.first.receiver.recalled(recall)
    answer = await own.post(f"/v1/recalls/{case}/answer", {"answer": "accept"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PAYMENT_NOT_RECALLABLE")
    assert (await bank.balance(account))["booked"] == "1250"
    back = await own.post(f"/v1/unapplied-money/{order_id}/send-back", {"reason": "fraud"})
    assert (back.status_code, back.json()["code"]) == (409, "UNAPPLIED_NOT_RETURNABLE")


async def test_of_many_at_once_that_are_looked_at_it_is_given_away_once(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    account, order_id, _ = await under_review(bank, desk)
    answers = await asyncio.gather(*(apply(own, order_id, account) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [201, *[409] * 9]
    assert (await bank.balance(account))["booked"] == "1250"


async def test_a_settled_offer_is_judged_when_it_is_offered_and_not_again(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    taken = await desk.first.receiver.offer(await credit(bank, account))
    assert isinstance(taken, Taken)
    with welcoming(Verdict.BLOCK):
        await desk.first.receiver.conclude(bank.tenant.id, taken.order_id, NOW)
    assert (await bank.balance(account))["booked"] == "1250", "as the scheme was promised"


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
