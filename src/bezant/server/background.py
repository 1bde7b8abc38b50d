"""What runs beside requests in every worker: jobs, the numbering of events, snapshots."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling, JobRunner
from bezant.kernel.outbox import Sequencer
from bezant.kernel.retention import Retention
from bezant.kernel.sealed_owners import SealedSweep
from bezant.ledger import Ledger, Snapshots, schedule_handling
from bezant.ledger.checkpoints import Rounds


@asynccontextmanager
async def background(
    database: Database,
    clock: Clock,
    ids: Ids,
    retention: Retention,
    ledger: Ledger,
    rounds: Rounds,
    sealed: SealedSweep,
    others: Sequence[Handling[Any]],
) -> AsyncIterator[None]:
    """Carry out jobs, number events and write snapshots, until the worker is asked to stop."""
    handlings: list[Handling[Any]] = [
        retention.handling(),
        schedule_handling(database, clock, ids, ledger.submit),
        rounds.handling(),
        sealed.handling(),
        *others,
    ]
    schedules = [retention.schedule(), rounds.schedule(), sealed.schedule()]
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
