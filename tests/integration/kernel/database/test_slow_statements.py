"""Statements that take too long are logged and counted, by their text alone."""

import asyncio
import re
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from bezant.kernel.database import Database
from bezant.kernel.telemetry import metrics

THRESHOLD_MS = 50

SLEEP = """
    SELECT pg_sleep($1::int / 1000.0),
        $2::text
"""

Event = MutableMapping[str, Any]


@pytest.fixture(scope="module")
async def impatient(app_url: str) -> AsyncIterator[Database]:
    """A pool for which 50 ms are long."""
    database = await Database.open(app_url, slow_statement_ms=THRESHOLD_MS)
    yield database
    await database.close()


def counted() -> float:
    found = re.search(
        r"^bezant_db_slow_statements_total (\S+)$", metrics.render().decode(), re.MULTILINE
    )
    return float(found[1]) if found else 0.0


async def slow_statements(database: Database, statement: str, *values: object) -> list[Event]:
    """What was logged of slow statements by the time the statement's result was there."""
    with capture_logs() as events:
        with suppress(asyncpg.PostgresError):  # its failure is what the log has to tell
            await database.fetch(statement, *values)
        # The driver tells its loggers in the loop's next round.
        await asyncio.sleep(0)
    return [event for event in events if event["event"] == "slow_statement"]


async def test_a_slow_statement_is_logged_with_its_text_and_time_and_counted(
    impatient: Database,
) -> None:
    before = counted()
    [event] = await slow_statements(impatient, SLEEP, 80, "ES9121000418450200051332")
    assert event["statement"] == "SELECT pg_sleep($1::int / 1000.0), $2::text"
    assert 80 <= event["elapsed_ms"] < 5_000
    assert (event["failed"], event["log_level"]) == (False, "warning")
    assert counted() == before + 1


async def test_a_fast_statement_is_neither_logged_nor_counted(impatient: Database) -> None:
    before = counted()
    assert await slow_statements(impatient, "SELECT $1::text", "quick") == []
    assert counted() == before


async def test_a_slow_statement_that_fails_is_logged_as_failed_without_the_servers_message(
    impatient: Database,
) -> None:
    # The server's message quotes the value: invalid input syntax for type date: "ES91…".
    failing = "SELECT $2::text::date FROM pg_sleep($1::int / 1000.0)"
    [event] = await slow_statements(impatient, failing, 80, "ES9121000418450200051332")
    assert event["failed"] is True
    assert "ES91" not in repr(event)


async def test_no_value_is_logged(impatient: Database) -> None:
    [event] = await slow_statements(impatient, SLEEP, 80, "ES9121000418450200051332")
    assert "ES91" not in repr(event)
    assert set(event) == {"event", "log_level", "statement", "elapsed_ms", "failed"}


async def test_statements_of_transactions_are_looked_at_as_well(impatient: Database) -> None:
    with capture_logs() as events:
        await impatient.transaction(lambda connection: connection.execute(SLEEP, 80, "x"))
        await asyncio.sleep(0)
    assert [event["event"] for event in events] == ["slow_statement"]
