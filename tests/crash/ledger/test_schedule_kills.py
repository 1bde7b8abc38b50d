"""Workers are killed before, while and after they post occurrences: each is posted exactly once."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.ledger.schedules.domain import Plan
from posters import Poster
from processes.scheduler import Task
from timetables import Timetable, open_timetable, running

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "processes" / "scheduler.py"
KILLS = 24
SCHEDULES = 6
OCCURRENCES = 12


@asynccontextmanager
async def scheduling(task: Task) -> AsyncIterator[Poster]:
    """A worker in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(task))
    process.stdin.close()
    worker = Poster(process)
    try:
        yield worker
    finally:
        await worker.kill()


async def kill_a_worker(timetable: Timetable, url: str, folder: Path, kill: int) -> int:
    """Have a worker killed at one of the steps; how many postings were acknowledged to it.

    `passed_over` is what it was told of an occurrence that one killed before it had posted.
    """
    step = ("before", "after", "anywhere")[kill % 3]
    task = Task(url, str(folder), timetable.bank.tenant_id, step, kill % 2)
    async with scheduling(task) as worker:
        await worker.until("ready")
        if step == "anywhere":
            await worker.until("posted")
            await asyncio.sleep(random.uniform(0, 0.03))
        else:
            await worker.until("stopped")
        worker.process.kill()
        await worker.finish()
    return worker.lines.count("posted")


async def test_a_killed_worker_leaves_each_occurrence_posted_exactly_once(
    database: Database, app_url: str, run_folder: Path
) -> None:
    clock = SystemClock()
    first_at = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    async with open_timetable(database, run_folder, clock) as timetable:
        made = [
            await timetable.create(first_at, "day", count=OCCURRENCES) for _ in range(SCHEDULES)
        ]
        acknowledged = 0
        for kill in range(KILLS):
            acknowledged += await kill_a_worker(timetable, app_url, run_folder, kill)
        assert acknowledged >= KILLS // 2, "most kills had something posted before them"
        at_kills = await timetable.bank.posted("alice")
        assert acknowledged <= at_kills < SCHEDULES * OCCURRENCES, "every kill found work"
        async with running(timetable):
            await timetable.settle()
        for schedule in made:
            plan = Plan(schedule.id, schedule.terms, await timetable.zone())
            outcomes = await timetable.outcomes(schedule.id)
            assert [each.no for each in outcomes] == list(range(1, OCCURRENCES + 1))
            assert {each.outcome for each in outcomes} == {"posted"}
            for each in outcomes:
                posted = await timetable.posted(each)
                assert (posted.seq, posted.effective_at) == (each.seq, plan.at(each.no))
            assert (await timetable.schedule(schedule.id)).status == "completed"
        transfers = await database.fetch(
            "SELECT seq FROM transfer WHERE tenant_id = $1 AND book_id = $2",
            timetable.bank.tenant_id,
            timetable.bank.book_id,
        )
        assert len(transfers) == SCHEDULES * OCCURRENCES
        assert await timetable.bank.posted("alice") == SCHEDULES * OCCURRENCES
