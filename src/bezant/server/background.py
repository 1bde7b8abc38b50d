"""What runs beside requests in every worker: jobs, and the numbering of events."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling, JobRunner
from bezant.kernel.outbox import Sequencer
from bezant.kernel.retention import Keep, Retention
from bezant.ledger import Ledger, schedule_handling


@asynccontextmanager
async def background(
    database: Database, clock: Clock, ids: Ids, keep: Keep, ledger: Ledger
) -> AsyncIterator[None]:
    """Carry out jobs and number events, until the worker is asked to stop."""
    answers = {
        "refused_transaction": ledger.remove_old_refusals,
        "fx_quote": ledger.fx.remove_old_quotes,
    }
    retention = Retention(database, clock, keep, answers)
    handlings: list[Handling[Any]] = [
        retention.handling(),
        schedule_handling(database, clock, ids, ledger.submit),
    ]
    runner = JobRunner(database, clock, ids, handlings, schedules=[retention.schedule()])
    sequencer = Sequencer(database, clock, ids)
    runner.start()
    sequencer.start()
    try:
        yield
    finally:
        await runner.close()
        await sequencer.close()
