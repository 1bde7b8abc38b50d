"""What a client can rely on when it posts."""

import asyncio
import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.money import AMOUNT_MAX
from bezant.ledger import Ledger, schemas
from bezant.ledger.errors import AccountNotFound, BookNotFound, TooManyPostings
from fixtures_ledger import Bank, code, new_bank, open_ledger


async def test_a_transfer_moves_money_between_two_accounts(bank: Bank) -> None:
    answer = await bank.pay("world", "alice", 1250)
    assert answer.status == 201
    assert await bank.posted("alice") == 1250
    assert await bank.posted("world") == 1250  # an asset: debits increase it
    entries = await bank.ledger.entries(
        bank.tenant_id, bank.book_id, "alice", cursor=None, limit=10
    )
    assert [(entry.direction, entry.amount, entry.counterparty) for entry in entries.entries] == [
        ("credit", "1250", "world")
    ]


async def test_a_transaction_stands_or_falls_as_a_whole(bank: Bank) -> None:
    await bank.pay("world", "alice", 100)
    answer = await bank.post(bank.leg("alice", "world", 60), bank.leg("alice", "world", 60))
    assert (answer.status, code(answer)) == (422, "OVERDRAFT_EXCEEDED")
    assert await bank.posted("alice") == 100


async def test_limits_judge_the_net_effect_whatever_the_order_of_legs(bank: Bank) -> None:
    await bank.open("bob")
    out_first = await bank.post(bank.leg("alice", "bob", 70), bank.leg("world", "alice", 70))
    assert out_first.status == 201
    assert await bank.posted("alice") == 0
    assert await bank.posted("bob") == 70


@pytest.mark.parametrize(
    ("limits", "amount", "refusal"),
    [
        ({"overdraft": "0"}, 1, "OVERDRAFT_EXCEEDED"),
        ({"overdraft": "50"}, 50, None),
        ({"overdraft": "50"}, 51, "OVERDRAFT_EXCEEDED"),
        ({}, AMOUNT_MAX, None),
    ],
)
async def test_an_overdraft_goes_as_far_as_allowed(
    bank: Bank, limits: dict[str, str], amount: int, refusal: str | None
) -> None:
    carol = schemas.NewAccount(
        "carol", "EUR", schemas.AccountType.LIABILITY, schemas.Limits(**limits)
    )
    await bank.ledger.open_account(bank.call(), bank.book_id, carol)
    answer = await bank.pay("carol", "world", amount)
    assert (None if answer.status == 201 else code(answer)) == refusal


async def test_a_minimum_and_a_maximum_bound_an_account(bank: Bank) -> None:
    await bank.open("pot", maximum="100")
    assert (await bank.pay("world", "pot", 100)).status == 201
    assert code(await bank.pay("world", "pot", 1)) == "MAXIMUM_EXCEEDED"
    assert (await bank.change("pot", limits=schemas.Limits(minimum="40"))).status == 200
    assert code(await bank.pay("pot", "world", 61)) == "OVERDRAFT_EXCEEDED"
    assert (await bank.pay("pot", "world", 60)).status == 201


async def test_limits_that_the_balance_breaks_are_refused(bank: Bank) -> None:
    await bank.pay("world", "alice", 100)
    answer = await bank.change("alice", limits=schemas.Limits(maximum="99"))
    assert (answer.status, code(answer)) == (409, "LIMITS_BROKEN")
    contradiction = schemas.Limits(overdraft="1", minimum="1")
    assert code(await bank.change("alice", limits=contradiction)) == "LIMITS_CONTRADICT"


async def test_a_frozen_account_takes_nothing_until_it_is_opened(bank: Bank) -> None:
    await bank.change("alice", status=schemas.AccountStatus.FROZEN)
    assert code(await bank.pay("world", "alice", 1)) == "ACCOUNT_FROZEN"
    await bank.change("alice", status=schemas.AccountStatus.OPEN)
    assert (await bank.pay("world", "alice", 1)).status == 201


async def test_only_an_empty_account_closes_and_a_closed_one_takes_nothing(bank: Bank) -> None:
    await bank.pay("world", "alice", 1)
    closed = schemas.AccountStatus.CLOSED
    assert code(await bank.change("alice", status=closed)) == "ACCOUNT_NOT_EMPTY"
    await bank.pay("alice", "world", 1)
    assert (await bank.change("alice", status=closed)).status == 200
    assert code(await bank.pay("world", "alice", 1)) == "ACCOUNT_CLOSED"


