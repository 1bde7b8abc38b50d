"""A process that reconciles, stops after some portions, and waits to be killed.

`python reconciler.py URL PORTIONS`; a portion is of five rows.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import JobRunner
from bezant.kernel.sealing import KeySealer
from bezant.ledger import ReconciliationService
from bezant.ledger.reconciliation import running


async def work(url: str, portions: int) -> None:
    running.ROWS_AT_ONCE = 5  # type: ignore[misc]
    left = portions

    def stopping(write: Any) -> Any:  # noqa: ANN401 - a method
        async def written(*given: Any) -> None:  # noqa: ANN401 - as the method
            nonlocal left
            if not left:
                sys.stdout.write("stopped\n")
                sys.stdout.flush()
                await asyncio.Event().wait()
            left -= 1
            await write(*given)

        return written

    for name in ("_write_matches", "_write_breaks"):
        setattr(running._Writing, name, stopping(getattr(running._Writing, name)))
    database = await Database.open(url, name="reconciler")
    service = ReconciliationService(database, SystemClock(), TimeOrderedIds(), KeySealer(bytes(32)))
    runner = JobRunner(
        database,
        SystemClock(),
        TimeOrderedIds(),
        [service.handling()],
        lease=timedelta(seconds=1),
    )
    runner.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2])))
