"""A process that runs jobs of one kind, and stops at a step: `python jobber.py < task.json`."""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done, Handling, Job, JobRunner, Outcome, store
from bezant.kernel.jobs.attempts import Attempts
from bezant.kernel.jobs.rounds import Round
from jobbers import QUICK, Errand, Task, effect, errands


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def stop_here(step: str) -> None:
    say(step)
    await asyncio.Event().wait()


def stop_at(step: str) -> None:
    """Have the process stop between two of its own acts."""
    if step == "before-claim":

        async def hand_out(*_: Any) -> Any:  # noqa: ANN401 - never returns
            await stop_here(step)

        Round.hand_out = hand_out  # type: ignore[assignment,method-assign]
    elif step == "after-claim":

        async def run(*_: Any) -> None:  # noqa: ANN401 - whatever it is called with
            await stop_here(step)

        Attempts.run = run  # type: ignore[assignment,method-assign]
    elif step == "after-commit":
        end = Attempts._end

        async def ended(*given: Any) -> str:  # noqa: ANN401 - as `_end`
            await end(*given)
            await stop_here(step)
            return ""

        Attempts._end = ended  # type: ignore[assignment,method-assign]


async def work(task: Task) -> None:
    stop_at(task.step)
    if not task.is_fenced:
        store.END = store.END.split("AND epoch")[0] + " AND $4::bigint IS NOT NULL"  # type: ignore[misc]
    database = await Database.open(task.url, name="jobber")

    async def handle(job: Job[Errand]) -> Outcome:
        say("handling", job.id, job.attempt)
        if task.step == "mid-handler":
            await stop_here(task.step)
        await asyncio.sleep(task.dwell_s)

        async def before_commit(_: object) -> None:
            if task.step == "before-commit":
                await stop_here(task.step)

        return Done((effect(job),), before_commit)

    retry = replace(QUICK, attempts_max=task.attempts_max)
    runner = JobRunner(
        database,
        SystemClock(),
        TimeOrderedIds(),
        [Handling(errands(task.kind, retry=retry), handle)],
        lease=timedelta(seconds=task.lease_s),
    )
    end_surely = runner._attempts._end_surely

    async def told(*given: Any) -> None:  # noqa: ANN401 - as `_end_surely`
        await end_surely(*given)
        say("ended", given[0]["job_id"])

    runner._attempts._end_surely = told  # type: ignore[assignment,method-assign]
    runner.start()
    say("ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Task)))
