"""Lookups that come at the same time are answered by one statement, each with its own row."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from bezant.kernel.database import Database, Gathering

MARKS = """
    SELECT key, $1::uuid AS tenant, 12 / (key - 13) AS twelfth
    FROM unnest($2::integer[]) AS asked (key) WHERE key > 0
"""
ONE, OTHER = uuid4(), uuid4()


class Counting(Gathering):
    """Notes what was asked for together."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, MARKS)
        self.sent: list[tuple[UUID, list[object]]] = []
        self.are_sent = asyncio.Event()

    async def _answer(self, tenant_id: UUID, asked: Any) -> None:  # noqa: ANN401 - passed on
        self.sent.append((tenant_id, list(asked)))
        self.are_sent.set()
        await super()._answer(tenant_id, asked)


@pytest.fixture
def marks(database: Database) -> Counting:
    """Lookups of numbers."""
    return Counting(database)


async def keys(marks: Gathering, *asked: int, tenant_id: UUID = ONE) -> list[int | None]:
    rows = await asyncio.gather(*(marks.find(tenant_id, key) for key in asked))
    return [None if row is None else row["key"] for row in rows]


async def test_those_that_come_together_are_asked_for_once(marks: Counting) -> None:
    assert await keys(marks, 1, 2, -3, 2) == [1, 2, None, 2]
    assert marks.sent == [(ONE, [1, 2, -3])]


async def test_those_that_come_meanwhile_share_the_next(marks: Counting) -> None:
    first = asyncio.create_task(keys(marks, 1))
    await marks.are_sent.wait()
    others = await asyncio.gather(keys(marks, 2), keys(marks, 1), keys(marks, 3))
    assert [await first, *others] == [[1], [2], [1], [3]]
    assert marks.sent == [(ONE, [1]), (ONE, [2, 1, 3])]


async def test_each_tenant_is_asked_for_by_itself(marks: Counting) -> None:
    await asyncio.gather(keys(marks, 1), keys(marks, 1, tenant_id=OTHER))
    assert sorted(marks.sent) == sorted([(ONE, [1]), (OTHER, [1])])
    row = await marks.find(OTHER, 4)
    assert row is not None
    assert row["tenant"] == OTHER


async def test_who_goes_away_takes_nothing_from_the_others(marks: Counting) -> None:
    gone = asyncio.create_task(keys(marks, 5))
    stays = asyncio.create_task(keys(marks, 5))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == [5]
    assert gone.cancelled()


async def test_an_error_is_told_to_all_who_asked_and_to_nobody_else(marks: Counting) -> None:
    failed = await asyncio.gather(keys(marks, 13), keys(marks, 1), return_exceptions=True)
    assert [type(each) for each in failed] == [asyncpg.DivisionByZeroError] * 2
    assert await keys(marks, 1) == [1]
