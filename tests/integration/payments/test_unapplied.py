"""Money that fits no account: it is found, given to somebody once, and its book stays whole."""

from typing import Any
from uuid import UUID

from bezant.kernel.database import Database
from bezant.ledger import verify_book
from customers import CustomerBank, open_bank
from fixtures_api import Tenant, fresh_key
from paying import posted
from unclaimed import collected_for_nobody, empty_and_close, returned_to_nobody

MONEY = "/v1/unapplied-money"


async def waiting(own: Tenant, query: str = "") -> list[dict[str, Any]]:
    """What the list has."""
    answer = await own.client.get(f"{MONEY}?limit=1000{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["unapplied_money"])


async def test_what_came_back_for_a_closed_account_is_listed_and_applied(
    own: Tenant, bank: CustomerBank
) -> None:
    payment = await returned_to_nobody(bank)
    [found] = [each for each in await waiting(own) if each["id"] == payment]
    assert found["origin"] == "payment_return"
    assert (found["account"], found["asset"], found["remaining"]) == (
        f"unapplied:{payment}", "EUR", "5",
    )  # fmt: skip
    assert (found["institution_id"], found["book_id"]) == (bank.institution, bank.book)
    account = str((await bank.open())["id"])
    new = {"account_id": account, "reason": "new_account_of_payer"}
    moved = await own.create(f"{MONEY}/{payment}/apply", new)
    assert (moved["kind"], moved["amount"], moved["account_id"]) == ("applied", "5", account)
    assert (await bank.balance(account))["booked"] == "5"
    assert payment not in [each["id"] for each in await waiting(own)]
    [gone] = [each for each in await waiting(own, "&all=true") if each["id"] == payment]
    assert gone["remaining"] == "0"
    listed = (await own.client.get(f"{MONEY}/{payment}/movements")).json()["movements"]
    assert listed == [moved]
    again = await own.post(f"{MONEY}/{payment}/apply", new)
    assert (again.status_code, again.json()["code"]) == (409, "UNAPPLIED_GONE")


async def test_a_repeat_under_the_same_key_is_the_same_movement(
    own: Tenant, bank: CustomerBank
) -> None:
    payment, account = await returned_to_nobody(bank), str((await bank.open())["id"])
    new, key = {"account_id": account, "reason": "found", "amount": "2"}, fresh_key()
    first = await own.post(f"{MONEY}/{payment}/apply", new, **key)
    second = await own.post(f"{MONEY}/{payment}/apply", new, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert await posted(bank, f"unapplied:{payment}") == "3"


async def test_parts_are_applied_up_to_what_waits(own: Tenant, bank: CustomerBank) -> None:
    payment, account = await returned_to_nobody(bank), str((await bank.open())["id"])
    new = {"account_id": account, "reason": "part_of_it", "amount": "3"}
    await own.create(f"{MONEY}/{payment}/apply", new)
    more = await own.post(f"{MONEY}/{payment}/apply", new)
    assert (more.status_code, more.json()["code"]) == (422, "UNAPPLIED_EXCEEDED")
    assert more.json()["remaining"] == "2"
    await own.create(f"{MONEY}/{payment}/apply", new | {"amount": "2"})
    assert (await bank.balance(account))["booked"] == "5"


async def test_it_is_given_to_nobody_who_cannot_have_it(own: Tenant, bank: CustomerBank) -> None:
    payment, gone = await returned_to_nobody(bank), await bank.funded(1)
    await empty_and_close(bank, gone)
    other = await open_bank(own, bank_code="20010020", bic="PBNKDEFF")
    for account, code in (
        (payment, "UNKNOWN_CREDITOR_ACCOUNT"),
        (gone, "ACCOUNT_NOT_ACTIVE"),
        ((await other.open())["id"], "CREDITOR_IN_ANOTHER_BOOK"),
    ):
        new = {"account_id": account, "reason": "wrong"}
        answer = await own.post(f"{MONEY}/{payment}/apply", new)
        assert (answer.json()["code"], await posted(bank, f"unapplied:{payment}")) == (code, "5")


async def test_what_the_ledger_gave_away_by_hand_does_not_wait(
    own: Tenant, bank: CustomerBank
) -> None:
    payment, account = await returned_to_nobody(bank), str((await bank.open())["id"])
    leg = {"debit": f"unapplied:{payment}", "credit": "world", "asset": "EUR", "amount": "5"}
    await own.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    [found] = [each for each in await waiting(own) if each["id"] == payment]
    assert found["remaining"] == "0"
    new = {"account_id": account, "reason": "too_late"}
    answer = await own.post(f"{MONEY}/{payment}/apply", new)
    assert (answer.status_code, answer.json()["code"]) == (409, "UNAPPLIED_GONE")


async def test_what_was_collected_goes_back_to_the_debtor(own: Tenant, bank: CustomerBank) -> None:
    debit = await collected_for_nobody(bank)
    path = f"/v1/direct-debits/{debit}"
    payer = (await own.client.get(path)).json()["debtor_account"]
    before = int((await bank.balance(payer))["booked"])
    moved = await own.create(f"{MONEY}/{debit}/send-back", {"reason": "creditor_left"})
    assert (moved["kind"], moved["amount"], moved["account_id"]) == ("sent_back", "100", None)
    assert int((await bank.balance(payer))["booked"]) == before + 100
    after = (await own.client.get(path)).json()
    assert (after["state"], after["reason"], after["is_unapplied"]) == ("reversed", "MS03", False)
    assert debit not in [each["id"] for each in await waiting(own)]
    again = await own.post(f"{MONEY}/{debit}/send-back", {"reason": "twice"})
    assert (again.status_code, again.json()["code"]) == (409, "UNAPPLIED_GONE")


async def test_a_collection_of_which_a_part_was_applied_is_not_sent_back(
    own: Tenant, bank: CustomerBank
) -> None:
    debit, account = await collected_for_nobody(bank), str((await bank.open())["id"])
    apply = {"account_id": account, "reason": "new_account_of_creditor", "amount": "1"}
    await own.create(f"{MONEY}/{debit}/apply", apply)
    assert (await own.client.get(f"/v1/direct-debits/{debit}")).json()["is_unapplied"]
    back = await own.post(f"{MONEY}/{debit}/send-back", {"reason": "creditor_left"})
    assert (back.status_code, back.json()["code"]) == (409, "UNAPPLIED_NOT_RETURNABLE")
    await own.create(f"{MONEY}/{debit}/apply", apply | {"amount": "99"})
    assert not (await own.client.get(f"/v1/direct-debits/{debit}")).json()["is_unapplied"]
    assert (await bank.balance(account))["booked"] == "100"


async def test_what_came_back_of_a_payment_of_ours_is_not_sent_back(
    own: Tenant, bank: CustomerBank
) -> None:
    payment = await returned_to_nobody(bank)
    back = await own.post(f"{MONEY}/{payment}/send-back", {"reason": "payer_left"})
    assert (back.status_code, back.json()["code"]) == (409, "UNAPPLIED_NOT_RETURNABLE")
    debit = await collected_for_nobody(bank)
    unfit = {"reason": "creditor_left", "code": "AC01"}
    answer = await own.post(f"{MONEY}/{debit}/send-back", unfit)
    assert (answer.status_code, answer.json()["code"]) == (422, "REASON_UNFIT")


async def test_the_books_are_whole_after_all_of_this(
    bank: CustomerBank, database: Database
) -> None:
    report = await verify_book(database, bank.tenant.id, UUID(bank.book))
    assert report.findings == []
