"""A close and postings into the period at once: each came before, or is refused."""

import asyncio

import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger, type_of
from bezant.ledger.months import Periods
from bezant.ledger.periods.schemas import PeriodStatus
from bezant.ledger.verify import Kind
from fixtures_ledger import code
from fixtures_periods import EQUITY, Office, day, new_office

POSTERS = 50
END = "2060-01-31"


async def post_one(office: Office) -> Answer:
    return await office.pay("wallet", "fees", 1, day(1, 20))


@pytest.mark.parametrize("to", [None, EQUITY])
async def test_each_posting_is_before_the_close_or_refused(office: Office, to: str | None) -> None:
    office.goes_on_to(day(2, 1))
    is_over = asyncio.Event()
    answers: list[Answer] = []
    answered = asyncio.Semaphore(0)

    async def keep_posting() -> None:
        while not is_over.is_set():
            answers.append(await post_one(office))
            answered.release()

    posting = [asyncio.create_task(keep_posting()) for _ in range(POSTERS)]
    for _ in range(POSTERS):
        await answered.acquire()
    closed = await office.closed("2060-01", to)
    when_answered = await office.trial(END)
    after = await asyncio.gather(*(post_one(office) for _ in range(POSTERS)))
    is_over.set()
    await asyncio.gather(*posting)

    assert {code(answer) for answer in after} == {"ACCOUNTING_CLOSED"}
    refused = {code(answer) for answer in answers if answer.status != 201}
    assert refused == {"ACCOUNTING_CLOSED"}
    events = (await office.bank.ledger.feed(*office.key, 0, 1000)).events
    last = max(event.seq for event in events if type_of(event) == "transaction.posted")
    assert closed.seq is not None
    assert last < closed.seq
    assert (await office.trial(END)).assets == when_answered.assets


async def test_a_look_before_posting_is_not_enough(
    slow_ledger: Ledger, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the period is looked at, is open, and has closed when the posting arrives."""
    office = await new_office(slow_ledger, database, clock)
    office.goes_on_to(day(2, 1))
    await post_one(office)
    have_looked, is_closed = asyncio.Semaphore(0), asyncio.Event()

    async def look_then_post() -> Answer:
        assert (await office.period("2060-01")).status is PeriodStatus.OPEN
        have_looked.release()
        await is_closed.wait()
        return await post_one(office)

    monkeypatch.setattr(Periods, "check_dated", lambda *_: None)
    posting = [asyncio.create_task(look_then_post()) for _ in range(POSTERS)]
    for _ in posting:
        await have_looked.acquire()
    await office.closed("2060-01")
    when_answered = await office.trial(END)
    is_closed.set()
    assert {answer.status for answer in await asyncio.gather(*posting)} == {201}
    monkeypatch.undo()
    assert (await office.trial(END)).assets != when_answered.assets
    findings = (await office.bank.verify()).findings
    assert {finding.kind for finding in findings} == {Kind.PERIOD_CLOSED}
