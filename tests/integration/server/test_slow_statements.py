"""Slow statements are counted and logged, without their values."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from structlog.testing import capture_logs

from bezant.kernel.database import Database
from bezant.kernel.telemetry import SLOW_STATEMENTS
from bezant.server import slow_statements as under_test
from bezant.server.embedded import EmbeddedServers
from bezant.server.slow_statements import watch_statements


def counted() -> float:
    [metric] = SLOW_STATEMENTS.collect()
    return metric.samples[0].value


@pytest.fixture
async def database(
    embedded_servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    monkeypatch.setattr(Database, "on_connect", [watch_statements])
    database = await Database.open(embedded_servers.postgres.app_url)
    yield database
    await database.close()


async def test_a_slow_statement_is_counted_and_logged_without_its_values(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "SLOW_S", 0.1)
    before = counted()
    with capture_logs() as events:
        # Not the first of its connection, which is the same after it was given back.
        await database.fetch("SELECT $1::text", "Jane Doe")
        await database.fetch("SELECT pg_sleep($1),\n    $2::text", 0.15, "Jane Doe")
    [event] = events
    assert event["event"] == "slow_statement"
    assert event["statement"] == "SELECT pg_sleep($1), $2::text"
    assert 0.15 <= event["elapsed_s"] < 5
    assert "Jane" not in str(events)
    assert counted() == before + 1


async def test_a_slow_statement_that_fails_is_logged_by_the_kind_of_its_error(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_test, "SLOW_S", 0.0)
    with capture_logs() as events, pytest.raises(asyncpg.PostgresError):
        await database.fetch("SELECT $1::text::integer", "Jane Doe")
    assert events[-1]["error"] == "InvalidTextRepresentationError"
    assert "Jane" not in str(events)
