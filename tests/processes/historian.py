"""A process that writes snapshots of small blocks, and says so: `python historian.py URL`."""

import asyncio
import sys

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger.history import Snapshots
from bezant.ledger.history.blocks import Shape


async def work(url: str) -> None:
    database = await Database.open(url, name="historian")
    shape = Shape(block_legs=5, fan_out=3, levels=3, chunk_legs=4)
    snapshots = Snapshots(database, SystemClock(), TimeOrderedIds(), shape=shape, rest_per_work=0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        if not await snapshots.write():
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
