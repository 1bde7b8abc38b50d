"""A worker killed while it stores a reconciliation is replaced, and the result is the same."""

import asyncio
import sys
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from bezant.kernel.database import Database
from bezant.ledger import Ledger, ReconciliationService, schemas
from bezant.ledger.reconciliation import schemas as wire
from fixtures_ledger import new_bank
from integration.ledger.reconciliation.conftest import Desk, Report
from swift import Line, Swift

SCRIPT = Path(__file__).parents[2] / "processes" / "reconciler.py"
DAY = date(2026, 3, 2)
LINES = 40


async def desk_with_work(
    ledger: Ledger, database: Database, service: ReconciliationService
) -> Desk:
    """Forty lines; of each four one is booked twice, and one not at all."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("nostro", schemas.AccountType.ASSET)
    desk = Desk(bank, service)
    for number in range(LINES):
        for _ in range((1, 2, 0, 1)[number % 4]):
            await desk.book(100 + number, DAY + timedelta(days=number % 3))
    lines = [Line(100 + number, DAY + timedelta(days=number % 2)) for number in range(LINES)]
    await desk.imported(Swift(lines))
    return desk


def told(report: Report) -> tuple[object, ...]:
    """All of a report but when it was."""
    matches = [
        (each.no, each.rule, each.lines, each.entries, each.difference) for each in report.matches
    ]
    breaks = [
        (each.no, each.line, each.entry, each.reason, tuple(each.related)) for each in report.breaks
    ]
    return matches, breaks, msgspec.json.encode(report.summary)


@pytest.mark.parametrize("portions", [0, 1, 3, 5, 8])
async def test_a_killed_reconciliation_is_resumed_with_the_same_result(
    database: Database,
    app_url: str,
    ledger: Ledger,
    reconciliations: ReconciliationService,
    portions: int,
) -> None:
    whole = await (await desk_with_work(ledger, database, reconciliations)).reconcile()
    desk = await desk_with_work(ledger, database, reconciliations)
    asked = await desk.ask()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), app_url, str(portions), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"stopped\n"
    process.kill()
    await process.wait()
    unfinished = await reconciliations.reconciliation(*desk.place, asked)
    assert unfinished.summary is None
    # What comes while nobody is at work does not count: it was not there when it was asked for.
    await desk.imported(Swift([Line(1, DAY)], opening=10**6, number="50"))
    await desk.book(1)
    resumed = await desk.report(asked)
    assert told(resumed) == told(whole)
    assert isinstance(resumed.summary, wire.Summary)
