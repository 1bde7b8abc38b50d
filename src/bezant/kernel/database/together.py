"""Several statements in one round trip.

A statement costs the server a fraction of a millisecond, and whoever sends it a turn of a busy
event loop. So statements that need nothing of each other travel as one.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

Asked = tuple[str, Sequence[object]]
"""A statement and its values."""

_PARAMETER: Final = re.compile(r"\$(\d+)")
_TARGET: Final = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")

# Combinations that come again and again: kinds of rows that travel together.
_COMBINATIONS_MAX: Final = 1_000


async def fetch_together(
    connection: "Connection", asked: Sequence[Asked]
) -> list[list[dict[str, Any]]]:
    """The rows of each of several reading statements, by the names of their columns.

    All read the same snapshot, as they would one after the other in a transaction above READ
    COMMITTED.
    """
    if len(asked) < 2:  # noqa: PLR2004 - there is nothing to put together
        return [
            [dict(row) for row in await connection.fetch(statement, *values)]
            for statement, values in asked
        ]
    names = [await _columns(connection, statement) for statement, _ in asked]
    combined = _reading(tuple((statement, len(values)) for statement, values in asked))
    found = await connection.fetchrow(combined, *_values(asked))
    assert found is not None
    return [
        [dict(zip(columns, row, strict=True)) for row in rows]
        for columns, rows in zip(names, found.values(), strict=True)
    ]


async def execute_together(connection: "Connection", asked: Sequence[Asked]) -> None:
    """Carry out writing statements, each of which changes one table by its values alone.

    What changes a table that an earlier one changes comes in a round trip after it: parts of one
    statement do not see each other's rows. Foreign keys between them are checked at its end.
    """
    for group in _apart(asked):
        if len(group) == 1:
            statement, values = group[0]
            await connection.execute(statement, *values)
        elif group:
            combined = _writing(tuple((statement, len(values)) for statement, values in group))
            await connection.execute(combined, *_values(group))


def _apart(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """Groups, in order, in each of which no table comes twice."""
    group: list[Asked] = []
    tables: set[str | None] = set()
    for each in asked:
        table = _target(each[0])
        # What changes nothing would not be carried out as a part of another statement.
        if table in tables or table is None or None in tables:
            yield group
            group, tables = [], set()
        group.append(each)
        tables.add(table)
    yield group


@lru_cache(_COMBINATIONS_MAX)
def _target(statement: str) -> str | None:
    """The table that a statement changes."""
    found = _TARGET.match(statement)
    return None if found is None else found[1]


@lru_cache(_COMBINATIONS_MAX)
def _reading(statements: tuple[tuple[str, int], ...]) -> str:
    parts = (
        f"ARRAY(SELECT read_{no} FROM ({text}) AS read_{no})"  # noqa: S608 - texts of stores
        for no, text in enumerate(_numbered(statements), 1)
    )
    return f"SELECT {', '.join(parts)}"


@lru_cache(_COMBINATIONS_MAX)
def _writing(statements: tuple[tuple[str, int], ...]) -> str:
    parts = [f"written_{no} AS ({text})" for no, text in enumerate(_numbered(statements), 1)]
    # PostgreSQL carries out the last part first. What fails first tells what it was, so the parts
    # come in the order in which they would be sent one by one, from its point of view.
    return f"WITH {', '.join(reversed(parts))} SELECT 1"


def _numbered(statements: Sequence[tuple[str, int]]) -> Iterator[str]:
    """The statements, with parameters that follow on those of the ones before."""
    before = 0
    for text, parameters in statements:
        yield _PARAMETER.sub(lambda found, by=before: f"${by + int(found[1])}", text)  # type: ignore[misc]
        before += parameters


def _values(asked: Sequence[Asked]) -> Iterator[object]:
    for _, values in asked:
        yield from values


# A pooler knows no named statements.
_UNNAMED: Final = ""

_known_columns: dict[str, tuple[str, ...]] = {}


async def _columns(connection: "Connection", statement: str) -> tuple[str, ...]:
    """The names of a statement's columns, asked for once: rows within rows come without."""
    if statement not in _known_columns:
        prepared = await connection.prepare(statement, name=_UNNAMED)
        _known_columns[statement] = tuple(each.name for each in prepared.get_attributes())
    return _known_columns[statement]
