"""A close whose commit fails, or is cut: the lane knows what is true."""

import asyncio
import tempfile
from pathlib import Path

import asyncpg
import msgspec
import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database, Row, RowKind
from bezant.ledger import Decision, Ledger, Reads, Seen, schemas
from bezant.ledger.lane.draft import Draft
from bezant.ledger.periods.riders import ClosePeriod
from bezant.ledger.periods.schemas import Period, PeriodStatus
from fixtures_ledger import IDS, code, open_ledger
from fixtures_periods import EQUITY, Office, day, new_office
from proxies import CommitProxy, Cut

# A row that the table's constraints do not take.
REFUSED = RowKind(
    "period_reopening_outcome",
    "INSERT INTO period_reopening_outcome (tenant_id, book_id, reopening_id, outcome, actor,"
    " decided_at) SELECT $1, key, key, 'never', '', now() FROM unnest($2::uuid[]) AS new (key)",
)


class FailingClose(msgspec.Struct, frozen=True):
    """Closes January with closing entries, in a commit that the database refuses."""

    rider: ClosePeriod = ClosePeriod("2060-01", EQUITY, "key:ann")

    @property
    def weight(self) -> int:
        return self.rider.weight

    def reads(self) -> Reads:
        return self.rider.reads()

    def decide(self, seen: Seen) -> Decision:
        decision = self.rider.decide(seen)
        return Decision(decision.answer, (*decision.rows, Row(REFUSED, (IDS.new(),))))


async def fail_to_close(office: Office) -> None:
    await office.pay("wallet", "fees", 5, day(1, 10))
    office.goes_on_to(day(2, 1))
    with pytest.raises(asyncpg.CheckViolationError):
        await office.bank.ledger.submit(office.bank.call(), office.bank.book_id, FailingClose())


async def test_a_close_that_the_database_refuses_leaves_the_period_open(office: Office) -> None:
    await fail_to_close(office)
    assert (await office.pay("wallet", "fees", 1, day(1, 20))).status == 201
    assert await office.bank.posted("fees") == 6
    assert (await office.closed("2060-01", EQUITY)).closed_by == "key:ann"
    assert await office.bank.posted("fees") == 0


async def test_without_undoing_it_the_lane_takes_for_closed_what_is_open(
    slow_ledger: Ledger, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    office = await new_office(slow_ledger, database, clock)
    monkeypatch.setattr(Draft, "discard", lambda _: None)
    await fail_to_close(office)
    monkeypatch.undo()
    assert (await office.period("2060-01")).status is PeriodStatus.OPEN
    assert code(await office.pay("wallet", "fees", 1, day(1, 20))) == "ACCOUNTING_CLOSED"


async def test_a_refused_close_leaves_what_was_asked_for(office: Office) -> None:
    office.goes_on_to(day(2, 1))
    await office.closed("2060-01")
    reopening = await office.asked("2060-01")
    assert code(await office.close("2060-02")) == "PERIOD_NOT_OVER"
    assert (await office.approve("2060-01", reopening)).status == 200


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_close_whose_commit_is_cut_takes_effect_once(
    app_url: str, run_folder: Path, clock: ManualClock, cut: Cut
) -> None:
    with tempfile.TemporaryDirectory(prefix="bzp-", dir="/tmp") as folder:
        async with CommitProxy(app_url, Path(folder)).serving() as proxy:
            database = await Database.open(proxy.url, name="proxied")
            async with open_ledger(database, run_folder, clock=clock) as ledger:
                office = await new_office(ledger, database, clock)
                await office.pay("wallet", "fees", 5, day(1, 10))
                office.goes_on_to(day(2, 1))
                proxy.cut = cut
                closed = await office.close("2060-01")
                assert (closed.status, closed.is_replay) == (200, cut is Cut.AFTER)
                into = await asyncio.gather(
                    *(office.pay("wallet", "fees", 1, day(1, 20)) for _ in range(5))
                )
                assert {code(answer) for answer in into} == {"ACCOUNTING_CLOSED"}
                assert closed.value(Period).status is PeriodStatus.CLOSED
                assert (await office.bank.verify()).findings == []
            await database.close()


async def test_a_batch_decided_on_a_close_that_fails_is_decided_again(office: Office) -> None:
    """Its postings were refused for a close that never was."""
    await office.pay("wallet", "fees", 5, day(1, 10))
    office.goes_on_to(day(2, 1))
    bank = office.bank
    leg = bank.leg("wallet", "fees", 1)
    items = [
        schemas.BatchTransaction([leg], id=IDS.new(), effective_at=day(1, 20)) for _ in range(600)
    ]
    rider = FailingClose(ClosePeriod("2060-01", None, "key:ann"))
    closing = asyncio.create_task(bank.ledger.submit(bank.call(), bank.book_id, rider))
    batch = asyncio.create_task(bank.batch(*items))
    with pytest.raises(asyncpg.CheckViolationError):
        await closing
    assert {result.status for result in await batch} == {201}
