"""The leased job that posts an occurrence when its instant has come.

The commit that posts it also records it and makes the job of the next. So a worker that is killed
before leaves everything to be done, and one that is killed after leaves a job which finds that
nothing is left to do.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.calls import Answer, Call, RefusedAnswer
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, Outcome
from bezant.ledger.lane import Rider
from bezant.ledger.schedules import store
from bezant.ledger.schedules.records import RUN, Run, standing_of
from bezant.ledger.schedules.riders import Ran, RunOccurrence

TRIES: Final = 8
"""Attempts after which a refusal is recorded as the occurrence's outcome: some fourteen hours."""

_A_MOMENT: Final = timedelta(seconds=1)

Submit = Callable[[Call, UUID, Rider], Awaitable[Answer]]


class Runs:
    """Carries out the jobs of schedules.

    Args:
        database: where schedules stand.
        clock: tells how early an occurrence is.
        ids: names the calls.
        submit: has a rider carried out in a book's lane.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, submit: Submit) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._submit = submit

    async def run(self, job: Job[Run]) -> Outcome:
        """Post an occurrence, or find that there is nothing to post."""
        asked = job.payload
        row = await self._database.fetchrow(
            store.FIND_SCHEDULE, job.tenant_id, asked.book_id, asked.schedule_id
        )
        if row is None:
            return GiveUp("There is no such schedule.")
        plan = standing_of(row, asked.schedule_id, ZoneInfo(row["time_zone"])).plan
        at = plan.at(asked.no)
        if at is None:
            return GiveUp("There is no such occurrence.")
        is_last_try = job.attempt >= TRIES
        rider = RunOccurrence(
            asked.book_id,
            asked.schedule_id,
            asked.no,
            at,
            plan.at(asked.no + 1),
            plan.transaction(asked.no),
            is_last_try,
        )
        answer = await self._submit(self._call(job), asked.book_id, rider)
        try:
            ran = answer.value(Ran)
        except RefusedAnswer as refused:
            # A dead letter can be replayed, once what it was refused for has passed.
            return GiveUp(refused.code) if is_last_try else Again(refused.code)
        if ran is Ran.EARLY:
            return Again("early", wait=max(at - self._clock.now(), _A_MOMENT))
        return Done()

    def _call(self, job: Job[Run]) -> Call:
        asked = job.payload
        return Call(
            id=self._ids.new(),
            tenant_id=job.tenant_id,
            actor=f"schedule:{asked.schedule_id}",
            action="schedule.run",
            resource=f"/v1/books/{asked.book_id}/schedules/{asked.schedule_id}",
            origin="job",
        )


def schedule_handling(database: Database, clock: Clock, ids: Ids, submit: Submit) -> Handling[Run]:
    """Who carries out the jobs of schedules, for the runner of a process."""
    return Handling(RUN, Runs(database, clock, ids, submit).run)
