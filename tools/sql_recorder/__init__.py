"""Record the statements that the driver sends, in a test run and in the processes that it starts.

`tools.sql_linter.executed` compares the record with the source.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

FOLDER_VARIABLE: Final = "SQL_RECORD_FOLDER"
"""Names the folder that the processes of a run leave their records in."""


class Record:
    """Distinct statements that were sent, and whether the server carried each out.

    Each is written down when it is first seen, so that a test may kill the process.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{os.getpid()}.jsonl"
        self._seen: set[tuple[str, bool]] = set()

    def add(self, sql: str, *, is_done: bool) -> None:
        """Take a statement."""
        if (sql, is_done) not in self._seen:
            self._seen.add((sql, is_done))
            with self._path.open("a") as file:
                file.write(json.dumps([sql, is_done]) + "\n")

    def add_logged(self, query: "LoggedQuery") -> None:
        """Take a statement from the driver's log of queries."""
        self.add(query.query, is_done=query.exception is None)


@contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Record what this process sends on the connections that it opens meanwhile, pooled or not."""
    # Imported late: a process may import this first, and records from the driver's import on.
    import asyncpg  # noqa: PLC0415

    record = Record(folder)
    connect: Callable[..., None] = asyncpg.Connection.__init__
    cursor: Callable[..., object] = asyncpg.Connection.cursor

    def recorded_connect(connection: asyncpg.Connection, *values: object, **named: object) -> None:
        connect(connection, *values, **named)
        connection.add_query_logger(record.add_logged)

    # The driver's log leaves cursors out.
    def recorded_cursor(
        connection: asyncpg.Connection, query: str, *values: object, **named: object
    ) -> object:
        record.add(query, is_done=True)
        return cursor(connection, query, *values, **named)

    with (
        patch.object(asyncpg.Connection, "__init__", recorded_connect),
        patch.object(asyncpg.Connection, "cursor", recorded_cursor),
    ):
        yield


def read_records(folder: Path) -> dict[str, bool]:
    """The statements of every process that recorded into a folder: whether any carried it out."""
    found: dict[str, bool] = {}
    for path in folder.glob("*.jsonl"):
        # A process that was killed may have left half a line at the end.
        for line in path.read_text().splitlines():
            if line.endswith("]"):
                sql, is_done = json.loads(line)
                found[sql] = found.get(sql, False) or is_done
    return found
