"""A process that carries out the end of a day, and stops at a step."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.banking.end_of_day import EndOfDayService
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger, Rider
from forking import say, serve, stop_here


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        step: where to stop for ever: `before` or `after` a chunk; none for nowhere.
        passes: how many chunks go past the step first.
    """

    url: str
    run_folder: str
    tenant_id: UUID
    run_id: UUID
    now: datetime
    chunk: int
    step: str = ""
    passes: int = 0


class Stopping(Ledger):
    """A ledger whose caller stops before or after a chunk."""

    step: str = ""
    left: int = 0

    async def submit(self, call: Call, book_id: UUID, rider: Rider) -> Answer:
        is_last = self.left == 0
        self.left -= 1
        if is_last and self.step == "before":
            await stop_here("before")
        answer = await super().submit(call, book_id, rider)
        if is_last and self.step == "after":
            await stop_here("after")
        return answer


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="day_ender")
    clock, ids = ManualClock(task.now), TimeOrderedIds()
    ledger = Stopping(database, Path(task.run_folder), clock=clock, ids=ids)
    ledger.step, ledger.left = task.step, task.passes
    await ledger.start()
    say("ready")
    ends = EndOfDayService(database, clock, ids, ledger, chunk=task.chunk)
    await ends.carry_out(task.tenant_id, task.run_id)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
