"""Payments by a rail: reserved before they leave, ended by an answer, sent once."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Done
from bezant.ledger import verify_book
from bezant.payments.executing.riders import outcome_of
from bezant.payments.rails import Pending, Rejected, Settled
from bezant.payments.states import OrderState
from customers import CustomerBank
from paying import Desk
from rails import Answering, not_sent, rejected, settled, unknown


async def test_money_is_reserved_before_anything_is_sent(bank: CustomerBank, desk: Desk) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    assert made.state is OrderState.SENDING
    balance = await bank.balance(payer)
    assert (balance["booked"], balance["available"]) == ("5000", "54000")
    assert not desk.rail.sent


async def test_what_the_scheme_settles_is_posted(bank: CustomerBank, desk: Desk) -> None:
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert made.state is OrderState.SETTLED
    balance = await bank.balance(payer)
    assert (balance["booked"], balance["available"]) == ("4000", "54000")
    path = f"{bank.book_path}/accounts/settlement:scheme:EUR/balance"
    outside = (await bank.tenant.client.get(path)).json()
    assert int(outside["posted"]) <= -1_000


async def test_what_the_scheme_rejects_is_given_back_with_its_reason(
    bank: CustomerBank, desk: Desk
) -> None:
    desk.rail.on_send = rejected
    payer = await bank.funded(5_000)
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "1000"}]}
    path = f"/v1/accounts/{payer}/limits"
    headers = {"Idempotency-Key": f"limits-{payer}"}
    await bank.tenant.client.put(path, json=limits, headers=headers)
    made = await desk.carried_out(payer)
    assert (made.state, made.reason) == (OrderState.REJECTED, "AC04")
    assert (await bank.balance(payer))["available"] == "55000"
    desk.rail.on_send = settled
    again = await desk.carried_out(payer)
    assert again.state is OrderState.SETTLED, "the limit was given back too"


async def test_no_answer_is_no_failure_and_keeps_the_reservation(
    bank: CustomerBank, desk: Desk
) -> None:
    desk.rail.on_send = unknown
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert (made.state, made.reason) == (OrderState.UNKNOWN, "TIMEOUT")
    balance = await bank.balance(payer)
    assert (balance["booked"], balance["available"]) == ("5000", "54000")


@pytest.mark.usefixtures("at_once")
async def test_what_is_unknown_is_asked_about_and_never_sent_again(
    bank: CustomerBank, desk: Desk
) -> None:
    desk.rail.on_send = unknown
    made = await desk.carried_out(await bank.funded(5_000))
    desk.rail.on_inquiry = unknown
    assert isinstance(await desk.survive(made.id), Again)
    desk.rail.on_inquiry = settled
    assert isinstance(await desk.survive(made.id), Done)
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert list(desk.rail.sent.values()) == [1]


@pytest.mark.usefixtures("at_once")
async def test_what_was_unknown_and_is_not_there_is_given_back_and_not_sent_again(
    bank: CustomerBank, desk: Desk
) -> None:
    desk.rail.on_send = unknown
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    desk.rail.on_inquiry = not_sent
    assert isinstance(await desk.survive(made.id), Done)
    assert (await desk.state_of(made.id)).state is OrderState.REJECTED
    assert (await bank.balance(payer))["available"] == "55000"
    assert list(desk.rail.sent.values()) == [1]


async def test_as_long_as_a_sender_has_its_lease_nobody_else_acts(
    bank: CustomerBank, desk: Desk
) -> None:
    made = await desk.order(await bank.funded(5_000))
    outcome = await desk.survive(made.id)
    assert isinstance(outcome, Again)
    assert outcome.wait is not None
    assert timedelta(0) < outcome.wait <= timedelta(seconds=10)
    assert not desk.rail.sent
    assert not desk.rail.inquired


@pytest.mark.parametrize(
    ("answer", "state"), [(settled, "done"), (rejected, "done"), (unknown, "ready")]
)
async def test_what_has_its_answer_needs_no_survivor(
    bank: CustomerBank,
    desk: Desk,
    database: Database,
    answer: Answering,
    state: str,
) -> None:
    desk.rail.on_send = answer
    made = await desk.carried_out(await bank.funded(5_000))
    jobs = await database.fetch(
        "SELECT state FROM job WHERE kind = 'payment.survive' AND unique_key = $1",
        f"\n{made.id}",
    )
    assert [job["state"] for job in jobs] == [state]


@pytest.mark.usefixtures("at_once")
async def test_an_order_whose_sender_died_before_sending_is_sent_by_a_survivor(
    bank: CustomerBank, desk: Desk
) -> None:
    made = await desk.order(await bank.funded(5_000))
    assert isinstance(await desk.survive(made.id), Done)
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert list(desk.rail.inquired.values()) == [1], "it asks before it sends"
    assert list(desk.rail.sent.values()) == [1]


@pytest.mark.usefixtures("at_once")
async def test_a_survivor_that_cannot_send_gives_nothing_back(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    desk.rail.on_send = not_sent
    assert isinstance(await desk.survive(made.id), Again)
    assert (await desk.state_of(made.id)).state is OrderState.SENDING
    assert (await bank.balance(payer))["available"] == "54000", "who had it may wake and send it"
    desk.rail.on_send = settled
    assert isinstance(await desk.survive(made.id), Done)
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED


@pytest.mark.usefixtures("at_once")
async def test_a_sender_that_wakes_up_and_cannot_send_says_nothing_of_the_survivors_sending(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    desk.rail.held = asyncio.Event()
    desk.rail.on_send = not_sent
    desk.first.execution.begin(desk.teller.tenant_id, made.id)
    await desk.rail.began.wait()
    asleep, desk.rail.held = desk.rail.held, None
    desk.rail.on_send = unknown
    assert isinstance(await desk.survive(made.id), Again)
    desk.rail.on_send = not_sent
    asleep.set()
    await desk.first.execution.close()
    assert (await desk.state_of(made.id)).state is OrderState.UNKNOWN
    assert (await bank.balance(payer))["available"] == "54000"
    desk.rail.on_inquiry = settled
    assert isinstance(await desk.survive(made.id), Done)
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_a_sender_that_wakes_up_after_its_lease_sends_nothing(
    bank: CustomerBank, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.payments.orders.riders.LEASE", timedelta(0))
    payer = await bank.funded(5_000)
    made = await desk.carried_out(payer)
    assert made.state is OrderState.SENDING
    assert not desk.rail.sent
    assert isinstance(await desk.survive(made.id), Done)
    assert list(desk.rail.sent.values()) == [1]
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_a_survivor_that_heard_too_late_sends_nothing_and_leaves_it_to_the_next(
    bank: CustomerBank, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.payments.orders.riders.LEASE", timedelta(0))
    made = await desk.order(await bank.funded(5_000))
    with monkeypatch.context() as short:
        short.setattr("bezant.payments.executing.riders.LEASE", timedelta(0))
        assert isinstance(await desk.survive(made.id), Again)
    assert list(desk.rail.inquired.values()) == [1]
    assert not desk.rail.sent
    assert isinstance(await desk.survive(made.id), Done)
    assert list(desk.rail.sent.values()) == [1]


@pytest.mark.usefixtures("at_once")
async def test_an_order_whose_sender_died_after_sending_is_not_sent_again(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    order = await desk.first.orders.order(desk.teller.tenant_id, made.id)
    outgoing = await desk.first.orders.outgoing(desk.teller.tenant_id, order)
    await desk.rail.send(outgoing)  # and nobody is left who heard the answer
    desk.rail.on_inquiry = settled
    assert isinstance(await desk.survive(made.id), Done)
    assert (await bank.balance(payer))["booked"] == "4000"
    assert list(desk.rail.sent.values()) == [1]


@pytest.mark.usefixtures("at_once")
async def test_a_sender_that_wakes_up_after_a_survivor_settled_changes_nothing(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    desk.rail.held = asyncio.Event()
    desk.rail.on_send = rejected
    desk.first.execution.begin(desk.teller.tenant_id, made.id)
    await desk.rail.began.wait()
    desk.rail.on_inquiry = settled
    assert isinstance(await desk.survive(made.id), Done)
    desk.rail.held.set()
    await desk.first.execution.close()
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_outcomes_that_come_twice_late_or_contradict_have_no_effect(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    order = await desk.first.orders.order(desk.teller.tenant_id, made.id)
    now = datetime.now(UTC)
    riders = [
        outcome_of(order, outcome, "rail:scheme", None)
        for outcome in (
            Pending("1"), Settled("1", now), Settled("1", now), Rejected("AC04"), Pending("1"),
        )
    ]  # fmt: skip
    for rider in riders:
        answer = await desk.teller.ledger.submit(desk.teller.call(), order.book_id, rider)
        assert answer.status == 200
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert (await bank.balance(payer))["booked"] == "4000"
    rows = await database.fetch(
        "SELECT to_state FROM payment_transition WHERE tenant_id = $1 AND order_id = $2"
        " ORDER BY seq",
        desk.teller.tenant_id,
        made.id,
    )
    steps = [row["to_state"] for row in rows]
    assert steps == ["received", "reserved", "sending", "pending", "settled"]


async def test_the_same_outcomes_at_once_move_the_money_once(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(5_000)
    made = await desk.order(payer)
    order = await desk.first.orders.order(desk.teller.tenant_id, made.id)
    rider = outcome_of(order, Settled("1", datetime.now(UTC)), "rail:scheme", None)
    ledger, book = desk.teller.ledger, order.book_id
    await asyncio.gather(*(ledger.submit(desk.teller.call(), book, rider) for _ in range(50)))
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_what_a_scheme_would_never_take_is_refused_before_it_is_reserved(
    bank: CustomerBank,
) -> None:
    payer = await bank.funded(20_000_000)
    body = {
        "debtor_account": payer,
        "debtor_name": "Ada Lovelace",
        "creditor": {"iban": "GB33BUKB20201555555555", "name": "Grace Hopper"},
        "asset": "EUR",
        "amount": "10000001",
        "rail": "scheme",
    }
    answer = await bank.tenant.post("/v1/payments", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "NOT_FOR_RAIL")
    assert (await bank.balance(payer))["available"] == "20050000"


async def test_messages_of_a_rail_are_kept_sealed(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    made = await desk.carried_out(await bank.funded(5_000))
    rows = await database.fetch(
        "SELECT kind, sealed FROM payment_content WHERE tenant_id = $1 AND order_id = $2",
        desk.teller.tenant_id,
        made.id,
    )
    assert sorted(row["kind"] for row in rows) == ["message", "order"]
    for row in rows:
        assert b"settled" not in row["sealed"]
        assert b"Hopper" not in row["sealed"]


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    for answering in (settled, rejected, unknown):
        desk.rail.on_send = answering
        await desk.carried_out(await bank.funded(5_000))
    report = await verify_book(database, desk.teller.tenant_id, UUID(bank.book))
    assert report.findings == []
