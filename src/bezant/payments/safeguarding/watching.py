"""The job that counts incidents that are not closed, for `/metrics`.

One worker counts each time, and says so for all: its figure is the newest.
"""

from datetime import timedelta
from itertools import product
from typing import Final

from msgspec import Struct

from bezant.kernel.database import Database
from bezant.kernel.jobs import Done, Handling, Job, JobKind, Outcome, Schedule
from bezant.kernel.telemetry import SAFEGUARDING_INCIDENTS
from bezant.payments.safeguarding import store
from bezant.payments.safeguarding.riders import KINDS
from bezant.payments.safeguarding.schemas import IncidentState

_EVERY: Final = timedelta(minutes=1)
_UNCLOSED: Final = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)


class CountIncidents(Struct, frozen=True):
    """The payload: none is needed."""


COUNT: Final = JobKind("safeguarding.count_incidents", CountIncidents)


class IncidentWatch:
    """Keeps the figure of incidents that are not closed.

    Args:
        database: as the application's role.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def handling(self) -> Handling[CountIncidents]:
        """Who carries it out, for the runner of a process."""
        return Handling(COUNT, self._carry_out)

    @staticmethod
    def schedule() -> Schedule:
        """When it runs."""
        return Schedule(COUNT, CountIncidents(), _EVERY)

    async def count(self) -> None:
        """Count those of every tenant now."""
        rows = await self._database.fetch(store.COUNT_UNCLOSED)
        found = {(row["kind"], row["state"]): row["incidents"] for row in rows}
        for kind, state in product(KINDS, _UNCLOSED):
            SAFEGUARDING_INCIDENTS.labels(kind, state).set(found.get((kind, state), 0))

    async def _carry_out(self, _: Job[CountIncidents]) -> Outcome:
        await self.count()
        return Done()