async def test_the_smallest_unit_at_scale_18_is_not_lost(
    ledger: Ledger, database: Database
) -> None:
    bank = await new_bank(ledger, database)
    bank.asset = "ETH"
    await bank.create(schemas.Asset("ETH", 18))
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("vault", overdraft="0")
    five_million = 5_000_000 * 10**18
    await bank.pay("world", "vault", five_million)
    answer = await bank.pay("vault", "world", five_million + 1)
    assert code(answer) == "OVERDRAFT_EXCEEDED"
    assert msgspec.json.decode(answer.body)["available"] == "-1"
    await bank.pay("vault", "world", five_million - 2**53 - 1)
    assert await bank.posted("vault") == 2**53 + 1


async def test_amounts_near_the_bound_work_and_beyond_it_are_refused(bank: Bank) -> None:
    await bank.open("whale")
    assert (await bank.pay("world", "whale", AMOUNT_MAX)).status == 201
    assert await bank.posted("whale") == AMOUNT_MAX
    assert code(await bank.pay("world", "whale", AMOUNT_MAX + 1)) == "MALFORMED"
    assert code(await bank.pay("world", "whale", 1)) == "BALANCE_OVERFLOW"
    assert await bank.posted("whale") == AMOUNT_MAX


@pytest.mark.parametrize(
    ("leg", "refusal", "field"),
    [
        (("nobody", "alice", "1"), "UNKNOWN_ACCOUNT", "postings[0].debit"),
        (("world", "nobody", "1"), "UNKNOWN_ACCOUNT", "postings[0].credit"),
        (("alice", "alice", "1"), "SAME_ACCOUNT", "postings[0].credit"),
        (("world", "alice", ""), "MALFORMED", "postings[0].amount"),
        (("world", "alice", "01"), "MALFORMED", "postings[0].amount"),
        (("world", "alice", "1\n"), "MALFORMED", "postings[0].amount"),
        (("world", "alice", "-1"), "MALFORMED", "postings[0].amount"),
        (("world", "alice", "1.0"), "MALFORMED", "postings[0].amount"),
        (("world", "alice", "\u0661"), "MALFORMED", "postings[0].amount"),
    ],
)
async def test_a_refused_leg_is_named(
    bank: Bank, leg: tuple[str, str, str], refusal: str, field: str
) -> None:
    debit, credit, amount = leg
    answer = await bank.post(schemas.Posting(debit, credit, "EUR", amount))
    assert code(answer) == refusal
    assert msgspec.json.decode(answer.body)["field"] == field


async def test_assets_do_not_mix(ledger: Ledger, database: Database) -> None:
    bank = await new_bank(ledger, database)
    await bank.create(schemas.Asset("EUR", 2), schemas.Asset("JPY", 0))
    await bank.open("euro")
    await bank.open("yen", asset="JPY")
    assert code(await bank.pay("euro", "yen", 1)) == "ASSET_MISMATCH"
    await bank.open("dollars")
    unknown = await bank.post(schemas.Posting("euro", "dollars", "USD", "1"))
    assert code(unknown) == "UNKNOWN_ASSET"


async def test_a_book_has_suspense_and_position_accounts_from_the_start(bank: Bank) -> None:
    accounts = await bank.ledger.accounts(bank.tenant_id, bank.book_id, after=None, limit=10)
    assert [account.id for account in accounts.accounts] == [
        "alice",
        "position:EUR",
        "suspense:EUR",
        "world",
    ]
    assert (await bank.pay("world", "suspense:EUR", 5)).status == 201


async def test_a_repeat_with_the_same_key_is_answered_with_the_same_bytes(bank: Bank) -> None:
    first = await bank.pay("world", "alice", 7, key="once")
    again = await bank.pay("world", "alice", 7, key="once")
    assert (again.status, again.body, again.is_replay) == (first.status, first.body, True)
    assert await bank.posted("alice") == 7


async def test_a_refusal_is_stored_and_replayed_although_it_would_now_succeed(bank: Bank) -> None:
    refused = await bank.pay("alice", "world", 1, key="early")
    await bank.pay("world", "alice", 1)
    again = await bank.pay("alice", "world", 1, key="early")
    assert (again.body, again.is_replay) == (refused.body, True)
    assert await bank.posted("alice") == 1


