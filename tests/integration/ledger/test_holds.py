"""What a client can rely on when it reserves funds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger, Rider, schemas
from bezant.ledger.errors import HoldNotFound, LaneElsewhere
from bezant.ledger.lane import expiries, lanes
from bezant.ledger.lane.lanes import Lanes
from fixtures_ledger import Bank, code, new_bank, open_ledger

# Later than the clock of any other ledger, which would find these holds expired.
FAR = datetime(2060, 1, 1, tzinfo=UTC)

OPEN, CAPTURED, VOIDED, EXPIRED = schemas.HoldState


@dataclass
class Till:
    """A bank whose time stands still until it is told."""

    bank: Bank
    clock: ManualClock


@pytest.fixture
async def till(database: Database, run_folder: Path) -> AsyncIterator[Till]:
    """A book in which `alice`, who cannot overdraw, has 1,000."""
    clock = ManualClock(FAR)
    async with open_ledger(database, run_folder, clock) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("shop")
        await bank.open("alice", overdraft="0")
        await bank.pay("world", "alice", 1_000)
        yield Till(bank, clock)
        assert (await bank.verify()).findings == []


async def test_a_hold_reserves_and_a_capture_moves(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 600)
    balance = await bank.balance("alice")
    assert (balance.posted, balance.pending_debits, balance.available) == ("1000", "600", "400")
    assert (await bank.balance("shop")).pending_credits == "600"
    settled = (await bank.capture(hold)).value(schemas.SettledHold)
    assert (settled.hold.state, settled.hold.captured, settled.hold.remaining) == (
        CAPTURED,
        "600",
        "0",
    )
    balance = await bank.balance("alice")
    assert (balance.posted, balance.pending_debits, balance.available) == ("400", "0", "400")
    assert await bank.posted("shop") == 600


async def test_what_is_reserved_cannot_be_spent_twice(till: Till) -> None:
    bank = till.bank
    await bank.reserve("alice", "shop", 600)
    assert code(await bank.pay("alice", "shop", 401)) == "OVERDRAFT_EXCEEDED"
    refused = await bank.post(bank.leg("alice", "shop", 401, pending=True))
    assert code(refused) == "OVERDRAFT_EXCEEDED"
    assert (await bank.pay("alice", "shop", 400)).status == 201


async def test_a_hold_is_captured_in_parts_until_nothing_is_left(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 600)
    for part, remaining in ((100, "500"), (200, "300")):
        settled = (await bank.capture(hold, part)).value(schemas.SettledHold)
        assert (settled.hold.state, settled.hold.remaining) == (OPEN, remaining)
    too_much = await bank.capture(hold, 301)
    assert code(too_much) == "CAPTURE_TOO_LARGE"
    assert b'"remaining":"300"' in too_much.body
    assert (await bank.capture(hold, 300)).value(schemas.SettledHold).hold.state is CAPTURED
    assert code(await bank.capture(hold, 1)) == "HOLD_NOT_OPEN"
    assert await bank.posted("shop") == 600


async def test_a_last_capture_releases_what_it_leaves(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 600)
    settled = (await bank.capture(hold, 450, release=True)).value(schemas.SettledHold)
    assert (settled.hold.state, settled.hold.captured) == (CAPTURED, "450")
    assert [leg.amount for leg in settled.transaction.postings] == ["450", "150"]
    assert (await bank.balance("alice")).available == "550"
    entries = await bank.ledger.entries(
        bank.tenant_id, bank.book_id, "alice", cursor=None, limit=10
    )
    assert [(entry.kind, entry.amount, entry.hold_id) for entry in entries.entries] == [
        ("posted", "1000", None),
        ("pending", "600", hold),
        ("captured", "450", hold),
        ("voided", "150", hold),
    ]


async def test_a_void_gives_back_what_is_left(till: Till) -> None:
    bank = till.bank
    hold, other = await bank.reserve("alice", "shop", 600), await bank.reserve("alice", "shop", 50)
    await bank.capture(hold, 100)
    settled = (await bank.void(hold)).value(schemas.SettledHold)
    assert (settled.hold.state, settled.hold.captured, settled.voided) == (CAPTURED, "100", [hold])
    assert (await bank.void(other)).value(schemas.SettledHold).hold.state is VOIDED
    assert code(await bank.void(other)) == "HOLD_NOT_OPEN"
    assert await bank.available("alice") == 900


async def test_a_group_is_voided_whole(till: Till) -> None:
    bank = till.bank
    order = uuid4()
    first = await bank.reserve("alice", "shop", 100, hold_group=order)
    second = await bank.reserve("alice", "shop", 200, hold_group=order)
    third = await bank.reserve("alice", "shop", 300, hold_group=order)
    other = await bank.reserve("alice", "shop", 50)
    await bank.capture(second)
    # Asked for by a member that is settled: the others are voided all the same.
    settled = (await bank.void(second, group=True)).value(schemas.SettledHold)
    assert settled.voided == [first, third]
    assert (await bank.hold(other)).state is OPEN
    assert await bank.available("alice") == 750


async def test_legs_reserved_together_are_a_group(till: Till) -> None:
    bank = till.bank
    answer = await bank.post(
        bank.leg("alice", "shop", 10, pending=True),
        bank.leg("alice", "world", 20, pending=True),
        bank.leg("alice", "shop", 30),
    )
    posted = answer.value(schemas.PostedTransaction)
    holds = [leg.hold_id for leg in posted.postings]
    assert holds[2] is None
    assert holds[0] is not None
    assert (await bank.hold(holds[0])).group == posted.id
    settled = (await bank.void(holds[0], group=True)).value(schemas.SettledHold)
    assert set(settled.voided) == set(holds[:2])


async def test_a_capture_and_its_fee_stand_or_fall_together(till: Till) -> None:
    bank = till.bank
    await bank.open("fees", schemas.AccountType.INCOME)
    hold = await bank.reserve("alice", "shop", 1_000)
    capture = schemas.Capture(hold, "990", release=True)
    fee_too_large = [bank.leg("alice", "fees", 11)]
    assert code(await bank.post(*fee_too_large, captures=[capture])) == "OVERDRAFT_EXCEEDED"
    assert (await bank.hold(hold)).state is OPEN
    answer = await bank.post(bank.leg("alice", "fees", 10), captures=[capture])
    assert [leg.hold_id for leg in answer.value(schemas.PostedTransaction).postings] == [
        None,
        hold,
        hold,
    ]
    assert (await bank.posted("shop"), await bank.posted("fees")) == (990, 10)
    assert await bank.available("alice") == 0


async def test_an_expired_hold_is_never_captured(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 600, expires_in_s=60)
    till.clock.advance(seconds=59)
    assert (await bank.capture(hold, 100)).status == 200
    till.clock.advance(seconds=2)
    assert code(await bank.capture(hold)) == "HOLD_NOT_OPEN"
    found = await bank.hold(hold)
    assert (found.state, found.captured) == (EXPIRED, "100")
    assert await bank.available("alice") == 900


async def test_expiry_frees_funds_before_whatever_needs_them(till: Till) -> None:
    bank = till.bank
    await bank.reserve("alice", "shop", 1_000, expires_in_s=10)
    assert code(await bank.pay("alice", "shop", 1)) == "OVERDRAFT_EXCEEDED"
    till.clock.advance(seconds=11)
    assert (await bank.pay("alice", "shop", 1_000)).status == 201


async def test_expiry_counts_from_the_instant_that_was_promised(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 1, expires_in_s=10)
    promised = (await bank.hold(hold)).expires_at
    till.clock.advance(seconds=3_600)
    await bank.pay("alice", "shop", 1)
    entries = await bank.ledger.entries(bank.tenant_id, bank.book_id, "shop", cursor=None, limit=10)
    expired = next(entry for entry in entries.entries if entry.kind == "expired")
    assert expired.effective_at == promised
    assert expired.recorded_at > expired.effective_at


async def test_a_quiet_book_expires_its_holds_too(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 600, expires_in_s=10)
    till.clock.advance(seconds=11)
    await bank.ledger.expire_holds()
    assert (await bank.hold(hold)).state is EXPIRED


async def test_books_that_cannot_be_served_hold_up_none_behind_them(
    till: Till, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The book that is due first is on a machine that does not answer."""
    monkeypatch.setattr(lanes, "_EXPIRY_BOOKS_MAX", 1)
    elsewhere = await (await new_bank(till.bank.ledger, database)).create()
    await elsewhere.open("world", schemas.AccountType.ASSET)
    await elsewhere.open("shop")
    stuck = await elsewhere.reserve("world", "shop", 1, expires_in_s=1)
    hold = await till.bank.reserve("alice", "shop", 600, expires_in_s=10)
    till.clock.advance(seconds=11)
    submit = Lanes.submit

    async def submit_unless_elsewhere(
        self: Lanes, tenant_id: UUID, book_id: UUID, rider: Rider, call: Call
    ) -> Answer:
        if book_id == elsewhere.book_id:
            raise LaneElsewhere("Another machine is writing this book.")
        return await submit(self, tenant_id, book_id, rider, call)

    monkeypatch.setattr(Lanes, "submit", submit_unless_elsewhere)
    await till.bank.ledger.expire_holds()
    assert (await till.bank.hold(hold)).state is EXPIRED
    assert (await elsewhere.hold(stuck)).state is not EXPIRED


