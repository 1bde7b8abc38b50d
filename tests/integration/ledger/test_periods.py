"""What a bookkeeper can rely on once a period is closed."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from bezant.ledger import Decision, Seen, post, schemas
from bezant.ledger.periods.schemas import PeriodStatus
from fixtures_ledger import IDS, code
from fixtures_periods import Office, day

FEBRUARY = day(2, 15)
JANUARY = day(1, 20)


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

    books: list[Any]

    def reads(self) -> Any:  # noqa: ANN401 - as declared by the protocol
        from bezant.ledger import Reads  # noqa: PLC0415

        return {book: Reads(frozenset({"bank", "wallet"})) for book in self.books}

    def decide(self, seen: Any) -> Decision:  # noqa: ANN401 - as above
        for each in seen.values():
            leg = schemas.Posting("bank", "wallet", "EUR", "1")
            post(each.draft, schemas.NewTransaction([leg], effective_at=JANUARY))
        raise AssertionError("it is refused")


async def test_work_over_several_books_is_refused_by_the_closed_one(closed: Office) -> None:
    bank = closed.bank
    rider = Jointly([bank.book_id])
    answer = await bank.ledger.submit_jointly(bank.call(), rider)
    assert code(answer) == "ACCOUNTING_CLOSED"
