"""PgBouncer in transaction mode between the platform and its database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bezant.kernel.database import Database
from fixtures_servers import open_folder
from integration.outside.servers import APP, OWNER, Cluster, Server, pooled, pooler
from integration.outside.till import NO_CACHE, bezant, serving, verified

LOOPBACK_FLAG = "--allow-plaintext-loopback"
# Fewer sessions than the platform has connections: transactions of several take turns in one.
NARROW = "default_pool_size = 3\n"


@pytest.fixture(scope="module")
async def database(postgres: Cluster) -> str:
    """A migrated database of the module; its name."""
    return await postgres.migrated_database("pooled")


@pytest.fixture(scope="module", params=["", NARROW], ids=["as it comes", "3 sessions"])
async def between(
    request: pytest.FixtureRequest, postgres: Cluster, database: str
) -> AsyncIterator[Server]:
    """A pooler before the module's database."""
    assert database
    with open_folder() as folder:
        async with pooler(folder, postgres, request.param) as server:
            yield server


async def test_payments_from_many_connections_to_two_workers_are_all_there_once(
    between: Server, database: str, folder: Path
) -> None:
    url = pooled(between.port, database)
    options = ("--database-url", url, LOOPBACK_FLAG, "--workers", "2", *NO_CACHE)
    async with serving(folder / "data", *options) as (till, client):
        # The same 200 keys by ten clients: each key twice, from different connections.
        async def pay(first: int) -> list[httpx.Response]:
            async with till.platform.client() as own:
                keys = range(first * 20, first * 20 + 40)
                return await asyncio.gather(*(till.pay(own, f"p-{k % 200}") for k in keys))

        answers = [each for some in await asyncio.gather(*map(pay, range(10))) for each in some]
        assert Counter(answer.status_code for answer in answers) == {201: 400}
        assert await till.balance(client) == 200
    reports = await verified("--database-url", url, LOOPBACK_FLAG)
    assert [report["transfers"] for report in reports if report["book_id"] == till.book] == [200]


async def test_a_pooler_is_told_from_the_database_itself(
    between: Server, postgres: Cluster, database: str
) -> None:
    direct = await Database.open(postgres.by_socket(APP, database))
    through = await Database.open(pooled(between.port, database))
    try:
        assert not direct.capabilities.is_pooled
        assert through.capabilities.is_pooled
    finally:
        await direct.close()
        await through.close()


async def test_timeouts_hold_in_every_transaction_and_leave_the_shared_session_as_it_was(
    between: Server, database: str
) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    statement = "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])"

    async def settings(connection: Any) -> dict[str, str]:  # noqa: ANN401 - the driver's connection
        rows = await connection.fetch(statement, names)
        return {row["name"]: row["setting"] for row in rows}

    held = {
        "lock_timeout": "8000",
        "statement_timeout": "30000",
        "idle_in_transaction_session_timeout": "5000",
    }
    through = await Database.open(pooled(between.port, database))
    try:
        assert await through.transaction(settings) == held
        assert await through.read(settings) == held
        assert {
            row["name"]: row["setting"] for row in await through.fetch(statement, names)
        } == held
        async with through.connection() as connection:
            assert await settings(connection) == dict.fromkeys(names, "0")
    finally:
        await through.close()


async def test_a_schema_is_not_migrated_through_it(between: Server, database: str) -> None:
    ended = await bezant(
        "migrate", LOOPBACK_FLAG, "--owner-url", pooled(between.port, database, OWNER),
        "--database-url", pooled(between.port, database),
    )  # fmt: skip
    assert "leads to a pooler" in ended.refusal
