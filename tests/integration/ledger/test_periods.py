"""What a bookkeeper can rely on once a period is closed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bezant.kernel.database import Database
from bezant.ledger import Decision, Reads, Seen, post, schemas
from bezant.ledger.feed.events import PeriodClosed, PeriodReopened, type_of
from bezant.ledger.lane.lane import Lane
from bezant.ledger.periods.errors import ReopeningNotFound
from bezant.ledger.periods.riders import REOPENING_LASTS
from bezant.ledger.periods.schemas import Period, PeriodStatus, ReopeningState
from fixtures_ledger import IDS, Bank, code, open_ledger
from fixtures_periods import Office, day

FEBRUARY = day(2, 15)
JANUARY = day(1, 20)


def lane_of(bank: Bank) -> Lane:
    return bank.ledger._lanes._lanes[bank.tenant_id, bank.book_id]


@pytest.fixture
async def closed(office: Office) -> Office:
    """January closed, in February, with a hold of January that is still open."""
    await office.pay("bank", "wallet", 1_000, day(1, 10))
    office.goes_on_to(FEBRUARY)
    await office.closed("2060-01")
    return office


async def test_a_closed_period_says_so(closed: Office) -> None:
    period = await closed.period("2060-01")
    assert (period.status, period.closed_by) == (PeriodStatus.CLOSED, "key:ann")
    assert (period.first_day, period.last_day) == (date(2060, 1, 1), date(2060, 1, 31))
    assert (await closed.period("2060-02")).status is PeriodStatus.OPEN
    listed = await closed.keeping.periods(
        closed.bank.tenant_id, closed.bank.book_id, after=None, limit=10
    )
    assert listed.open_from == date(2060, 2, 1)
    assert [each.period for each in listed.periods] == ["2060-01"]


async def test_nothing_is_posted_into_it(closed: Office) -> None:
    bank = closed.bank
    effective = await bank.post(bank.leg("bank", "wallet", 1), effective_at=JANUARY)
    assert code(effective) == "ACCOUNTING_CLOSED"
    assert b'"field":"effective_at"' in effective.body
    booked = await bank.post(
        bank.leg("bank", "wallet", 1), bank.leg("bank", "wallet", 1, booking_date=JANUARY.date())
    )
    assert (booked.status, code(booked)) == (422, "ACCOUNTING_CLOSED")
    assert b'"field":"postings[1].booking_date"' in booked.body
    # A value date says from when interest runs; it may lie in the past.
    assert (await bank.post(bank.leg("bank", "wallet", 1, value_date=JANUARY.date()))).status == 201
    assert await bank.posted("wallet") == 1_001


async def test_nothing_gets_into_it_by_any_way_of_posting(closed: Office) -> None:
    bank = closed.bank
    leg = bank.leg("bank", "wallet", 1)
    hold = await bank.reserve("bank", "wallet", 5)
    other = await bank.reserve("bank", "wallet", 6)
    ways: dict[str, dict[str, Any]] = {
        "a pending posting": {"postings": [bank.leg("bank", "wallet", 1, pending=True)]},
        "a capture": {"postings": [], "captures": [schemas.Capture(hold)]},
        "a void": {"postings": [], "voids": [other]},
        "an import": {"postings": [leg], "imported": True},
        "a dry run": {"postings": [leg], "dry_run": True},
    }
    for way, asked in ways.items():
        new = schemas.NewTransaction(**asked, effective_at=JANUARY)
        answer = await bank.ledger.post(bank.call(), bank.book_id, new)
        assert code(answer) == "ACCOUNTING_CLOSED", way
    item = schemas.BatchTransaction([leg], id=IDS.new(), effective_at=JANUARY)
    [good, bad] = await bank.batch(schemas.BatchTransaction([leg], id=IDS.new()), item)
    assert (good.status, bad.status, bad.code) == (201, 422, "ACCOUNTING_CLOSED")
    assert bad.field == "effective_at"
    # Its id stays refused: who asks again, not knowing the answer, does not find it posted.
    [again] = await bank.batch(msgspec.structs.replace(item, effective_at=FEBRUARY))
    assert again.code == "TRANSACTION_ID_REFUSED"


class Jointly(msgspec.Struct, frozen=True):
    """Posts in January, in each of its books."""

    books: list[UUID]

    def reads(self) -> Mapping[UUID, Reads]:
        return {book: Reads(frozenset({"bank", "wallet"})) for book in self.books}

    def decide(self, seen: Mapping[UUID, Seen]) -> Decision:
        for each in seen.values():
            leg = schemas.Posting("bank", "wallet", "EUR", "1")
            post(each.draft, schemas.NewTransaction([leg], effective_at=JANUARY))
        raise AssertionError("it is refused")


async def test_work_over_several_books_is_refused_by_the_closed_one(closed: Office) -> None:
    bank = closed.bank
    rider = Jointly([bank.book_id])
    answer = await bank.ledger.submit_jointly(bank.call(), rider)
    assert code(answer) == "ACCOUNTING_CLOSED"


async def test_periods_close_in_order_and_only_once_they_are_over(office: Office) -> None:
    assert code(await office.close("2060-01")) == "PERIOD_NOT_OVER"
    office.goes_on_to(day(4, 2))
    # March takes January and February with it.
    assert (await office.closed("2060-03")).status is PeriodStatus.CLOSED
    assert code(await office.close("2060-02")) == "PERIOD_CLOSED"
    february = await office.period("2060-02")
    march = await office.period("2060-03")
    assert (february.status, february.seq) == (PeriodStatus.CLOSED, march.seq)
    assert code(await office.pay("bank", "wallet", 1, day(1, 20))) == "ACCOUNTING_CLOSED"


async def test_a_month_is_over_by_the_books_time_zone(office: Office) -> None:
    bank = Bank(office.bank.ledger, office.bank.database, office.bank.tenant_id)
    await bank.create(time_zone="Pacific/Chatham")  # 13:45 ahead in February
    await bank.open("bank", schemas.AccountType.ASSET)
    await bank.open("wallet")
    east = Office(bank, office.clock)
    midnight = datetime(2060, 1, 31, 10, 15, tzinfo=UTC)
    east.goes_on_to(midnight - timedelta(seconds=1))
    assert code(await east.close("2060-01")) == "PERIOD_NOT_OVER"
    east.goes_on_to(midnight)
    assert (await east.close("2060-01")).status == 200
    leg = bank.leg("bank", "wallet", 1)
    before = await bank.post(leg, effective_at=midnight - timedelta(microseconds=1))
    assert code(before) == "ACCOUNTING_CLOSED"
    assert (await bank.post(leg, effective_at=midnight)).status == 201
    assert (await bank.verify()).findings == []


async def test_a_hold_outlives_the_close_and_is_captured_at_the_captures_date(
    office: Office,
) -> None:
    bank = office.bank
    hold = await bank.reserve("bank", "wallet", 100)
    voided = await bank.reserve("bank", "wallet", 30)
    expiring = await bank.reserve("bank", "wallet", 7, expires_in_s=40 * 86_400)
    office.goes_on_to(FEBRUARY)
    await office.closed("2060-01")
    captured = (await bank.capture(hold, 60)).value(schemas.SettledHold)
    entries = await bank.ledger.entries(
        bank.tenant_id, bank.book_id, "wallet", cursor=None, limit=10
    )
    assert entries.entries[-1].transaction_id == captured.transaction.id
    assert entries.entries[-1].booking_date == FEBRUARY.date()
    assert (await bank.void(voided)).status == 200
    office.goes_on_to(day(3, 15))
    await office.closed("2060-02")  # which first gives back what is over, in February
    assert (await bank.hold(expiring)).state == "expired"
    assert await bank.posted("wallet") == 60


async def test_what_is_over_is_given_back_even_into_a_closed_period(office: Office) -> None:
    """It cannot come to that by itself: the lane expires before it closes. Here it forgot to."""
    bank = office.bank
    hold = await bank.reserve("bank", "wallet", 7, expires_in_s=86_400)
    office.goes_on_to(FEBRUARY)
    book = lane_of(bank)._book
    book.expiries.settle(FEBRUARY)  # as if nothing were due
    await office.closed("2060-01")
    book.expiries.add(JANUARY, hold)
    await bank.ledger.expire_holds()
    await bank.reserve("bank", "wallet", 1)
    assert (await bank.hold(hold)).state == "expired"


async def test_a_close_is_an_event_of_the_book(closed: Office) -> None:
    bank = closed.bank
    await closed.reopened("2060-01")
    page = await bank.ledger.feed(bank.tenant_id, bank.book_id, 0, 100)
    events = [event for event in page.events if isinstance(event, PeriodClosed | PeriodReopened)]
    assert [(type_of(event), event.object, event.actor) for event in events] == [
        ("period.closed", "2060-01", "key:ann"),
        ("period.reopened", "2060-01", "key:bob"),
    ]
    assert [event.seq for event in page.events] == list(range(1, page.head + 1))


async def test_a_period_reopens_with_a_second_actor(closed: Office) -> None:
    reopening = await closed.asked("2060-01")
    assert code(await closed.pay("bank", "wallet", 1, JANUARY)) == "ACCOUNTING_CLOSED"
    same = await closed.approve("2060-01", reopening, actor="key:ann")
    assert (same.status, code(same)) == (403, "SECOND_ACTOR_NEEDED")
    assert code(await closed.ask("2060-01", actor="key:bob")) == "REOPENING_PENDING"
    opened = (await closed.approve("2060-01", reopening)).value(Period)
    assert opened.status is PeriodStatus.OPEN
    assert (await closed.pay("bank", "wallet", 1, JANUARY)).status == 201
    [asked] = (await closed.period("2060-01")).reopenings
    assert (asked.state, asked.requested_by, asked.decided_by) == (
        ReopeningState.APPROVED,
        "key:ann",
        "key:bob",
    )
    assert code(await closed.approve("2060-01", reopening)) == "REOPENING_NOT_PENDING"
    assert code(await closed.ask("2060-01")) == "PERIOD_NOT_CLOSED"


async def test_periods_reopen_from_the_latest_on(closed: Office) -> None:
    closed.goes_on_to(day(4, 1))
    await closed.closed("2060-03")
    answer = await closed.ask("2060-01")
    assert code(answer) == "PERIOD_NOT_LAST"
    assert b'"period":"2060-03"' in answer.body
    for period in ("2060-03", "2060-02", "2060-01"):
        await closed.reopened(period)
    assert (await closed.pay("bank", "wallet", 1, JANUARY)).status == 201


async def test_a_request_is_withdrawn_expires_or_lapses(closed: Office) -> None:
    withdrawn = await closed.asked("2060-01")
    assert (await closed.withdraw("2060-01", withdrawn)).status == 200
    assert code(await closed.approve("2060-01", withdrawn)) == "REOPENING_NOT_PENDING"
    expired = await closed.asked("2060-01")
    closed.goes_on_to(FEBRUARY + REOPENING_LASTS + timedelta(seconds=1))
    assert code(await closed.approve("2060-01", expired)) == "REOPENING_NOT_PENDING"
    lapsed = await closed.asked("2060-01")
    closed.goes_on_to(day(3, 1) - timedelta(hours=1))
    pending = await closed.asked("2060-01", actor="key:carl")
    closed.goes_on_to(day(3, 1))
    await closed.closed("2060-02")
    assert code(await closed.approve("2060-01", pending)) == "REOPENING_NOT_PENDING"
    states = {each.id: each.state for each in (await closed.period("2060-01")).reopenings}
    assert states == {
        withdrawn: ReopeningState.WITHDRAWN,
        expired: ReopeningState.EXPIRED,
        lapsed: ReopeningState.EXPIRED,
        pending: ReopeningState.LAPSED,
    }
    with pytest.raises(ReopeningNotFound):
        await closed.approve("2060-01", IDS.new())


async def test_every_step_is_in_the_audit_log(closed: Office) -> None:
    refused = await closed.asked("2060-01")
    await closed.approve("2060-01", refused, actor="key:ann")
    await closed.withdraw("2060-01", refused, actor="key:bob")
    await closed.reopened("2060-01")
    rows = await closed.bank.database.fetch(
        "SELECT actor, outcome, status FROM audit_entry"
        " WHERE tenant_id = $1 AND actor IN ('key:ann', 'key:bob') ORDER BY entry_id",
        closed.bank.tenant_id,
    )
    assert [tuple(row) for row in rows] == [
        ("key:ann", "done", 200),
        ("key:ann", "done", 202),
        ("key:ann", "refused", 403),
        ("key:bob", "done", 200),
        ("key:ann", "done", 202),
        ("key:bob", "done", 200),
    ]


async def test_another_process_finds_what_is_closed_and_what_is_asked_for(
    closed: Office, database: Database, run_folder: Path
) -> None:
    reopening = await closed.asked("2060-01")
    async with open_ledger(database, run_folder, clock=closed.clock) as other:
        await closed.bank.ledger.close()
        closed.bank.ledger = other
        assert code(await closed.pay("bank", "wallet", 1, JANUARY)) == "ACCOUNTING_CLOSED"
        assert (await closed.approve("2060-01", reopening)).status == 200
        assert (await closed.pay("bank", "wallet", 1, JANUARY)).status == 201
        assert (await closed.bank.verify()).findings == []


async def test_a_close_that_is_sent_again_is_answered_as_before(office: Office) -> None:
    office.goes_on_to(FEBRUARY)
    first, again = [await office.close("2060-01", key="once") for _ in range(2)]
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.is_replay
