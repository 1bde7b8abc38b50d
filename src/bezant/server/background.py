"""What runs beside requests in every worker: jobs, and the numbering of events."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import JobRunner
from bezant.kernel.outbox import Sequencer
from bezant.kernel.retention import Keep, Retention
from bezant.ledger import Ledger, ReconciliationService


@asynccontextmanager
async def background(
    database: Database,
    clock: Clock,
    ids: Ids,
    keep: Keep,
    ledger: Ledger,
    reconciliations: ReconciliationService,
) -> AsyncIterator[None]:
    """Carry out jobs and number events, until the worker is asked to stop."""
    answers = {"refused_transaction": ledger.remove_old_refusals}
    retention = Retention(database, clock, keep, answers)
    runner = JobRunner(
        database,
        clock,
        ids,
        [retention.handling(), reconciliations.handling()],
        schedules=[retention.schedule()],
    )
    sequencer = Sequencer(database, clock, ids)
    runner.start()
    sequencer.start()
    try:
        yield
    finally:
        await runner.close()
        await sequencer.close()