async def test_a_key_does_not_serve_another_request(bank: Bank) -> None:
    new = schemas.NewTransaction([bank.leg("world", "alice", 1)])
    await bank.ledger.post(bank.call("k", b"one"), bank.book_id, new)
    other = await bank.ledger.post(bank.call("k", b"two"), bank.book_id, new)
    assert (other.status, code(other)) == (422, "IDEMPOTENCY_KEY_REUSED")
    other_book = await new_bank(bank.ledger, bank.database)
    other_book.tenant_id = bank.tenant_id
    await other_book.create()
    await other_book.open("world")
    await other_book.open("alice")
    elsewhere = await bank.ledger.post(bank.call("k", b"three"), other_book.book_id, new)
    assert code(elsewhere) == "IDEMPOTENCY_KEY_REUSED"


async def test_fifty_identical_requests_at_once_have_one_effect_and_one_answer(bank: Bank) -> None:
    answers = await asyncio.gather(*(bank.pay("world", "alice", 3, key="same") for _ in range(50)))
    assert len({answer.body for answer in answers}) == 1
    assert [answer.is_replay for answer in answers].count(False) == 1
    assert await bank.posted("alice") == 3


async def test_one_key_raced_over_two_books_takes_effect_in_one(
    bank: Bank, ledger: Ledger, database: Database
) -> None:
    other = await new_bank(ledger, database)
    other.tenant_id = bank.tenant_id
    await other.create()
    await other.open("world", schemas.AccountType.ASSET)
    await other.open("alice")
    new = schemas.NewTransaction([bank.leg("world", "alice", 9)])
    for race in range(10):
        answers = await asyncio.gather(
            ledger.post(bank.call(f"race-{race}", b"here"), bank.book_id, new),
            ledger.post(bank.call(f"race-{race}", b"there"), other.book_id, new),
        )
        assert sorted(answer.status for answer in answers) == [201, 422]
    assert await bank.posted("alice") + await other.posted("alice") == 90


async def test_a_transaction_id_is_posted_once_and_names_one_transaction(bank: Bank) -> None:
    name = uuid4()
    legs = [bank.leg("world", "alice", 10)]
    first = await bank.post(*legs, id=name, metadata={"order": "1"})
    again = await bank.post(*legs, id=name, metadata={"order": "1"})
    assert again.body == first.body
    assert code(await bank.post(*legs, id=name, metadata={"order": "2"})) == "TRANSACTION_ID_REUSED"
    other = await bank.post(bank.leg("world", "alice", 11), id=name, metadata={"order": "1"})
    assert (other.status, code(other)) == (409, "TRANSACTION_ID_REUSED")
    assert await bank.posted("alice") == 10


async def test_a_batch_answers_per_item_and_repeats_nothing(bank: Bank) -> None:
    names = [uuid4() for _ in range(4)]
    items = [
        schemas.BatchTransaction(id=names[0], postings=[bank.leg("world", "alice", 10)]),
        schemas.BatchTransaction(id=names[1], postings=[bank.leg("alice", "world", 11)]),
        schemas.BatchTransaction(id=names[2], postings=[bank.leg("alice", "world", 10)]),
        schemas.BatchTransaction(id=names[0], postings=[bank.leg("world", "alice", 10)]),
    ]
    for refusal in ((422, "OVERDRAFT_EXCEEDED"), (409, "TRANSACTION_ID_REFUSED")):
        answer = await bank.ledger.post_batch(bank.call(), bank.book_id, schemas.NewBatch(items))
        results = answer.value(schemas.BatchResults).results
        assert [(result.status, result.code) for result in results] == [
            (201, None),
            refusal,
            (201, None),
            (201, None),
        ]
    assert await bank.posted("alice") == 0


async def test_a_batch_of_8190_is_posted_and_a_larger_one_refused_whole(bank: Bank) -> None:
    def items(count: int, legs: int) -> list[schemas.BatchTransaction]:
        leg = bank.leg("world", "alice", 1)
        return [schemas.BatchTransaction(id=uuid4(), postings=[leg] * legs) for _ in range(count)]

    batch = schemas.NewBatch(items(8_190, 1))
    answer = await bank.ledger.post_batch(bank.call(), bank.book_id, batch)
    results = answer.value(schemas.BatchResults).results
    assert [result.status for result in results] == [201] * 8_190
    with pytest.raises(TooManyPostings):
        await bank.ledger.post_batch(bank.call(), bank.book_id, schemas.NewBatch(items(4_000, 5)))
    assert await bank.posted("alice") == 8_190


