"""Rows that travel with a commit, written in sets: one statement per kind, kinds together."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bezant.kernel.database.together import Asked, execute_together

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class RowKind:
    """A kind of row and the statement that writes a set of them.

    Attributes:
        name: the table, for messages.
        statement: takes the tenant as `$1` and one array per column from `$2` on. It changes one
            table, and reads no other.
        key_columns: how many leading values make a row's key, of which the last row of a commit
            counts: what several riders change one after the other is written once. None where every
            row is written.
    """

    name: str
    statement: str
    key_columns: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row to write: its kind and its values, in the order of the statement's arrays."""

    kind: RowKind
    values: tuple[Any, ...]


async def write_rows(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID, rows: Iterable[Row]
) -> None:
    """Write rows of one tenant, grouped by kind."""
    await execute_together(connection, statements_of(tenant_id, rows))


def statements_of(tenant_id: UUID, rows: Iterable[Row]) -> list[Asked]:
    """What writes rows of one tenant: a statement per kind, in the order of their first row."""
    groups: dict[RowKind, list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault(row.kind, []).append(row.values)
    return [
        (kind.statement, [tenant_id, *map(list, zip(*_last(kind, every), strict=True))])
        for kind, every in groups.items()
    ]


def _last(kind: RowKind, every: list[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    """Of rows with the same key the last; all rows of a kind without."""
    columns = kind.key_columns
    return every if columns is None else {row[:columns]: row for row in every}.values()
