"""A page of the feed holds every number after the one asked for, in order, or nothing."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.ledger import Event, FeedBroken, Ledger, schemas
from bezant.ledger.errors import BookNotFound, FeedPositionAhead
from bezant.ledger.feed import events, history
from bezant.ledger.feed.events import AccountChanged, AccountOpened, TransactionPosted
from fixtures_ledger import Bank, new_bank

OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"


async def all_of(bank: Bank, limit: int) -> list[Event]:
    found: list[Event] = []
    while True:
        after = len(found)
        page = await bank.ledger.feed(bank.tenant_id, bank.book_id, after, limit)
        found += page.events
        assert page.next == len(found)
        if page.next == page.head:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
async def test_every_number_is_an_event_whatever_the_pages_size(bank: Bank, limit: int) -> None:
    for amount in range(1, 6):
        await bank.post(bank.leg("world", "alice", amount), bank.leg("world", "alice", 1))
    await bank.change("alice", status="frozen")
    found = await all_of(bank, limit)
    assert [event.seq for event in found] == list(range(1, 11))
    assert all(one.recorded_at < other.recorded_at for one, other in pairwise(found))


async def test_an_event_says_what_happened_and_nothing_that_can_be_erased(bank: Bank) -> None:
    posted = (
        await bank.post(
            bank.leg("world", "alice", 7, code="gift"),
            metadata={"who": "Ann Example"},
            reason="birthday",
        )
    ).value(schemas.PostedTransaction)
    await bank.change("alice", status="frozen", limits=schemas.Limits(minimum="5"))
    opened, _, transaction, changed = (await all_of(bank, 100))[-4:]
    assert isinstance(opened, AccountOpened)
    assert (opened.object, opened.status, opened.limits) == ("world", "open", schemas.Limits())
    assert isinstance(transaction, TransactionPosted)
    assert (transaction.object, transaction.seq) == (str(posted.id), posted.seq)
    [leg] = transaction.postings
    assert (leg.debit, leg.credit, leg.asset, leg.amount) == ("world", "alice", "EUR", "7")
    assert (leg.kind, leg.code, leg.transfer_id) == (
        "posted",
        "gift",
        posted.postings[0].transfer_id,
    )
    assert isinstance(changed, AccountChanged)
    assert (changed.status, changed.limits) == ("frozen", schemas.Limits(minimum="5"))
    assert "Ann" not in repr(await all_of(bank, 100))
    assert events.type_of(transaction) == "transaction.posted"


async def test_large_transactions_make_short_pages_and_lose_no_leg(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LEGS_MAX", 7)
    for legs in (7, 1, 6, 2, 7, 7):
        await bank.post(*(bank.leg("world", "alice", 1) for _ in range(legs)))
    found = await all_of(bank, 100)
    assert [len(e.postings) for e in found if isinstance(e, TransactionPosted)] == [
        7,
        1,
        6,
        2,
        7,
        7,
    ]


async def test_a_position_that_the_book_has_not_reached_is_refused(bank: Bank) -> None:
    head = (await all_of(bank, 100))[-1].seq
    page = await bank.ledger.feed(bank.tenant_id, bank.book_id, head, 10)
    assert (page.events, page.next, page.head) == ([], head, head)
    with pytest.raises(FeedPositionAhead):
        await bank.ledger.feed(bank.tenant_id, bank.book_id, head + 1, 10)
    with pytest.raises(BookNotFound):
        await bank.ledger.feed(UUID(int=0), bank.book_id, 0, 10)


HOLES = {
    "a transaction": f"DELETE FROM transfer {OF_BOOK} AND seq = 6",
    "the last one": f"DELETE FROM transfer {OF_BOOK} AND seq = 7",
    "a leg": f"DELETE FROM transfer {OF_BOOK} AND seq = 6 AND leg = 0",
    "an account's event": f"DELETE FROM account_event {OF_BOOK} AND seq = 2",
    "a number twice": (
        "INSERT INTO account_event SELECT tenant_id, book_id, 6, kind, account_no, account_id,"
        " asset, type, status, overdraft, minimum, maximum, recorded_at"
        f" FROM account_event {OF_BOOK} AND seq = 2"
    ),
}


@pytest.mark.parametrize("hole", HOLES)
async def test_a_hole_is_an_error_and_never_passed_over(
    ledger: Ledger,
    database: Database,
    owner: Any,  # noqa: ANN401 - the driver's
    hole: str,
) -> None:
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice")
    for _ in range(3):
        await bank.post(bank.leg("world", "alice", 1), bank.leg("world", "alice", 1))
    assert len(await all_of(bank, 100)) == 7
    await owner.execute(HOLES[hole], bank.tenant_id, bank.book_id)
    with pytest.raises(FeedBroken):
        await all_of(bank, 100)
