"""What a commit promises: with `synchronous_commit`, and (the control) without."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from bezant.kernel.database import Database, DatabaseRefused, server
from bezant.ledger import schemas
from bezant.server.embedded import postgres_config
from bezant.server.embedded.postgres_config import Cluster
from fixtures_ledger import new_bank, open_ledger
from kills import Servers
from running_platform import children

POSTINGS = 20

# Nothing but the sessions' own commits writes the log: the writers are stopped besides.
QUIET = "autovacuum = off\nwal_writer_delay = 10s\nsynchronous_commit = {}\n"
WRITERS = ("walwriter", "checkpointer", "background writer")


@pytest.fixture(params=["on", "off"])
def synchronous_commit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the servers of the test are configured."""
    written = postgres_config.postgresql_conf
    setting = str(request.param)

    def with_setting(cluster: Cluster, *, sockets: Path, hba: Path) -> str:
        return written(cluster, sockets=sockets, hba=hba) + QUIET.format(setting)

    monkeypatch.setattr(postgres_config, "postgresql_conf", with_setting)
    return setting


@pytest.fixture
async def servers(synchronous_commit: str, servers: Servers) -> Servers:
    """Servers that commit as they are told."""
    assert synchronous_commit
    return servers


async def test_acknowledged_postings_are_lost_only_without_synchronous_commit(
    servers: Servers, synchronous_commit: str, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is killed whole right after it acknowledged postings.

    What it lost is not to be seen in what is left: the books balance, and end earlier.
    """
    if synchronous_commit == "off":
        with pytest.raises(DatabaseRefused, match="synchronous_commit = off"):
            await Database.open(servers.app_url)
        monkeypatch.setattr(server, "_check", _accept)
    database = await Database.open(servers.app_url)
    async with open_ledger(database, run_folder) as ledger:
        bank = await (await new_bank(ledger, database)).create()
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice", overdraft="0")
        _stop_writers(servers)
        await _flush(servers)
        answers = [await bank.pay("world", "alice", 1) for _ in range(POSTINGS)]
        assert {answer.status for answer in answers} == {201}
        assert await bank.posted("alice") == POSTINGS
        await servers.kill_postgres()
        kept = await bank.posted("alice")
        assert (await bank.verify()).findings == []
    await database.close()
    assert kept == (POSTINGS if synchronous_commit == "on" else 0)


def _accept(settings: Mapping[str, str]) -> None:
    """Past the refusal that keeps such a server from being used."""
    assert settings["synchronous_commit"] == "off"


def _stop_writers(servers: Servers) -> None:
    """Stop the processes that write the log in the background."""
    stopped = [
        pid
        for pid, words in children(servers.postmaster).items()
        if any(writer in " ".join(words) for writer in WRITERS)
    ]
    assert len(stopped) == len(WRITERS)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)


async def _flush(servers: Servers) -> None:
    """Have everything written until now: the log is flushed up to a synchronous commit's end."""
    owner = await asyncpg.connect(servers.running.postgres.owner_url)
    async with owner.transaction():
        await owner.execute("SET LOCAL synchronous_commit = on")
        await owner.execute("CREATE TABLE flushed ()")
    await owner.close()
