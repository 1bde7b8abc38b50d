"""An instant payment without an answer in time: the payer has the money back, and nobody loses."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Done
from bezant.ledger import verify_book
from bezant.payments import Payment
from bezant.payments.executing.doubt import exposure_hold
from bezant.payments.executing.riders import RecordOutcome, outcome_of
from bezant.payments.rails import Pending, Rejected, Settled, Unknown
from bezant.payments.states import OrderState
from customers import CustomerBank
from fixtures_api import fresh_key
from paying import Desk, events_of, posted
from rails import not_sent, rejected, settled, unknown

AMOUNT = 1_000
BACK = "55000"
"""What is available of 50.00 and the line of 500.00, with nothing reserved or paid."""


async def doubted(bank: CustomerBank, desk: Desk, funds: int = 5_000) -> tuple[str, Payment]:
    """A payment that was sent, and of which nothing was heard until its deadline."""
    payer = await bank.funded(funds)
    desk.rail.on_send = desk.rail.on_inquiry = unknown
    made = await desk.carried_out(payer)
    assert made.state is OrderState.UNKNOWN
    desk.rail.answers_within_s = 0
    assert isinstance(await desk.survive(made.id), Again)
    made = await desk.state_of(made.id)
    assert made.state is OrderState.IN_DOUBT
    return payer, made


async def exposed(bank: CustomerBank, field: str = "pending_debits") -> int:
    """What the institution may have to pay, or `posted`."""
    path = f"{bank.book_path}/accounts/instant_in_doubt:scheme:EUR/balance"
    answer = await bank.tenant.client.get(path)
    return int(answer.json()[field]) if answer.status_code == 200 else 0


async def steps(bank: CustomerBank, order_id: UUID) -> list[tuple[str, str | None]]:
    answer = await bank.tenant.client.get(f"/v1/payments/{order_id}/transitions")
    return [(step["after"], step["reason"]) for step in answer.json()["transitions"]]


@pytest.mark.usefixtures("at_once")
async def test_the_payer_has_the_money_back_and_the_exposure_is_the_institutions(
    bank: CustomerBank, desk: Desk
) -> None:
    before = await exposed(bank)
    payer, made = await doubted(bank, desk)
    balance = await bank.balance(payer)
    assert (balance["booked"], balance["available"]) == ("5000", BACK)
    assert await exposed(bank) == before + AMOUNT
    assert await exposed(bank, "posted") == 0, "nobody knows yet that anything was paid"
    assert await steps(bank, made.id) == [
        ("received", None),
        ("reserved", None),
        ("sending", None),
        ("unknown", "TIMEOUT"),
        ("in_doubt", "NO_ANSWER_IN_TIME"),
    ]


@pytest.mark.usefixtures("at_once")
async def test_inquiries_go_on_until_there_is_an_answer(bank: CustomerBank, desk: Desk) -> None:
    _, made = await doubted(bank, desk)
    for _ in range(2):
        assert isinstance(await desk.survive(made.id), Again)
    desk.rail.on_inquiry = settled
    assert isinstance(await desk.survive(made.id), Done)
    assert list(desk.rail.inquired.values()) == [4]
    assert list(desk.rail.sent.values()) == [1]


@pytest.mark.usefixtures("at_once")
async def test_a_late_acceptance_debits_the_payer_again(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    before = await exposed(bank)
    payer, made = await doubted(bank, desk)
    desk.rail.on_inquiry = settled
    for _ in range(2):
        assert isinstance(await desk.survive(made.id), Done)
    after = await desk.state_of(made.id)
    assert (after.state, after.reason) == (OrderState.SETTLED, "accepted_late")
    assert (await bank.balance(payer))["booked"] == "4000"
    assert (await exposed(bank), await exposed(bank, "posted")) == (before, 0)
    assert await posted(bank, f"receivable:{made.id}") is None
    told = await events_of(database, desk, made.id)
    assert {"payment.in_doubt", "payment.settled"} <= set(told)


async def _spend(bank: CustomerBank, payer: str) -> None:
    leg = {"debit": f"accounts:{payer}:EUR", "credit": "world", "asset": "EUR", "amount": BACK}
    await bank.tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})


async def _close(bank: CustomerBank, payer: str) -> None:
    leg = {"debit": f"accounts:{payer}:EUR", "credit": "world", "asset": "EUR", "amount": "5000"}
    await bank.tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    path = f"/v1/accounts/{payer}/status"
    answer = await bank.tenant.post(path, {"status": "closed", "reason": "customer_wish"})
    assert answer.status_code == 200, answer.text


async def _block(bank: CustomerBank, payer: str) -> None:
    body = {"kind": "legal", "direction": "debit", "reason": "attachment"}
    await bank.tenant.create(f"/v1/accounts/{payer}/blocks", body)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("meanwhile", "booked"), [
    (_spend, "-50000"), (_close, "0"), (_block, "5000"),
], ids=["money gone", "account closed", "account blocked"])  # fmt: skip
async def test_a_late_acceptance_that_the_account_cannot_bear_is_owed(
    bank: CustomerBank,
    desk: Desk,
    database: Database,
    meanwhile: Callable[[CustomerBank, str], Any],
    booked: str,
) -> None:
    before = await exposed(bank)
    payer, made = await doubted(bank, desk)
    await meanwhile(bank, payer)
    desk.rail.on_inquiry = settled
    assert isinstance(await desk.survive(made.id), Done)
    after = await desk.state_of(made.id)
    assert (after.state, after.reason) == (OrderState.SETTLED, "receivable")
    assert await posted(bank, f"receivable:{made.id}") == str(AMOUNT)
    assert (await exposed(bank), await exposed(bank, "posted")) == (before, 0)
    assert (await bank.balance(payer))["booked"] == booked
    assert (await events_of(database, desk, made.id)).count("payment.receivable_raised") == 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("answer", [rejected, not_sent])
async def test_limits_stay_spent_until_a_late_rejection_gives_them_back(
    bank: CustomerBank, desk: Desk, answer: Callable[[Any], Any]
) -> None:
    before = await exposed(bank)
    payer = await bank.funded(5_000)
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "1000"}]}
    put = await bank.tenant.client.put(
        f"/v1/accounts/{payer}/limits", json=limits, headers=fresh_key()
    )
    assert put.status_code == 200, put.text
    desk.rail.on_send = desk.rail.on_inquiry = unknown
    made = await desk.carried_out(payer)
    desk.rail.answers_within_s = 0
    assert isinstance(await desk.survive(made.id), Again)
    assert (await desk.state_of(made.id)).state is OrderState.IN_DOUBT
    again = {
        "debtor_account": payer,
        "creditor": {"account_id": (await bank.open())["id"]},
        "asset": "EUR",
        "amount": "1000",
    }
    refused = await bank.tenant.post("/v1/payments", again)
    assert (refused.status_code, refused.json()["code"]) == (422, "LIMIT_EXCEEDED")
    desk.rail.on_inquiry = answer
    assert isinstance(await desk.survive(made.id), Done)
    assert (await desk.state_of(made.id)).state is OrderState.REJECTED
    assert (await bank.balance(payer))["available"] == BACK
    assert await exposed(bank) == before
    await bank.tenant.create("/v1/payments", again)


@pytest.mark.parametrize("code", ["AB05", "AB06"])
async def test_a_time_out_that_the_scheme_tells_of_is_final(
    bank: CustomerBank, desk: Desk, code: str
) -> None:
    desk.rail.on_send = lambda _: Rejected(code)
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert (made.state, made.reason) == (OrderState.REJECTED, code)
    assert (await bank.balance(payer))["available"] == BACK
    assert isinstance(await desk.survive(made.id), Done)
    assert not desk.rail.inquired


async def test_without_a_deadline_nothing_is_in_doubt(bank: CustomerBank, desk: Desk) -> None:
    desk.rail.answers_within_s = None
    desk.rail.on_send = unknown
    made = await desk.carried_out(await bank.funded(5_000))
    assert made.state is OrderState.UNKNOWN


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("first", [Unknown("CUT_OFF"), Pending("1")])
async def test_no_answer_that_comes_after_the_deadline_is_doubt(
    bank: CustomerBank, desk: Desk, first: Unknown | Pending
) -> None:
    made = await desk.order(await bank.funded(5_000))
    order = await desk.first.orders.order(desk.teller.tenant_id, made.id)
    assert order.attempt is not None
    late = outcome_of(order, first, "rail:scheme", None, order.attempt.began_at)
    await desk.teller.ledger.submit(desk.teller.call(), order.book_id, late)
    assert (await desk.state_of(made.id)).state is OrderState.IN_DOUBT


async def test_an_owner_that_comes_too_late_sends_nothing(bank: CustomerBank, desk: Desk) -> None:
    desk.rail.answers_within_s = 0
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert made.state is OrderState.IN_DOUBT
    assert not desk.rail.sent
    assert (await bank.balance(payer))["available"] == BACK


async def test_the_payer_does_not_wait_for_an_answer_that_is_under_way(
    bank: CustomerBank, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The deadline comes as soon as it is sent, by this process's clock and by the lane's. Before
    # that it and the lease are looked at once.
    moment = timedelta(milliseconds=1)
    left = iter([timedelta(seconds=1), timedelta(seconds=10), moment, moment])
    monkeypatch.setattr(desk.first.orders, "left", lambda _: next(left, timedelta(0)))
    recorded, record = asyncio.Event(), desk.first.execution._record

    async def recording(*details: Any) -> OrderState:  # noqa: ANN401 - passed on
        state = await record(*details)
        recorded.set()
        return state

    monkeypatch.setattr(desk.first.execution, "_record", recording)
    desk.rail.answers_within_s = 0
    desk.rail.held = asyncio.Event()
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    desk.first.execution.begin(desk.teller.tenant_id, made.id)
    await recorded.wait()
    assert (await desk.state_of(made.id)).state is OrderState.IN_DOUBT
    assert (await bank.balance(payer))["available"] == BACK
    desk.rail.held.set()
    await desk.first.execution.close()
    after = await desk.state_of(made.id)
    assert (after.state, after.reason) == (OrderState.SETTLED, "accepted_late")
    assert (await bank.balance(payer))["booked"] == "4000"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("last", [Settled("1", datetime.now(UTC)), Rejected("AC04")])
async def test_a_late_answer_and_survivors_at_once_move_the_money_once(
    bank: CustomerBank, desk: Desk, last: Settled | Rejected
) -> None:
    before = await exposed(bank)
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    order = await desk.first.orders.order(desk.teller.tenant_id, made.id)
    assert order.attempt is not None
    deadline = order.attempt.began_at
    # A process that takes the lane over has neither reservation in memory.
    assert exposure_hold(order.id) in outcome_of(order, last, "rail:scheme", None).reads().holds
    doubt = outcome_of(order, Unknown("NO_ANSWER_IN_TIME"), "rail:scheme", None, deadline)
    answer = outcome_of(order, last, "rail:scheme", None, deadline)
    riders: list[RecordOutcome] = [doubt, answer] * 10
    ledger, book = desk.teller.ledger, order.book_id
    answers = await asyncio.gather(
        *(ledger.submit(desk.teller.call(), book, rider) for rider in riders)
    )
    assert {answer.status for answer in answers} == {200}
    after = await desk.state_of(made.id)
    balance = await bank.balance(payer)
    if isinstance(last, Settled):
        assert (after.state, balance["booked"]) == (OrderState.SETTLED, "4000")
    else:
        assert (after.state, balance["available"]) == (OrderState.REJECTED, BACK)
    assert (await exposed(bank), await exposed(bank, "posted")) == (before, 0)


@pytest.mark.usefixtures("at_once")
async def test_a_scheme_that_takes_what_it_had_rejected_is_told_of_and_moves_nothing(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    desk.rail.on_send = rejected
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    order = await desk.first.orders.order(desk.teller.tenant_id, made.id)
    lie = outcome_of(order, Settled("1", datetime.now(UTC)), "rail:scheme", None)
    await desk.teller.ledger.submit(desk.teller.call(), order.book_id, lie)
    assert (await bank.balance(payer))["booked"] == "5000"
    assert "payment.contradicted" in await events_of(database, desk, made.id)


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
