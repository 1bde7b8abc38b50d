"""Money that comes back of payments of ours: never more than was paid, and once."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from arriving import back, paid
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments.rails import Refused, Taken, Unmatched
from bezant.payments.states import OrderState
from customers import CustomerBank, open_bank
from fixtures_api import Tenant
from paying import Desk, events_of, posted
from rails import rejected, settled, unknown

AMOUNT = 1_000


async def test_what_comes_back_is_credited_to_the_payer_once(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, made = await paid(bank, desk)
    returned = await back(bank, desk, made.id)
    for _ in range(2):
        assert await desk.first.receiver.returned(returned) == Taken(made.id)
    after = await desk.state_of(made.id)
    assert (after.state, after.reason) == (OrderState.RETURNED, "AC04")
    assert (await bank.balance(payer))["booked"] == "5000"
    assert await desk.first.receiver.returned(replace(returned, amount=999)) == Refused("AM05")


async def test_parts_come_back_up_to_the_amount(bank: CustomerBank, desk: Desk) -> None:
    payer, made = await paid(bank, desk)
    part = await back(bank, desk, made.id, amount=400)
    assert await desk.first.receiver.returned(part) == Taken(made.id)
    assert (await desk.state_of(made.id)).state is OrderState.PARTIALLY_RETURNED
    too_much = await back(bank, desk, made.id, amount=601)
    kept = await desk.first.receiver.returned(too_much)
    assert isinstance(kept, Unmatched)
    assert await posted(bank, f"unapplied:{kept.unapplied_id}") == "601"
    rest = await back(bank, desk, made.id, amount=600)
    assert await desk.first.receiver.returned(rest) == Taken(made.id)
    assert (await desk.state_of(made.id)).state is OrderState.RETURNED
    assert (await bank.balance(payer))["booked"] == "5000"
    more = await back(bank, desk, made.id, amount=1)
    for _ in range(2):
        kept = await desk.first.receiver.returned(more)
        assert isinstance(kept, Unmatched)
        assert await posted(bank, f"unapplied:{kept.unapplied_id}") == "1"


async def test_a_hundred_returns_of_sixty_per_cent_at_once_are_one(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, made = await paid(bank, desk)
    each = [await back(bank, desk, made.id, amount=600) for _ in range(100)]
    before = int(await posted(bank, "settlement:scheme:EUR") or 0)
    answers = await asyncio.gather(*(desk.first.receiver.returned(one) for one in each))
    assert answers.count(Taken(made.id)) == 1
    assert len({one.unapplied_id for one in answers if isinstance(one, Unmatched)}) == 99
    assert (await bank.balance(payer))["booked"] == "4600"
    assert await posted(bank, "settlement:scheme:EUR") == str(before + 60_000)


async def test_a_return_is_found_by_the_schemes_reference_too(
    bank: CustomerBank, desk: Desk
) -> None:
    _, made = await paid(bank, desk)
    named = await back(bank, desk, made.id)
    reference = f"scheme-{named.original_transaction_id}"
    by_reference = replace(named, original_transaction_id=reference)
    assert await desk.first.receiver.returned(by_reference) == Taken(made.id)


async def test_two_banks_may_give_their_returns_one_name(bank: CustomerBank, desk: Desk) -> None:
    payments = [await paid(bank, desk) for _ in range(2)]
    for payer, made in payments:
        returned = await back(bank, desk, made.id, return_id="RT-OF-BOTH", amount=400)
        for _ in range(2):
            assert await desk.first.receiver.returned(returned) == Taken(made.id)
        assert (await bank.balance(payer))["booked"] == "4400"
        assert await desk.first.receiver.returned(replace(returned, amount=1)) == Refused("AM05")


async def test_what_comes_back_of_nothing_that_was_sent_waits(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, made = await paid(bank, desk)
    before = int(await posted(bank, "settlement:scheme:EUR") or 0)
    stranger = await back(bank, desk, made.id, original_transaction_id="NEVER-SENT", amount=70)
    kept = [await desk.first.receiver.returned(stranger) for _ in range(2)]
    assert kept[0] == kept[1]
    assert isinstance(kept[0], Unmatched)
    other = await desk.first.receiver.returned(replace(stranger, amount=71))
    assert isinstance(other, Unmatched)
    assert other != kept[0], "another amount under its name is other money"
    assert await posted(bank, "settlement:scheme:EUR") == str(before + 70 + 71)
    path = f"/v1/unapplied-money/{kept[0].unapplied_id}"
    found = (await own.client.get(path)).json()
    assert (found["origin"], found["remaining"]) == ("unmatched_return", "70")
    said = (await own.client.get(f"{bank.book_path}/transactions/{kept[0].unapplied_id}")).json()[
        "metadata"
    ]
    assert said["original_transaction_id"] == "NEVER-SENT"
    assert said["return_id"] == stranger.return_id
    told = await database.fetch("SELECT kind FROM event_pending WHERE subject = $1", path)
    assert [row["kind"] for row in told] == ["unapplied_money.received"]
    await own.create(f"{path}/apply", {"account_id": payer, "reason": "sent_elsewhere"})
    assert (await bank.balance(payer))["booked"] == "4070"
    assert await desk.first.receiver.returned(stranger) == kept[0]
    assert (await own.client.get(path)).json()["remaining"] == "0"


async def test_what_comes_back_of_another_institutions_payment_waits_there(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer, made = await paid(bank, desk)
    other = await open_bank(own, bank_code="20010020", bic="PBNKDEFF")
    elsewhere = await back(bank, desk, made.id, institution_id=UUID(other.institution))
    kept = await desk.first.receiver.returned(elsewhere)
    assert isinstance(kept, Unmatched)
    assert await posted(other, f"unapplied:{kept.unapplied_id}") == str(AMOUNT)
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_what_was_kept_for_want_of_its_payment_is_not_credited_later(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, made = await paid(bank, desk)
    returned = await back(bank, desk, made.id, original_transaction_id="NAMED-LATER")
    kept = await desk.first.receiver.returned(returned)
    assert isinstance(kept, Unmatched)
    await database.fetch(
        "UPDATE payment_attempt SET reference = 'NAMED-LATER' WHERE order_id = $1", made.id
    )
    assert await desk.first.receiver.returned(returned) == kept
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_of_what_was_never_carried_out_nothing_comes_back(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, made = await paid(bank, desk)
    dollars = await back(bank, desk, made.id, asset="USD")
    assert await desk.first.receiver.returned(dollars) == Refused("AM03")
    desk.rail.on_send = rejected
    not_paid = await desk.carried_out(payer)
    lie = await back(bank, desk, not_paid.id)
    assert await desk.first.receiver.returned(lie) == Refused("NOOR")
    assert (await events_of(database, desk, not_paid.id))[-1] == "payment.contradicted"
    assert (await bank.balance(payer))["booked"] == "4000"


async def test_what_a_closed_account_does_not_take_waits_and_is_told_of(
    bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, made = await paid(bank, desk)
    leg = {"debit": f"accounts:{payer}:EUR", "credit": "world", "asset": "EUR", "amount": "4000"}
    await bank.tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    path = f"/v1/accounts/{payer}/status"
    closed = await bank.tenant.post(path, {"status": "closed", "reason": "customer_wish"})
    assert closed.status_code == 200, closed.text
    for part in (400, 600):
        returned = await back(bank, desk, made.id, amount=part)
        assert await desk.first.receiver.returned(returned) == Taken(made.id)
    assert await posted(bank, f"unapplied:{made.id}") == str(AMOUNT)
    assert (await events_of(database, desk, made.id)).count("payment.return_unapplied") == 2


@pytest.mark.usefixtures("at_once")
async def test_what_comes_back_of_a_payment_in_doubt_was_carried_out_first(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(5_000)
    desk.rail.on_send = desk.rail.on_inquiry = unknown
    made = await desk.carried_out(payer)
    desk.rail.answers_within_s = 0
    await desk.survive(made.id)
    assert (await desk.state_of(made.id)).state is OrderState.IN_DOUBT
    returned = await back(bank, desk, made.id, amount=300)
    assert await desk.first.receiver.returned(returned) == Taken(made.id)
    path = f"/v1/payments/{made.id}/transitions"
    steps = (await bank.tenant.client.get(path)).json()["transitions"]
    assert [step["after"] for step in steps][-3:] == ["in_doubt", "settled", "partially_returned"]
    assert (await bank.balance(payer))["booked"] == "4300"


@pytest.mark.usefixtures("at_once")
async def test_what_comes_back_lessens_first_what_the_payer_owes_for_it(
    bank: CustomerBank, desk: Desk
) -> None:
    payer = await bank.funded(1_000)
    desk.rail.on_send = desk.rail.on_inquiry = unknown
    made = await desk.carried_out(payer)
    desk.rail.answers_within_s = 0
    await desk.survive(made.id)
    leg = {"debit": f"accounts:{payer}:EUR", "credit": "world", "asset": "EUR", "amount": "51000"}
    await bank.tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    desk.rail.on_inquiry = settled
    await desk.survive(made.id)
    assert await posted(bank, f"receivable:{made.id}") == str(AMOUNT)
    for _ in range(2):
        returned = await back(bank, desk, made.id, amount=500)
        assert await desk.first.receiver.returned(returned) == Taken(made.id)
    assert await posted(bank, f"receivable:{made.id}") == "0"
    assert (await bank.balance(payer))["booked"] == "-50000"


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
