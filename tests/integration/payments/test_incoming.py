"""Money that another bank sends: one credit for each transaction, or a reason of the scheme's."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from arriving import NOW, credit, opened
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments.rails import Coordinates, Refused, Taken
from bezant.payments.states import OrderState
from customers import CustomerBank
from fixtures_api import Tenant, fresh_key
from paying import Desk, events_of


async def settlement(bank: CustomerBank) -> int:
    path = f"{bank.book_path}/accounts/settlement:scheme:EUR/balance"
    answer = await bank.tenant.client.get(path)
    return int(answer.json()["posted"]) if answer.status_code == 200 else 0


async def test_what_is_offered_is_expected_and_credited_when_the_scheme_says_so(
    bank: CustomerBank, desk: Desk
) -> None:
    account, before = await opened(bank), await settlement(bank)
    taken = await desk.first.receiver.offer(await credit(bank, account))
    assert isinstance(taken, Taken)
    assert (await desk.state_of(taken.order_id)).state is OrderState.PENDING
    balance = await bank.balance(account)
    assert (balance["booked"], balance["expected"], balance["available"]) == ("0", "1250", "50000")
    for _ in range(2):
        await desk.second.receiver.conclude(bank.tenant.id, taken.order_id, NOW)
    balance = await bank.balance(account)
    assert (balance["booked"], balance["available"]) == ("1250", "51250")
    assert await settlement(bank) == before + 1_250
    path = f"/v1/payments/{taken.order_id}/transitions"
    steps = (await bank.tenant.client.get(path)).json()["transitions"]
    assert [step["after"] for step in steps] == ["received", "pending", "settled"]


async def test_what_the_scheme_cancels_is_expected_no_longer(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    taken = await desk.first.receiver.offer(offered)
    assert isinstance(taken, Taken)
    for _ in range(2):
        await desk.first.receiver.conclude(bank.tenant.id, taken.order_id, None)
    after = await desk.state_of(taken.order_id)
    assert (after.state, after.reason) == (OrderState.REJECTED, "cancelled_by_scheme")
    assert (await bank.balance(account))["expected"] == "0"
    assert await desk.first.receiver.offer(offered) == taken, "the same again, the same answer"


async def test_what_the_scheme_settles_after_it_has_cancelled_it_is_told_and_moves_nothing(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    taken = await desk.first.receiver.offer(offered)
    assert isinstance(taken, Taken)
    for _ in range(2):
        await desk.first.receiver.conclude(bank.tenant.id, taken.order_id, None)
    assert "payment.contradicted" not in await events_of(database, desk, taken.order_id)
    await desk.first.receiver.conclude(bank.tenant.id, taken.order_id, NOW)
    assert (await events_of(database, desk, taken.order_id))[-1] == "payment.contradicted"
    assert await desk.second.receiver.credited(offered) == taken
    assert (await events_of(database, desk, taken.order_id)).count("payment.contradicted") == 2
    assert (await desk.state_of(taken.order_id)).state is OrderState.REJECTED
    assert (await bank.balance(account))["booked"] == "0"


async def test_a_credit_once_settled_is_not_cancelled(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    taken = await desk.first.receiver.credited(offered)
    assert await desk.second.receiver.credited(offered) == taken
    assert isinstance(taken, Taken)
    assert "payment.contradicted" not in await events_of(database, desk, taken.order_id)
    await desk.first.receiver.conclude(bank.tenant.id, taken.order_id, None)
    assert (await events_of(database, desk, taken.order_id))[-1] == "payment.contradicted"
    assert (await desk.state_of(taken.order_id)).state is OrderState.SETTLED
    assert (await bank.balance(account))["booked"] == "1250"


async def test_what_is_settled_before_it_is_told_is_credited_in_one_commit(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    taken = await desk.first.receiver.credited(offered)
    assert isinstance(taken, Taken)
    assert (await desk.state_of(taken.order_id)).state is OrderState.SETTLED
    assert await desk.second.receiver.credited(offered) == taken
    assert (await bank.balance(account))["booked"] == "1250"


async def test_what_was_offered_and_is_then_told_as_settled_is_credited_once(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    taken = await desk.first.receiver.offer(offered)
    assert await desk.first.receiver.credited(offered) == taken
    assert await desk.first.receiver.credited(offered) == taken
    assert (await bank.balance(account))["booked"] == "1250"


async def test_fifty_offers_of_one_transaction_at_once_are_one_credit(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    processes = (desk.first.receiver, desk.second.receiver)
    answers = await asyncio.gather(*(processes[turn % 2].credited(offered) for turn in range(50)))
    assert len({answer.order_id for answer in answers if isinstance(answer, Taken)}) == 1
    assert (await bank.balance(account))["booked"] == "1250"


async def test_the_same_name_of_another_sender_is_another_transaction(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    await desk.first.receiver.credited(offered)
    await desk.first.receiver.credited(replace(offered, sender_bic="DEUTDEFFXXX"))
    assert (await bank.balance(account))["booked"] == "2500"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1_251},
        {"remittance": "for another engine"},
        {"debtor": Coordinates("Grace Hopper", "DE89370400440532013000")},
    ],
    ids=["amount", "text", "debtor"],
)
async def test_a_transaction_told_again_with_other_content_is_refused(
    bank: CustomerBank, desk: Desk, change: dict[str, Any]
) -> None:
    account = await opened(bank)
    offered = await credit(bank, account)
    await desk.first.receiver.credited(offered)
    assert await desk.first.receiver.credited(replace(offered, **change)) == Refused("AM05")
    assert await desk.first.receiver.credited(replace(offered, raw=b"sent again")) != Refused(
        "AM05"
    )
    assert (await bank.balance(account))["booked"] == "1250"


async def _close(bank: CustomerBank, account: str, status: str) -> None:
    body = {"status": status, "reason": "customer_wish"}
    answer = await bank.tenant.post(f"/v1/accounts/{account}/status", body)
    assert answer.status_code == 200, answer.text


async def _block(bank: CustomerBank, account: str, direction: str) -> str:
    body = {"kind": "legal", "direction": direction, "reason": "attachment"}
    return str((await bank.tenant.create(f"/v1/accounts/{account}/blocks", body))["id"])


async def test_an_account_that_does_not_take_money_is_a_reason_of_the_scheme(
    bank: CustomerBank, desk: Desk
) -> None:
    offers = desk.first.receiver
    account = await opened(bank)
    nobody = Coordinates("Nobody", "DE89370400440532013000")
    assert await offers.offer(await credit(bank, account, creditor=nobody)) == Refused("AC03")
    elsewhere = Coordinates("Nobody", account_id=uuid4())
    assert await offers.offer(await credit(bank, account, creditor=elsewhere)) == Refused("AC03")
    assert await offers.offer(await credit(bank, account, asset="GBP")) == Refused("AG01")
    await _block(bank, account, "credit")
    assert await offers.offer(await credit(bank, account)) == Refused("AC06")
    closed = await opened(bank)
    await _close(bank, closed, "closed")
    assert await offers.offer(await credit(bank, closed)) == Refused("AC04")
    new = str((await bank.open(opening=True))["id"])
    assert await offers.offer(await credit(bank, new)) == Refused("AG01")
    assert (await bank.balance(account))["expected"] == "0"


async def test_a_refusal_stays_one_when_its_reason_has_gone(bank: CustomerBank, desk: Desk) -> None:
    account = await opened(bank)
    block = await _block(bank, account, "both")
    offered = await credit(bank, account)
    assert await desk.first.receiver.credited(offered) == Refused("AC06")
    path = f"/v1/accounts/{account}/blocks/{block}/lift"
    lifted = await bank.tenant.post(path, {})
    assert lifted.status_code == 200, lifted.text
    assert await desk.first.receiver.credited(offered) == Refused("AC06")
    assert (await bank.balance(account))["booked"] == "0"


async def test_a_ledger_account_that_takes_nothing_is_a_reason_too(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await bank.open()
    frozen = account["ledger_accounts"]["EUR"]
    answer = await bank.tenant.client.patch(
        f"{bank.book_path}/accounts/{frozen}", json={"status": "frozen"}, headers=fresh_key()
    )
    assert answer.status_code == 200, answer.text
    offered = await credit(bank, str(account["id"]))
    assert await desk.first.receiver.credited(offered) == Refused("AC06")


async def test_an_account_is_not_closed_under_a_credit_that_is_expected(
    bank: CustomerBank, desk: Desk
) -> None:
    account = await opened(bank)
    taken = await desk.first.receiver.offer(await credit(bank, account))
    assert isinstance(taken, Taken)
    body = {"status": "closed", "reason": "customer_wish"}
    answer = await bank.tenant.post(f"/v1/accounts/{account}/status", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "ACCOUNT_NOT_EMPTY")
    # A block that comes later does not undo what the scheme was promised.
    await _block(bank, account, "both")
    await desk.first.receiver.conclude(bank.tenant.id, taken.order_id, NOW)
    assert (await bank.balance(account))["booked"] == "1250"


async def test_what_it_says_is_sealed_and_read_with_a_purpose(
    bank: CustomerBank, desk: Desk, own: Tenant, database: Database
) -> None:
    account = await opened(bank)
    taken = await desk.first.receiver.credited(await credit(bank, account))
    assert isinstance(taken, Taken)
    rows = await database.fetch(
        "SELECT sealed FROM payment_content WHERE tenant_id = $1 AND order_id = $2",
        own.id,
        taken.order_id,
    )
    assert len(rows) == 2
    assert not any(b"Hopper" in row["sealed"] or b"GB33" in row["sealed"] for row in rows)
    content = await desk.first.orders.read(desk.teller.call(), taken.order_id)
    assert (content.debtor_name, content.debtor_iban) == ("Grace Hopper", "GB33BUKB20201555555555")
    assert (content.end_to_end_id, content.remittance) == ("INVOICE-7", "for the engine")


async def test_payments_are_listed_by_direction_and_none_that_came_in_is_ordered_about(
    bank: CustomerBank, desk: Desk, own: Tenant
) -> None:
    taken = await desk.first.receiver.credited(await credit(bank, await opened(bank)))
    assert isinstance(taken, Taken)
    payer, payee = await bank.funded(), await opened(bank)
    new = {"debtor_account": payer, "creditor": {"account_id": payee}, "asset": "EUR"}
    await own.create("/v1/payments", new | {"amount": "100"})
    for direction, debtor in (("in", ""), ("internal", ""), ("internal", payer)):
        path = f"/v1/payments?direction={direction}&limit=1000"
        path += f"&debtor_account={debtor}" if debtor else ""
        listed = (await own.client.get(path)).json()["payments"]
        assert {each["direction"] for each in listed} == {direction}
    cancelled = await own.post(f"/v1/payments/{taken.order_id}/cancel", {"reason": "regret"})
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "PAYMENT_NOT_WAITING")


async def test_another_tenant_has_no_such_institution(bank: CustomerBank, desk: Desk) -> None:
    offered = await credit(bank, await opened(bank), tenant_id=uuid4())
    with pytest.raises(Exception, match="no such institution"):
        await desk.first.receiver.offer(offered)


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
