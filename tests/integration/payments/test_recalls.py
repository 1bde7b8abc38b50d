"""Recalls, both ways, and refunds of what the payer did not authorise."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from arriving import back, credit, opened, paid, recall_by
from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Done
from bezant.ledger import verify_book
from bezant.payments.calendars.target import add_business_days, next_business_day
from bezant.payments.orders import PaymentNotFound
from bezant.payments.rails import (
    Coordinates,
    Recall,
    Refused,
    Rejected,
    Settled,
    Taken,
    Unknown,
)
from bezant.payments.returns.domain import Reason, is_in_time
from bezant.payments.states import OrderState
from customers import CustomerBank
from paying import Desk, posted

NOW = datetime.now(UTC)


async def arrived(bank: CustomerBank, desk: Desk) -> tuple[str, UUID, Recall]:
    """A credit of 12.50 that was taken, and what asks for it."""
    account = await opened(bank)
    offered = await credit(bank, account)
    taken = await desk.first.receiver.credited(offered)
    assert isinstance(taken, Taken)
    return account, taken.order_id, recall_by(bank, offered)


async def recalled(desk: Desk, recall: Recall) -> UUID:
    """Have a process take a recall; the case's identifier."""
    case = await desk.first.receiver.recalled(recall)
    assert isinstance(case, UUID)
    return case


async def answered(bank: CustomerBank, recall: UUID, **body: object) -> tuple[int, dict[str, Any]]:
    answer = await bank.tenant.post(f"/v1/recalls/{recall}/answer", body)
    return answer.status_code, answer.json()


