"""Statements that travel in one round trip answer and write what they would one by one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from bezant.kernel.database import Database, execute_together, fetch_together
from bezant.server.embedded import EmbeddedServers

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

MARKS = "SELECT key, $1 || key AS mark FROM unnest($2::text[]) AS asked (key) ORDER BY key"
TYPES = """
    SELECT $1::uuid AS id, $2::numeric AS amount, $3::timestamptz AS at, NULL::bytea AS sealed,
        ARRAY['a', NULL]::text[] AS names, '{"a": 1}'::jsonb AS terms -- of every type in use
"""
NOTHING = "SELECT 1 AS one WHERE $1::int = 0"

TABLES = """
    CREATE TEMPORARY TABLE sender (id integer PRIMARY KEY, name text);
    CREATE TEMPORARY TABLE letter (
        id integer PRIMARY KEY, sender integer REFERENCES sender, text text)
"""
SENDERS = "INSERT INTO sender (id, name) SELECT $1, unnest($2::text[])"
LETTERS = """
    INSERT INTO letter (id, sender, text) SELECT id, $1, text
    FROM unnest($2::integer[], $3::text[]) AS new (id, text)
"""
DIVIDE = "SELECT $1::integer / $2::integer"
REWRITE = "UPDATE letter SET text = $2 WHERE id = $1"


@pytest.fixture
async def mine(embedded_servers: EmbeddedServers) -> AsyncIterator[Database]:
    """A pool of a role that may make tables."""
    database = await Database.open(embedded_servers.postgres.owner_url)
    yield database
    await database.close()


def counting(connection: "PoolConnectionProxy[asyncpg.Record]") -> list[str]:
    """What the connection sends from now on."""
    sent: list[str] = []
    connection.add_query_logger(lambda record: sent.append(record.query))
    return sent


async def test_each_answers_as_it_would_alone(database: Database) -> None:
    asked: list[tuple[str, tuple[Any, ...]]] = [
        (MARKS, ("#", ["b", "a"])),
        (NOTHING, (1,)),
        (TYPES, (uuid4(), Decimal("1.50"), datetime(2026, 11, 1, tzinfo=UTC))),
        (MARKS, ("$1", [])),
    ]
    async with database.connection() as connection:
        alone = [
            [dict(row) for row in await connection.fetch(statement, *values)]
            for statement, values in asked
        ]
        assert await fetch_together(connection, asked) == alone
        assert alone[0] == [{"key": "a", "mark": "#a"}, {"key": "b", "mark": "#b"}]
        sent = counting(connection)
        assert await fetch_together(connection, asked) == alone
        assert await fetch_together(connection, asked[:1]) == alone[:1]
        assert await fetch_together(connection, []) == []
    assert len([text for text in sent if "pg_catalog" not in text]) == 2


async def test_rows_that_refer_to_each_other_are_written_in_one_statement(
    mine: Database,
) -> None:
    async with mine.connection() as connection, connection.transaction():
        await connection.execute(TABLES)
        sent = counting(connection)
        letters = (LETTERS, (1, [1, 2], ["x", "y"]))
        await execute_together(connection, [letters, (SENDERS, (1, ["Ann"]))])
        assert await connection.fetchval("SELECT count(*) FROM letter JOIN sender s ON TRUE") == 2
        # What changes the same table comes after, and sees it.
        await execute_together(connection, [(REWRITE, (1, "z")), (LETTERS, (1, [3], ["w"]))])
        texts = await connection.fetch("SELECT text FROM letter ORDER BY id")
        assert [row["text"] for row in texts] == ["z", "y", "w"]
        # What changes nothing is carried out all the same.
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with connection.transaction():
                await execute_together(connection, [(REWRITE, (1, "u")), (DIVIDE, (1, 0))])
        await connection.execute("DROP TABLE letter, sender")
    assert len([text for text in sent if "letter" in text]) == 7


@pytest.mark.parametrize(
    ("last", "error"),
    [
        ((LETTERS, (9, [2], ["an unknown sender"])), asyncpg.ForeignKeyViolationError),
        ((LETTERS, (1, [1, 1], ["twice", "twice"])), asyncpg.UniqueViolationError),
    ],
)
async def test_one_that_fails_leaves_nothing_of_the_others(
    mine: Database, last: tuple[str, tuple[object, ...]], error: type[Exception]
) -> None:
    async with mine.connection() as connection, connection.transaction():
        await connection.execute(TABLES)
        with pytest.raises(error) as failed:
            async with connection.transaction():
                await execute_together(connection, [(SENDERS, (1, ["Ann"])), last])
        assert isinstance(failed.value, asyncpg.IntegrityConstraintViolationError)
        assert failed.value.constraint_name in {"letter_pkey", "letter_sender_fkey"}
        assert await connection.fetchval("SELECT count(*) FROM sender") == 0
        await connection.execute("DROP TABLE letter, sender")


@pytest.mark.parametrize("is_reversed", [False, True])
async def test_of_several_that_fail_the_first_is_told_of(
    mine: Database, *, is_reversed: bool
) -> None:
    async with mine.connection() as connection, connection.transaction():
        await connection.execute(TABLES)
        twice = [(SENDERS, (1, ["Ann", "Bob"])), (LETTERS, (1, [1, 1], ["x", "y"]))]
        names = ["sender_pkey", "letter_pkey"]
        if is_reversed:
            twice.reverse()
            names.reverse()
        with pytest.raises(asyncpg.UniqueViolationError) as failed:
            async with connection.transaction():
                await execute_together(connection, twice)
        assert failed.value.constraint_name == names[0]
        await connection.execute("DROP TABLE letter, sender")
