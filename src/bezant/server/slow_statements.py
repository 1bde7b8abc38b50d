"""The log of slow statements: what the database took long for, without the values it was for."""

from typing import Final

import asyncpg
import structlog

from bezant.kernel.telemetry import SLOW_STATEMENTS

SLOW_S: Final = 0.25
"""Above it, a statement is slow: a hundred times what those of a posting take."""

log = structlog.get_logger("bezant.database")


async def watch_statements(connection: asyncpg.Connection) -> None:
    """Count and log the slow statements of a connection; for `Database.on_connect`."""
    connection.add_query_logger(_look)


def _look(record: asyncpg.connection.LoggedQuery) -> None:
    if record.elapsed < SLOW_S:
        return
    SLOW_STATEMENTS.inc()
    # Never `record.args`, which may be personal: the text has placeholders where they were.
    statement = " ".join(record.query.split())
    error = None if record.exception is None else type(record.exception).__name__
    log.warning(
        "slow_statement", statement=statement, elapsed_s=round(record.elapsed, 6), error=error
    )
