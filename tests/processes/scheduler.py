"""A process that carries out schedules, and stops at a step: `python scheduler.py < task.json`."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.jobs import JobRunner
from bezant.ledger import Ledger
from bezant.ledger.lane import Rider
from fixtures_ledger import IDS
from timetables import LEASE, of_tenant


class Task(msgspec.Struct):
    """What to carry out, and where to stop.

    Attributes:
        step: `before` a posting is sent, `after` it is acknowledged, or nowhere.
        passes: how many postings go past the step first.
    """

    url: str
    run_folder: str
    tenant_id: UUID
    step: str
    passes: int


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="scheduler")
    clock = SystemClock()
    ledger = Ledger(database, Path(task.run_folder), clock=clock)
    await ledger.start()
    left = task.passes

    async def stop_here(step: str) -> None:
        nonlocal left
        if task.step == step:
            left -= 1
            if left < 0:
                say("stopped")
                await asyncio.Event().wait()

    async def submit(call: Call, book_id: UUID, rider: Rider) -> Answer:
        await stop_here("before")
        answer = await ledger.submit(call, book_id, rider)
        say(answer.body.decode().strip('"'))
        await stop_here("after")
        return answer

    handling = of_tenant(task.tenant_id, database, clock, submit)
    runner = JobRunner(database, clock, IDS, [handling], lease=timedelta(seconds=LEASE.seconds))
    runner.start()
    say("ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Task)))
