"""Killing the application and PostgreSQL in the middle of a batch, and starting them again."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bezant.kernel.database import Database
from bezant.server.embedded import DataFolder, EmbeddedServers
from bezant.server.embedded.postgres import PostgresServer
from bezant.server.migrations import migrate
from fixtures_ledger import Bank
from posters import Poster
from running_platform import children
from templates import begin_from

# Every carried out request that moves one unit from `world` to `alice`. The platform's own calls,
# such as those that expire holds, have keys as well.
MOVED = """
    SELECT key FROM idempotency_record
    WHERE tenant_id = $1 AND status IN (200, 201) AND key NOT LIKE 'test-%'
        AND key NOT LIKE 'call:%' AND key NOT LIKE '%-hold' AND key NOT LIKE '%-void'
"""

UNDER_WAY = """
    SELECT 1 FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""

IN_A_BATCH = """
    SELECT 1 FROM pg_stat_activity
    WHERE application_name = $1 AND backend_xid IS NOT NULL
"""


@dataclass
class Servers:
    """Embedded servers of a test's own."""

    data: Path
    running: EmbeddedServers

    @property
    def app_url(self) -> str:
        return self.running.postgres.app_url

    @property
    def postmaster(self) -> int:
        return int((self.data / "postgres" / "postmaster.pid").read_text().split("\n")[0])

    @property
    def postgres(self) -> PostgresServer:
        postgres = self.running._servers[0]
        assert isinstance(postgres, PostgresServer)
        return postgres

    async def kill_postgres(self) -> None:
        """Kill all of PostgreSQL, so that what it had not written is gone; start it again."""
        await self.end_postgres()
        await self.postgres.start()

    async def end_postgres(self) -> None:
        """Kill it, and leave it so."""
        postmaster = self.postmaster
        # The postmaster first: it would end the others its own way.
        os.kill(postmaster, signal.SIGSTOP)
        victims = [*children(postmaster), postmaster]
        for pid in victims:
            # One may have been ending by itself when the postmaster was stopped.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self.postgres.child.wait()


@asynccontextmanager
async def open_servers(data: Path) -> AsyncIterator[Servers]:
    """Migrated servers on a folder; none for keys."""
    await begin_from("migrated", _migrate, data)
    with DataFolder(data) as folder:
        async with _embedded(folder) as running:
            servers = Servers(data, running)
            yield servers
            # Its files are thrown away: a last checkpoint would only take time.
            await servers.end_postgres()


async def _migrate(data: Path) -> None:
    with DataFolder(data) as folder:
        async with _embedded(folder) as running:
            await migrate(running.postgres.owner_url, "bezant_app")


def _embedded(folder: DataFolder) -> EmbeddedServers:
    return EmbeddedServers(folder, progress=lambda _: None, has_keys=False)


async def stop_in_a_batch(poster: Poster, name: str, database: Database) -> None:
    """Stop a posting process at an instant when its transaction is open."""
    while True:
        # At an instant that has nothing to do with the answer that was waited for.
        await asyncio.sleep(random.uniform(0, 0.02))
        poster.process.send_signal(signal.SIGSTOP)
        if await database.fetchrow(IN_A_BATCH, name) is not None:
            return
        poster.process.send_signal(signal.SIGCONT)
        # Reads all that it has said, so that it never waits for us.
        await recovered(poster, time.monotonic())


async def recovered(poster: Poster, killed_at: float) -> float:
    """Wait for a posting that is newly made; the seconds from the kill to its answer."""
    while True:
        *_, answered_at, kind = (await poster.until("answered")).split()
        if kind == "new" and float(answered_at) > killed_at:
            return float(answered_at) - killed_at


async def check(bank: Bank, acknowledged: set[str]) -> int:
    """Every posting that was acknowledged stands, and each that stands does so once; how many.

    Nobody posts any more; what a killed process had sent may still be carried out.
    """
    while await bank.database.fetchrow(UNDER_WAY) is not None:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    moved = {row["key"] for row in await bank.database.fetch(MOVED, bank.tenant_id)}
    asked = {key for key in acknowledged if not key.endswith(("-hold", "-void"))}
    assert asked
    assert asked <= moved, f"lost: {sorted(asked - moved)[:10]}"
    posted = await bank.posted("alice"), await bank.posted("world")
    assert posted == (len(moved), len(moved)), f"{posted} posted; {len(moved)} answers"
    return len(moved)
