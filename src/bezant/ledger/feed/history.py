"""Reading history by its numbers: whole, in order, and without holes, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from bezant.ledger.feed import store

if TYPE_CHECKING:
    import asyncpg

LEGS_MAX: Final = 10_000
"""Legs of one read. A transaction has fewer, so that every read holds at least one number whole."""


class Row(Protocol):
    """A row, by the names of its columns: the driver's, or a mapping."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401 - as the column is


class FeedBroken(Exception):  # noqa: N818 - what is broken is the feed
    """History has a hole: numbers were given whose rows are not there. `bezant verify` tells."""


class Source(Protocol):
    """Where rows are read: the database, or one snapshot of it."""

    async def fetch(self, statement: str, /, *values: object) -> "list[asyncpg.Record]":
        """The rows of one reading statement."""
        ...

    async def fetchrow(self, statement: str, /, *values: object) -> "asyncpg.Record | None":
        """The first row of one reading statement, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Numbered:
    """What stands under one number: a transaction, or an event of something else that has terms.

    Attributes:
        legs: of the transaction.
        holds: those that legs are part of, by the number of the leg.
        reversals: what legs take back, by the number of the leg.
    """

    seq: int
    legs: Sequence[Row] = ()
    holds: Mapping[int, Row] = field(default_factory=dict)
    account_event: Row | None = None
    limit_group_event: Row | None = None
    period_event: Row | None = None
    reversals: Mapping[int, Row] = field(default_factory=dict)


async def find_head(source: Source, tenant_id: UUID, book_id: UUID) -> int | None:
    """The last number that a book has given; None where there is no such book.

    What stands up to it was committed with it or before, and never changes: reads that follow need
    no snapshot to see all of it.
    """
    row = await source.fetchrow(store.FIND_HEAD, tenant_id, book_id)
    return None if row is None else row["seq"]


async def find_heads(source: Source, tenant_id: UUID) -> dict[UUID, int]:
    """The last number that each of a tenant's books has given."""
    rows = await source.fetch(store.FIND_HEADS, tenant_id)
    return {row["book_id"]: row["seq"] for row in rows}


async def read_history(
    source: Source, tenant_id: UUID, book_id: UUID, after: int, last: int
) -> list[Numbered]:
    """What stands under the numbers `after` + 1 to `last`, or under the first of them.

    Args:
        source: where.
        tenant_id: whose.
        book_id: of which book.
        after: the number before the first.
        last: at most the book's head.

    Raises:
        FeedBroken: a number is missing, or is there twice.
    """
    legs = await source.fetch(store.FIND_LEGS, tenant_id, book_id, after, last, LEGS_MAX + 1)
    if len(legs) > LEGS_MAX:
        # The last transaction may be cut; its number begins the next read.
        last = legs[-1]["seq"] - 1
    bounds = tenant_id, book_id, after, last
    holds = _grouped(await source.fetch(store.FIND_HOLD_EVENTS, *bounds), last)
    reversals = _grouped(await source.fetch(store.FIND_REVERSALS, *bounds), last)
    found = [
        Numbered(
            seq,
            of_seq,
            _by_leg(holds.pop(seq, ())),
            reversals=_by_leg(reversals.pop(seq, ())),
        )
        for seq, of_seq in _grouped(legs, last).items()
    ]
    found += [
        Numbered(event["seq"], account_event=event)
        for event in await source.fetch(store.FIND_ACCOUNT_EVENTS, *bounds)
    ]
    found += [
        Numbered(event["seq"], limit_group_event=event)
        for event in await source.fetch(store.FIND_LIMIT_GROUP_EVENTS, *bounds)
    ]
    found += [
        Numbered(event["seq"], period_event=event)
        for event in await source.fetch(store.FIND_PERIOD_EVENTS, *bounds)
    ]
    found.sort(key=lambda numbered: numbered.seq)
    _check(found, range(after + 1, last + 1), book_id)
    return found


def _check(found: Sequence[Numbered], expected: range, book_id: UUID) -> None:
    """Every number stands once, and every transaction has its legs and no others."""
    for numbered, seq in zip_longest(found, expected):
        if numbered is None or seq is None or numbered.seq != seq:
            there = "the end" if numbered is None else f"seq {numbered.seq}"
            raise FeedBroken(f"in book {book_id}, {there} stands where seq {seq} should")
        legs = [leg["leg"] for leg in numbered.legs]
        if legs != list(range(len(legs))):
            raise FeedBroken(f"in book {book_id}, seq {seq} has legs {legs}")


def _by_leg(rows: Sequence[Row]) -> dict[int, Row]:
    return {row["leg"]: row for row in rows}


def _grouped(rows: Sequence[Row], last: int) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        if row["seq"] <= last:
            groups.setdefault(row["seq"], []).append(row)
    return groups
