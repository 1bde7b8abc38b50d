"""PostgreSQL alone, its log archived: to be killed. Says how its owner reaches it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backed_up import BackedUp
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import configure_logs
from bezant.server.backup import MAIN, Archivist
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.vault.keystores import BoundKeys


async def work(backed_up: BackedUp) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    @asynccontextmanager
    async def keys() -> AsyncIterator[BoundKeys]:
        yield backed_up.keys

    with DataFolder(backed_up.data) as data:
        archivist = Archivist(
            data,
            MAIN,
            backed_up.shelf,
            keys,
            SystemClock(),
            TimeOrderedIds(),
            keep=MAIN.kept(Settings()),
        )
        servers = EmbeddedServers(
            data,
            lambda _: None,
            has_keys=False,
            has_valkey=False,
            confs={MAIN.folder: archivist.conf},
        )
        async with archivist.at_work(), servers:
            sys.stdout.write(f"{servers.postgres.owner_url}\n")
            sys.stdout.flush()
            await stop.wait()


if __name__ == "__main__":
    configure_logs("json")
    asyncio.run(work(BackedUp(Path(sys.argv[1]))))
