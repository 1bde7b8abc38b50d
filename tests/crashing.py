"""A ledger that dies as its process would: without a word, in the middle of whatever it does."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Self

from bezant.kernel.clock import Clock, ManualClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger


class WindableClock(ManualClock):
    """A clock that may be set back as well."""

    def wind(self, seconds: float) -> None:
        """Move it, backwards if negative."""
        self._now += timedelta(seconds=seconds)


class Instance:
    """What one process has: a pool, and a ledger on it.

    Holds of quiet books expire when `Ledger` is asked to look, not whenever it looks by itself.
    """

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.database = database
        self.ledger = ledger

    @classmethod
    async def start(cls, url: str, run_folder: Path, clock: Clock) -> Self:
        """Start it."""
        database = await Database.open(url, connections_max=4)
        ledger = Ledger(database, run_folder, clock=clock)
        await ledger.start()
        expiring, ledger._lanes._expiring = ledger._lanes._expiring, None
        assert expiring is not None
        expiring.cancel()
        await asyncio.gather(expiring, return_exceptions=True)
        return cls(database, ledger)

    async def close(self) -> None:
        """End it in order."""
        await self.ledger.close()
        await self.database.close()

    async def die(self) -> None:
        """End it as a kill does: nothing is finished, told, or handed over."""
        lanes = self.ledger._lanes
        server = lanes._server
        assert server._server is not None
        server._server.close()
        tasks = [*server._tasks, *(lane._runner for lane in lanes._lanes.values())]
        for task in tasks:
            task.cancel()
        for writer in [*server._writers, *(peer._writer for peer in lanes._peers.values())]:
            if writer is not None:
                writer.transport.abort()
        self.database._pool.terminate()
        await asyncio.gather(*tasks, return_exceptions=True)