async def recall_of(bank: CustomerBank, recall: UUID) -> dict[str, Any]:
    answer = await bank.tenant.client.get(f"/v1/recalls/{recall}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_recall_waits_for_an_answer_until_its_day(bank: CustomerBank, desk: Desk) -> None:
    _, order_id, recall = await arrived(bank, desk)
    case = await recalled(desk, recall)
    assert await desk.second.receiver.recalled(recall) == case
    found = await recall_of(bank, case)
    assert (found["payment_id"], found["direction"]) == (str(order_id), "received")
    assert (found["state"], found["code"]) == ("open", "FRAD")
    due_on = add_business_days(datetime.fromisoformat(found["created_at"]).date(), 15)
    assert found["due_on"] == due_on.isoformat()
    listed = (await bank.tenant.client.get("/v1/recalls?limit=1000")).json()["recalls"]
    assert [each for each in listed if each["id"] == str(case)] == [found]


async def test_a_recall_of_nothing_is_refused(bank: CustomerBank, desk: Desk) -> None:
    _, _, recall = await arrived(bank, desk)
    recall = replace(recall, original_transaction_id="NOTHING")
    assert await desk.first.receiver.recalled(recall) == Refused("NOOR")


async def test_a_recall_of_what_was_not_taken_is_refused(bank: CustomerBank, desk: Desk) -> None:
    nobody = Coordinates("Nobody", "DE02120300000000202051")
    offered = await credit(bank, await opened(bank), creditor=nobody)
    assert await desk.first.receiver.credited(offered) == Refused("AC03")
    recall = recall_by(bank, offered)
    assert await desk.first.receiver.recalled(recall) == Refused("ARDT")


async def test_two_banks_may_give_their_recalls_one_name(bank: CustomerBank, desk: Desk) -> None:
    recalls, orders = [], []
    for sender in ("BUKBGB22XXX", "DEUTDEFFXXX"):
        offered = await credit(bank, await opened(bank), sender_bic=sender)
        taken = await desk.first.receiver.credited(offered)
        assert isinstance(taken, Taken)
        orders.append(taken.order_id)
        recalls.append(replace(recall_by(bank, offered), case_id="CASE-OF-BOTH"))
    cases = [await recalled(desk, each) for each in recalls]
    assert cases == [await recalled(desk, each) for each in recalls], "the same again is known"
    found = [await recall_of(bank, case) for case in cases]
    assert [each["payment_id"] for each in found] == [str(order) for order in orders]


async def test_of_two_credits_under_one_name_the_senders_is_recalled(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    first = await credit(bank, account)
    other = replace(first, sender_bic="DEUTDEFFXXX")
    await desk.first.receiver.credited(first)
    taken = await desk.first.receiver.credited(other)
    recall = Recall(
        bank.tenant.id, UUID(bank.institution), "scheme", first.transaction_id, "CASE-2", "DUPL",
        b"<camt.056/>",
    )  # fmt: skip
    with pytest.raises(PaymentNotFound):
        await desk.first.receiver.recalled(recall)
    case = await recalled(desk, replace(recall, sender_bic="DEUTDEFFXXX"))
    assert isinstance(taken, Taken)
    assert (await recall_of(bank, case))["payment_id"] == str(taken.order_id)


async def test_what_is_given_back_leaves_the_account_at_once_and_is_posted_when_it_is_taken(
    bank: CustomerBank, desk: Desk
) -> None:
    account, order_id, recall = await arrived(bank, desk)
    case = await recalled(desk, recall)
    status, body = await answered(bank, case, answer="accept")
    assert (status, body["state"]) == (200, "returning")
    balance = await bank.balance(account)
    assert (balance["booked"], balance["available"]) == ("1250", "50000")
    desk.rail.on_recall = Unknown("CUT_OFF")
    assert isinstance(await desk.tell(case), Again)
    desk.rail.on_recall = Settled("1", NOW)
    for _ in range(2):
        assert isinstance(await desk.tell(case), Done)
    assert [what for what, *_ in desk.rail.told] == ["return", "return"]
    _, asked, _ = desk.rail.told[0]
    assert (asked.original_transaction_id, asked.case_id) == (
        recall.original_transaction_id,
        recall.case_id,
    )
    assert (asked.counterparty_bic, asked.amount) == ("BUKBGB22XXX", 1_250)
    assert (await recall_of(bank, case))["state"] == "accepted"
    after = await desk.state_of(order_id)
    assert (after.state, after.reason) == (OrderState.RETURNED, "FRAD")
    assert (await bank.balance(account))["booked"] == "0"


async def test_a_return_that_the_scheme_refuses_is_answered_anew(
    bank: CustomerBank, desk: Desk
) -> None:
    account, order_id, recall = await arrived(bank, desk)
    case = await recalled(desk, recall)
    await answered(bank, case, answer="accept")
    desk.rail.on_recall = Rejected("RC01")
    assert isinstance(await desk.tell(case), Done)
    found = await recall_of(bank, case)
    assert (found["state"], found["refusal"], found["answered_at"]) == ("open", "RC01", None)
    assert (await bank.balance(account))["available"] == "51250"
    status, _ = await answered(bank, case, answer="accept")
    assert status == 200
    desk.rail.on_recall = Settled("1", NOW)
    assert isinstance(await desk.tell(case), Done)
    first, anew = (asked for _, asked, _ in desk.rail.told)
    assert first.message_id != anew.message_id, "the scheme has refused what has the first's name"
    assert first.at < anew.at
    assert (await desk.state_of(order_id)).state is OrderState.RETURNED
    assert (await bank.balance(account))["booked"] == "0"


async def test_a_refusal_is_told_with_its_code_and_moves_nothing(
    bank: CustomerBank, desk: Desk
) -> None:
    account, order_id, recall = await arrived(bank, desk)
    case = await recalled(desk, recall)
    status, body = await answered(bank, case, answer="refuse", code="CUST")
    assert (status, body["state"], body["refusal"]) == (200, "refused", "CUST")
    assert isinstance(await desk.tell(case), Done)
    assert [(what, code) for what, _, code in desk.rail.told] == [("refusal", "CUST")]
    assert (await desk.state_of(order_id)).state is OrderState.SETTLED
    assert (await bank.balance(account))["booked"] == "1250"
    status, body = await answered(bank, case, answer="accept")
    assert (status, body["code"]) == (409, "RECALL_NOT_WAITING")
    status, _ = await answered(bank, case, answer="refuse")
    assert status == 400, "a refusal says why"


async def test_a_recall_is_refused_with_codes_of_its_scheme_alone(
    bank: CustomerBank, desk: Desk
) -> None:
    _, _, recall = await arrived(bank, desk)
    case = await recalled(desk, recall)
    status, body = await answered(bank, case, answer="refuse", code="XX99")
    assert (status, body["code"]) == (422, "REASON_UNFIT")
    assert (await recall_of(bank, case))["state"] == "open"


async def test_money_that_is_gone_is_not_given_back(bank: CustomerBank, desk: Desk) -> None:
    account, _, recall = await arrived(bank, desk)
    leg = {"debit": f"accounts:{account}:EUR", "credit": "world", "asset": "EUR"}
    await bank.tenant.create(
        f"{bank.book_path}/transactions", {"postings": [leg | {"amount": "51250"}]}
    )
    case = await recalled(desk, recall)
    status, body = await answered(bank, case, answer="accept")
    assert (status, body["code"]) == (422, "OVERDRAFT_EXCEEDED")
    assert (await recall_of(bank, case))["state"] == "open"


async def test_two_recalls_of_one_credit_give_it_back_once(bank: CustomerBank, desk: Desk) -> None:
    account, _, recall = await arrived(bank, desk)
    cases = [
        await recalled(desk, replace(recall, case_id=f"{recall.case_id}{turn}"))
        for turn in range(2)
    ]
    answers = await asyncio.gather(*(answered(bank, case, answer="accept") for case in cases))
    assert sorted(status for status, _ in answers) == [200, 409]
    for case in cases:
        desk.rail.on_recall = Settled("1", NOW)
        await desk.tell(case)
    assert (await bank.balance(account))["booked"] == "0"
    [left] = [case for case in cases if (await recall_of(bank, case))["state"] == "open"]
    status, body = await answered(bank, left, answer="accept")
    assert (status, body["code"]) == (409, "PAYMENT_NOT_RECALLABLE")


async def test_a_recall_of_ours_is_answered_by_the_money(bank: CustomerBank, desk: Desk) -> None:
    payer, made = await paid(bank, desk)
    path = f"/v1/payments/{made.id}/recall"
    case = await bank.tenant.create(path, {"reason": "FRAD"})
    assert (case["direction"], case["state"]) == ("sent", "open")
    again = await bank.tenant.post(path, {"reason": "CUST"})
    assert (again.status_code, again.json()["code"]) == (409, "RECALL_OPEN")
    assert isinstance(await desk.tell(UUID(case["id"])), Done)
    [(what, asked, _)] = desk.rail.told
    assert (what, asked.code, asked.amount) == ("recall", "FRAD", 1_000)
    assert asked.counterparty_iban == "GB33BUKB20201555555555", "it tells the payee's bank"
    returned = await back(
        bank, desk, made.id, original_transaction_id=asked.original_transaction_id, code="FOCR"
    )
    assert await desk.first.receiver.returned(returned) == Taken(made.id)
    assert (await recall_of(bank, UUID(case["id"])))["state"] == "accepted"
    assert (await bank.balance(payer))["booked"] == "5000"
    late = await bank.tenant.post(path, {"reason": "CUST"})
    assert (late.status_code, late.json()["code"]) == (409, "PAYMENT_NOT_RECALLABLE")


async def test_a_recall_of_ours_is_refused_by_the_other_bank_or_the_scheme(
    bank: CustomerBank, desk: Desk
) -> None:
    _, made = await paid(bank, desk)
    path = f"/v1/payments/{made.id}/recall"
    case = await bank.tenant.create(path, {"reason": "DUPL"})
    await desk.tell(UUID(case["id"]))
    _, asked, _ = desk.rail.told[0]
    refusal = Recall(
        bank.tenant.id, UUID(bank.institution), "scheme", asked.original_transaction_id,
        asked.case_id, "DUPL", b"<camt.029/>",
    )  # fmt: skip
    stranger = replace(refusal, case_id="NOT-OURS")
    assert not await desk.first.receiver.recall_answered(stranger, "CUST", NOW)
    for _ in range(2):
        assert await desk.first.receiver.recall_answered(refusal, "CUST", NOW)
    found = await recall_of(bank, UUID(case["id"]))
    assert (found["state"], found["refusal"]) == ("refused", "CUST")
    second = await bank.tenant.create(path, {"reason": "CUST"})
    desk.rail.on_recall = Rejected("RC01")
    assert isinstance(await desk.tell(UUID(second["id"])), Done)
    assert (await recall_of(bank, UUID(second["id"])))["state"] == "refused"


async def test_what_is_no_refusal_leaves_a_recall_of_ours_open_and_is_kept(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, made = await paid(bank, desk)
    case = await bank.tenant.create(f"/v1/payments/{made.id}/recall", {"reason": "FRAD"})
    await desk.tell(UUID(case["id"]))
    _, asked, _ = desk.rail.told[0]
    said = Recall(
        bank.tenant.id, UUID(bank.institution), "scheme", asked.original_transaction_id,
        asked.case_id, "", b"<camt.029>PDCR</camt.029>",
    )  # fmt: skip
    before = await messages(database, bank, made.id)
    assert await desk.first.receiver.recall_answered(said, None, NOW)
    assert (await recall_of(bank, UUID(case["id"])))["state"] == "open"
    assert await messages(database, bank, made.id) == before + 1
    refusal = replace(said, code="LEGL", raw=b"<camt.029>RJCR</camt.029>")
    assert await desk.first.receiver.recall_answered(refusal, "LEGL", NOW)
    found = await recall_of(bank, UUID(case["id"]))
    assert (found["state"], found["refusal"]) == ("refused", "LEGL")
    assert await messages(database, bank, made.id) == before + 2


async def test_an_answer_that_names_the_payment_alone_is_of_the_recall_that_waits(
    bank: CustomerBank, desk: Desk
) -> None:
    _, made = await paid(bank, desk)
    path, receiver = f"/v1/payments/{made.id}/recall", desk.first.receiver
    first = await bank.tenant.create(path, {"reason": "FRAD"})
    await desk.tell(UUID(first["id"]))
    _, asked, _ = desk.rail.told[0]
    refusal = Recall(
        bank.tenant.id, UUID(bank.institution), "scheme", asked.original_transaction_id, "",
        "LEGL", b"<camt.029/>",
    )  # fmt: skip
    said_at = asked.at + timedelta(seconds=1)
    assert await receiver.recall_answered(refusal, "LEGL", said_at)
    assert (await recall_of(bank, UUID(first["id"])))["state"] == "refused"
    assert not await receiver.recall_answered(refusal, "LEGL", said_at), "none waits"
    second = await bank.tenant.create(path, {"reason": "CUST"})
    before = asked.at - timedelta(minutes=2)
    assert not await receiver.recall_answered(refusal, "LEGL", before), "it is of another"
    assert (await recall_of(bank, UUID(second["id"])))["state"] == "open"


async def messages(database: Database, bank: CustomerBank, order_id: UUID) -> int:
    """How many messages are kept of a payment."""
    rows = await database.fetch(
        "SELECT content_id FROM payment_content"
        " WHERE tenant_id = $1 AND order_id = $2 AND kind = 'message'",
        bank.tenant.id,
        order_id,
    )
    return len(rows)


async def test_what_did_not_leave_is_not_asked_back(bank: CustomerBank, desk: Desk) -> None:
    _, order_id, _ = await arrived(bank, desk)
    answer = await bank.tenant.post(f"/v1/payments/{order_id}/recall", {"reason": "DUPL"})
    assert (answer.status_code, answer.json()["code"]) == (409, "PAYMENT_NOT_RECALLABLE")


def test_errors_are_asked_back_for_ten_business_days_and_fraud_for_thirteen_months() -> None:
    paid_at = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    last = datetime(2026, 3, 16, 23, 59, tzinfo=UTC)
    assert is_in_time(Reason.DUPLICATE, paid_at, last)
    assert not is_in_time(Reason.TECHNICAL, paid_at, last + timedelta(days=1))
    assert is_in_time(Reason.FRAUD, paid_at, last + timedelta(days=1))


@pytest.mark.parametrize(
    "reason", [Reason.FRAUD, Reason.WRONG_ACCOUNT, Reason.WRONG_AMOUNT, Reason.CUSTOMER]
)
@pytest.mark.parametrize(
    ("paid_on", "last"),
    [
        ((2026, 3, 2), (2027, 4, 2)),
        ((2026, 1, 31), (2027, 2, 28)),
        ((2027, 1, 31), (2028, 2, 29)),
    ],
)
def test_thirteen_months_are_those_of_the_calendar(
    reason: Reason, paid_on: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    paid_at = datetime(*paid_on, 0, 1, tzinfo=UTC)
    until = datetime(*last, 23, 59, tzinfo=UTC)
    assert is_in_time(reason, paid_at, until)
    assert not is_in_time(reason, paid_at, until + timedelta(minutes=1))


async def test_an_unauthorised_payment_is_refunded_at_once_and_once(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, made = await paid(bank, desk)
    path = f"/v1/payments/{made.id}/unauthorised"
    claim = await bank.tenant.create(path, {})
    assert claim["refunded_at"] is not None
    assert (await bank.balance(payer))["booked"] == "5000"
    assert await posted(bank, f"unauthorised:{made.id}") == "1000"
    again = await bank.tenant.post(path, {})
    assert (again.status_code, again.json()["code"]) == (409, "PAYMENT_CLAIMED")
    # What comes back now is the institution's: it has paid the payer.
    returned = await back(bank, desk, made.id)
    assert await desk.first.receiver.returned(returned) == Taken(made.id)
    assert (await bank.balance(payer))["booked"] == "5000"
    assert await posted(bank, f"unauthorised:{made.id}") == "0"


async def test_a_claim_is_refunded_by_itself_by_the_next_business_day(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, made = await paid(bank, desk)
    claim = await bank.tenant.create(f"/v1/payments/{made.id}/unauthorised", {"refund": "when_due"})
    assert claim["refunded_at"] is None
    due_on = next_business_day(datetime.fromisoformat(claim["created_at"]).date())
    assert claim["due_on"] == due_on.isoformat()
    [job] = await database.fetch(
        "SELECT run_at FROM job WHERE tenant_id = $1 AND kind = 'payment.refund_claim'"
        " AND convert_from(payload, 'UTF8') LIKE $2",
        bank.tenant.id,
        f"%{made.id}%",
    )
    assert job["run_at"].date() == due_on
    assert (await bank.balance(payer))["booked"] == "4000"
    part = await back(bank, desk, made.id, amount=300)
    assert await desk.first.receiver.returned(part) == Taken(made.id)
    for _ in range(2):
        assert isinstance(await desk.pay_claim(made.id), Done)
    assert (await bank.balance(payer))["booked"] == "5000"
    assert await posted(bank, f"unauthorised:{made.id}") == "700"


async def test_what_came_in_or_was_not_paid_is_not_claimed(bank: CustomerBank, desk: Desk) -> None:
    _, order_id, _ = await arrived(bank, desk)
    made = await desk.order(await bank.funded(5_000))
    for each in (order_id, made.id):
        answer = await bank.tenant.post(f"/v1/payments/{each}/unauthorised", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "PAYMENT_NOT_RECALLABLE")


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
