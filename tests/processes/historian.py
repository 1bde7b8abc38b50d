"""A process that writes a book's snapshots: `python historian.py URL TENANT BOOK`."""

import asyncio
import sys
from uuid import UUID

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger.history import History, Snapshots
from bezant.ledger.history.blocks import Shape


async def work(url: str, tenant: str, book: str) -> None:
    database = await Database.open(url, name="historian")
    shape = Shape(block_legs=5, fan_out=3, levels=3, chunk_legs=4)
    snapshots = Snapshots(database, SystemClock(), TimeOrderedIds(), shape=shape, rest_per_work=0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    key = UUID(tenant), UUID(book)
    while True:
        head = await History(database).head(*key)
        if not await snapshots.write_book(*key, head.seq):
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
