"""A process that delivers webhooks of books: `python courier.py < job.json`, until it is killed.

The job: url, run_folder, ca (the receiver's authority), key (to open sealed ones, in hex).
"""

import asyncio
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.outbound import CheckedNetwork
from bezant.kernel.sealing import KeySealer
from bezant.kernel.webhooks import Dispatcher, Means, Sender, Sources
from bezant.ledger import Ledger
from bezant.server.webhooks import BookFeeds


class Job(msgspec.Struct):
    """What to do."""

    url: str
    run_folder: str
    ca: str
    key: str


class Here:
    """A resolver that knows this machine alone."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        del host, port
        return ["127.0.0.1"]

    def close(self) -> None:
        """Nothing to end."""


async def work(job: Job) -> None:
    database = await Database.open(job.url, name="courier")
    clock = SystemClock()
    tls = ssl.create_default_context(cafile=job.ca)
    means = Means(
        database=database,
        clock=clock,
        ids=TimeOrderedIds(),
        sources=Sources([BookFeeds(Ledger(database, Path(job.run_folder)))]),
        sealer=KeySealer(bytes.fromhex(job.key)),
        sender=Sender(CheckedNetwork(Here(), allow_loopback=True), clock, tls=tls),
        allow_loopback=True,
    )
    await Dispatcher(means).serve()


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
