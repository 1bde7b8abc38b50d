"""A process that numbers events and stops at a step: `python sequencer.py URL STEP`."""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbox import Sequencer


async def work(url: str, step: str) -> None:
    database = await Database.open(url, name="sequencer")
    sequencer = Sequencer(
        database, SystemClock(), TimeOrderedIds(), lease=timedelta(milliseconds=500)
    )
    name = "_write" if step == "before-commit" else "number"
    act = getattr(sequencer, name)

    async def stopping(*given: Any) -> object:  # noqa: ANN401 - as the act's
        done = await act(*given)
        if done:
            sys.stdout.write(f"{step}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
        return done

    setattr(sequencer, name, stopping)
    sequencer.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