async def test_a_hold_without_expiry_stays(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 600)
    till.clock.advance(seconds=10 * 365 * 86_400)
    await bank.pay("alice", "shop", 1)
    assert (await bank.capture(hold)).status == 200


async def test_another_process_expires_what_the_first_reserved(
    till: Till, database: Database, run_folder: Path
) -> None:
    hold = await till.bank.reserve("alice", "shop", 600, expires_in_s=10)
    await till.bank.ledger.close()
    till.clock.advance(seconds=11)
    async with open_ledger(database, run_folder, till.clock) as other:
        till.bank.ledger = other
        assert (await till.bank.pay("alice", "shop", 1_000)).status == 201
        assert (await till.bank.hold(hold)).state is EXPIRED


async def test_more_holds_expire_at_once_than_memory_holds(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bezant.ledger.lane.reader.EXPIRIES_HELD_MAX", 4)
    monkeypatch.setattr(expiries, "EXPIRIES_HELD_MAX", 4)
    bank = till.bank
    for _ in range(3):
        await bank.post(
            *(bank.leg("alice", "shop", 10, pending=True, expires_in_s=60) for _ in range(7))
        )
    kept = await bank.reserve("alice", "shop", 10, expires_in_s=120)
    assert await bank.available("alice") == 1_000 - 220
    till.clock.advance(seconds=61)
    assert (await bank.pay("alice", "shop", 990)).status == 201
    assert (await bank.hold(kept)).state is OPEN
    till.clock.advance(seconds=61)
    assert (await bank.pay("alice", "shop", 10)).status == 201


async def test_a_closing_hold_closes_until_it_is_voided(till: Till) -> None:
    bank = till.bank
    before = await bank.reserve("alice", "shop", 5)
    closing = await bank.reserve("alice", "shop", 0, closes=schemas.Side.DEBIT)
    assert code(await bank.pay("alice", "shop", 1)) == "ACCOUNT_CLOSED"
    assert code(await bank.pay("shop", "alice", 1)) == "ACCOUNT_CLOSED"
    assert code(await bank.capture(before)) == "ACCOUNT_CLOSED"
    assert (await bank.void(before)).status == 200
    assert code(await bank.capture(closing)) == "ACCOUNT_CLOSED"
    assert (await bank.void(closing)).status == 200
    assert (await bank.pay("alice", "shop", 1)).status == 201


async def test_a_closing_hold_that_expires_opens_again(till: Till) -> None:
    bank = till.bank
    await bank.reserve("alice", "shop", 0, closes=schemas.Side.BOTH, expires_in_s=5)
    assert code(await bank.pay("world", "shop", 1)) == "ACCOUNT_CLOSED"
    till.clock.advance(seconds=6)
    assert (await bank.pay("world", "shop", 1)).status == 201


async def test_only_a_pending_posting_has_the_terms_of_a_hold(bank: Bank) -> None:
    refused = await bank.post(bank.leg("world", "alice", 1, expires_in_s=5))
    assert code(refused) == "NOT_PENDING"
    assert b'"field":"postings[0].expires_in_s"' in refused.body


async def test_an_unknown_hold_is_refused(till: Till) -> None:
    nothing = uuid4()
    assert code(await till.bank.capture(nothing)) == "HOLD_NOT_FOUND"
    assert code(await till.bank.void(nothing)) == "HOLD_NOT_FOUND"
    refused = await till.bank.post(captures=[schemas.Capture(nothing)])
    assert (refused.status, code(refused)) == (422, "UNKNOWN_HOLD")
    with pytest.raises(HoldNotFound):
        await till.bank.hold(nothing)


async def test_two_processes_capture_one_hold_once(
    till: Till, database: Database, run_folder: Path
) -> None:
    bank = till.bank
    async with open_ledger(database, run_folder, till.clock) as other:
        rival = Bank(other, database, bank.tenant_id, bank.book_id)
        for _ in range(5):
            hold = await bank.reserve("alice", "shop", 10)
            answers = await asyncio.gather(
                *(taker.capture(hold, 10) for taker in (bank, rival) * 3)
            )
            assert sorted(answer.status for answer in answers) == [200, 422, 422, 422, 422, 422]
    assert await bank.posted("shop") == 50


async def test_a_repeat_under_the_same_id_must_ask_for_the_same(till: Till) -> None:
    bank = till.bank
    hold = await bank.reserve("alice", "shop", 100)
    name = uuid4()
    leg = bank.leg("alice", "shop", 7, pending=True, expires_in_s=60)
    asked: dict[str, Any] = {"id": name, "captures": [schemas.Capture(hold, "40", release=True)]}
    first = await bank.post(leg, **asked)
    again = await bank.post(leg, **asked)
    assert again.body == first.body
    for other, field in (
        (bank.leg("alice", "shop", 7, expires_in_s=60, pending=False), "postings[0].pending"),
        (bank.leg("alice", "shop", 8, pending=True, expires_in_s=60), "postings[0].amount"),
        (bank.leg("alice", "shop", 7, pending=True, expires_in_s=61), "postings[0].expires_in_s"),
        (bank.leg("alice", "shop", 7, pending=True), "postings[0].expires_in_s"),
    ):
        refused = await bank.post(other, **asked)
        assert code(refused) == "TRANSACTION_ID_REUSED"
        assert f'"field":"{field}"'.encode() in refused.body
    for capture, field in (
        (schemas.Capture(hold, "41", release=True), "captures[0].amount"),
        (schemas.Capture(hold, "40"), "captures[0].release"),
        (schemas.Capture(name, "40"), "captures[0].hold"),
    ):
        refused = await bank.post(leg, id=name, captures=[capture])
        assert f'"field":"{field}"'.encode() in refused.body
    assert await bank.posted("shop") == 40


async def test_a_ledger_without_the_hold_in_memory_knows_it(
    till: Till, database: Database, run_folder: Path
) -> None:
    hold = await till.bank.reserve("alice", "shop", 600)
    await till.bank.capture(hold, 100)
    await till.bank.ledger.close()
    async with open_ledger(database, run_folder, till.clock) as other:
        till.bank.ledger = other
        settled = (await till.bank.capture(hold, 200)).value(schemas.SettledHold)
        assert (settled.hold.captured, settled.hold.remaining) == ("300", "300")
        assert (await till.bank.void(hold, group=True)).status == 200


async def test_a_batch_reserves_and_settles(bank: Bank) -> None:
    await bank.pay("world", "alice", 100)
    hold = await bank.reserve("alice", "world", 60)
    results = await bank.batch(
        schemas.BatchTransaction(
            id=uuid4(), postings=[bank.leg("alice", "world", 40, pending=True)]
        ),
        schemas.BatchTransaction(id=uuid4(), captures=[schemas.Capture(hold, "60")]),
        schemas.BatchTransaction(id=uuid4(), captures=[schemas.Capture(hold, "1")]),
        schemas.BatchTransaction(id=uuid4(), voids=[hold]),
    )
    assert [result.code for result in results] == [None, None, "HOLD_NOT_OPEN", "HOLD_NOT_OPEN"]
    assert (await bank.posted("alice"), await bank.available("alice")) == (40, 0)


async def test_a_lane_that_is_told_twice_expires_once(
    ledger: Ledger, till: Till, database: Database
) -> None:
    del ledger, database
    hold = await till.bank.reserve("alice", "shop", 600, expires_in_s=10)
    till.clock.advance(seconds=11)
    await asyncio.gather(*(till.bank.ledger.expire_holds() for _ in range(5)))
    entries = await till.bank.ledger.entries(
        till.bank.tenant_id, till.bank.book_id, "shop", cursor=None, limit=10
    )
    assert [entry.hold_id for entry in entries.entries if entry.kind == "expired"] == [hold]