async def test_a_dry_run_tells_and_changes_nothing(bank: Bank) -> None:
    answer = await bank.post(bank.leg("world", "alice", 5), dry_run=True)
    assert (answer.status, answer.value(schemas.PostedTransaction).postings[0].amount) == (200, "5")
    refused = await bank.post(bank.leg("alice", "world", 5), dry_run=True)
    assert code(refused) == "OVERDRAFT_EXCEEDED"
    assert await bank.posted("alice") == 0
    real = await bank.pay("world", "alice", 5)
    assert real.value(schemas.PostedTransaction).seq == answer.value(schemas.PostedTransaction).seq


async def test_dates_follow_the_books_time_zone(ledger: Ledger, database: Database) -> None:
    bank = await (await new_bank(ledger, database)).create(time_zone="Pacific/Auckland")
    await bank.open("world")
    await bank.open("alice")
    late = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)  # the next day in Auckland
    name = uuid4()
    await bank.post(bank.leg("world", "alice", 1), id=name, effective_at=late)
    leg = (await ledger.transaction(bank.tenant_id, bank.book_id, name)).postings[0]
    assert leg.value_date == date(2026, 4, 1)
    given = bank.leg(
        "world", "alice", 1, booking_date=date(2020, 2, 29), value_date=date(2020, 3, 2)
    )
    other = uuid4()
    await bank.post(given, id=other)
    leg = (await ledger.transaction(bank.tenant_id, bank.book_id, other)).postings[0]
    assert (leg.booking_date, leg.value_date) == (date(2020, 2, 29), date(2020, 3, 2))


async def test_metadata_is_returned_and_lies_apart_from_the_postings(
    bank: Bank, database: Database
) -> None:
    name = uuid4()
    await bank.post(
        bank.leg("world", "alice", 1), id=name, metadata={"name": "Ann Smith"}, reason="refund"
    )
    found = await bank.ledger.transaction(bank.tenant_id, bank.book_id, name)
    assert (found.metadata, found.reason) == ({"name": "Ann Smith"}, "refund")
    history = await database.fetch(
        "SELECT t::text AS text FROM transfer t WHERE tenant_id = $1", bank.tenant_id
    )
    assert all("Ann" not in row["text"] for row in history)


async def test_another_tenants_book_is_not_found(bank: Bank) -> None:
    stranger = await new_bank(bank.ledger, bank.database)
    stranger.book_id = bank.book_id
    with pytest.raises(BookNotFound):
        await stranger.pay("world", "alice", 1)
    with pytest.raises(AccountNotFound):
        await stranger.posted("alice")
    with pytest.raises(BookNotFound):
        await bank.ledger.book(stranger.tenant_id, bank.book_id)


async def test_recorded_instants_strictly_increase_although_the_clock_stands_still(
    database: Database, run_folder: Path
) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world")
        await bank.open("alice")
        answers = [await bank.pay("world", "alice", 1) for _ in range(5)]
        clock.advance(seconds=-3600)
        answers.append(await bank.pay("world", "alice", 1))
    instants = [answer.value(schemas.PostedTransaction).recorded_at for answer in answers]
    assert all(
        later - earlier >= timedelta(microseconds=1)
        for earlier, later in itertools.pairwise(instants)
    )
    assert (await bank.verify()).findings == []


async def test_entries_page_while_others_post(bank: Bank) -> None:
    for amount in range(1, 8):
        await bank.pay("world", "alice", amount)
    seen, cursor = [], None
    while True:
        page = await bank.ledger.entries(
            bank.tenant_id, bank.book_id, "alice", cursor=cursor, limit=3
        )
        seen += [int(entry.amount) for entry in page.entries]
        if page.next is None:
            break
        cursor = page.next
        if len(seen) == 3:
            await bank.pay("world", "alice", 8)
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_an_account_id_is_taken_once(bank: Bank) -> None:
    new = schemas.NewAccount("alice", "EUR", schemas.AccountType.LIABILITY)
    answer = await bank.ledger.open_account(bank.call(), bank.book_id, new)
    assert (answer.status, code(answer)) == (409, "ACCOUNT_EXISTS")


async def test_history_cannot_be_changed_by_the_application(database: Database, bank: Bank) -> None:
    await bank.pay("world", "alice", 1)
    for table in ("transfer", "batch", "account_event", "audit_entry"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET tenant_id = tenant_id"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await database.fetch(statement)
