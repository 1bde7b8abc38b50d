"""What runs beside requests in every worker: jobs, the numbering of events, snapshots."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling, JobRunner, Schedule
from bezant.kernel.outbox import Sequencer
from bezant.kernel.retention import Retention
from bezant.kernel.sealed_owners import SealedSweep
from bezant.ledger import Ledger, Snapshots, schedule_handling
from bezant.ledger.checkpoints import Rounds


class Further(NamedTuple):
    """The jobs of domains: who carries them out, and which of them nobody asks for."""

    handlings: Sequence[Handling[Any]]
    schedules: Sequence[Schedule]


@asynccontextmanager
async def background(
    database: Database,
    clock: Clock,
    ids: Ids,
    retention: Retention,
    ledger: Ledger,
    rounds: Rounds,
    sealed: SealedSweep,
    further: Further,
) -> AsyncIterator[None]:
    """Carry out jobs, number events and write snapshots, until the worker is asked to stop."""
    handlings: list[Handling[Any]] = [
        retention.handling(),
        schedule_handling(database, clock, ids, ledger.submit),
        rounds.handling(),
        sealed.handling(),
        *further.handlings,
    ]
    schedules = [
        retention.schedule(),
        rounds.schedule(),
        sealed.schedule(),
        *further.schedules,
    ]
    runner = JobRunner(database, clock, ids, handlings, schedules=schedules)
    sequencer = Sequencer(database, clock, ids)
    runner.start()
    snapshots = Snapshots(database, clock, ids)
    sequencer.start()
    snapshots.start()
    try:
        yield
    finally:
        await runner.close()
        await sequencer.close()
        await snapshots.close()
