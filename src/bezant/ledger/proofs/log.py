"""A book's log as it is stored: its head, and the hash of any part, without reading it all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from uuid import UUID

from bezant.kernel.database import BEGIN_BY_KEY, Database
from bezant.ledger.errors import BookNotFound
from bezant.ledger.proof import FANOUT, Node, Span, leaf_hash, merkle_root, nodes_of, root_of
from bezant.ledger.proofs import store

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_NODES_AT_ONCE: Final = 64
"""Nodes that are made in one commit: of the lowest level, from 16,384 batches."""


class LogBroken(Exception):  # noqa: N818 - what is broken is the log
    """The log has a hole, or is not the tree that its head says. `bezant verify` tells where."""


class Source(Protocol):
    """Where rows are read: the database, or one snapshot of it."""

    async def fetch(self, statement: str, /, *values: object) -> "list[asyncpg.Record]":
        """The rows of one reading statement."""
        ...

    async def fetchrow(self, statement: str, /, *values: object) -> "asyncpg.Record | None":
        """The first row of one reading statement, or None."""
        ...


class Head(NamedTuple):
    """Where a book's log ends.

    Attributes:
        seq: the last number of the feed.
        size: of the log, in batches.
    """

    seq: int
    size: int
    root: bytes


class Batch(NamedTuple):
    """A batch, and the numbers of the feed that it holds."""

    no: int
    first_seq: int
    last_seq: int
    root: bytes


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads a book's log.

    A proof over n batches needs at most 510 hashes for each of the log_256(n) stored levels, in one
    read a level: for a million batches three reads of some 1,500 rows. Nodes that nobody has stored
    yet are made from those below, so that a proof does not depend on them.
    """

    source: Source
    tenant_id: UUID
    book_id: UUID

    async def head(self) -> Head:
        """Where it ends.

        Raises:
            BookNotFound: the tenant has no such book.
        """
        row = await self.source.fetchrow(store.FIND_HEAD, self.tenant_id, self.book_id)
        if row is None:
            raise BookNotFound(f"No book {self.book_id}.")
        return Head(row["seq"], row["log_size"], row["root"])

    async def root_at(self, size: int) -> bytes:
        """The root that the log had at a size that it has had."""
        [root] = await self.roots_of([Span(0, size)])
        return root

    async def roots_of(self, spans: Sequence[Span]) -> list[bytes]:
        """The hashes of parts of the log.

        Raises:
            LogBroken: a batch is not there.
        """
        hashes = await self._hashes(nodes_of(spans))
        return [root_of(span, hashes) for span in spans]

    async def batch_of(self, seq: int, size: int) -> Batch:
        """The batch that holds a number of the feed, among the first `size`.

        The numbers of batches rise, so a few hundred of them at a time say between which it is.

        Raises:
            LogBroken: none does.
        """
        first, end = 0, size
        while first < end:
            step = max(1, (end - first) // FANOUT)
            found = await self._batches(range(first, end, step))
            for batch in found:
                if batch.first_seq <= seq <= batch.last_seq:
                    return batch
            before = [batch.no for batch in found if batch.last_seq < seq]
            after = [batch.no for batch in found if batch.first_seq > seq]
            first, end = max(before, default=first - 1) + 1, min(after, default=end)
        raise LogBroken(f"in book {self.book_id}, no batch holds seq {seq}")

    async def _batches(self, numbers: Collection[int]) -> list[Batch]:
        rows = await self.source.fetch(
            store.FIND_BATCHES, self.tenant_id, self.book_id, list(numbers)
        )
        if len(rows) != len(numbers):
            raise LogBroken(f"in book {self.book_id}, of {len(numbers)} batches {len(rows)} stand")
        return [Batch(*row.values()) for row in rows]

    async def _hashes(self, nodes: Collection[Node]) -> dict[Node, bytes]:
        """The hashes of nodes, each level in one read, and of those not stored from below."""
        found: dict[Node, bytes] = {}
        for level in sorted({node.level for node in nodes}):
            numbers = [node.no for node in nodes if node.level == level]
            if level == 0:
                for batch in await self._batches(numbers):
                    found[Node(0, batch.no)] = leaf_hash(batch.root)
                continue
            for row in await self.source.fetch(
                store.FIND_NODES, self.tenant_id, self.book_id, level, numbers
            ):
                found[Node(level, row["node_no"])] = row["hash"]
        for node in nodes:
            if node not in found:
                children = node.children()
                below = await self._hashes(children)
                found[node] = merkle_root([below[child] for child in children])
        return found


async def store_nodes(database: Database, tenant_id: UUID, book_id: UUID, size: int) -> None:
    """Add the nodes that a log of a size has completed; what is there already stays.

    Raises:
        LogBroken: a batch is not there.
        Unavailable: some of them may not have been added; a repeat is safe.
    """
    key = tenant_id, book_id
    reader = LogReader(database, *key)
    rows = await database.fetch(store.FIND_LAST_NODES, *key)
    stored = {row["level"]: row["node_no"] + 1 for row in rows}
    level, complete = 1, size // FANOUT
    while complete:
        for first in range(stored.get(level, 0), complete, _NODES_AT_ONCE):
            last = min(first + _NODES_AT_ONCE, complete)
            hashes = await _made(database, reader, level, range(first, last))
            await _add(database, key, level, hashes)
        level, complete = level + 1, complete // FANOUT


async def _made(
    database: Database, reader: LogReader, level: int, numbers: range
) -> dict[int, bytes]:
    """The hashes of nodes of one level, made from the level below."""
    key = reader.tenant_id, reader.book_id
    first, end = numbers.start * FANOUT, numbers.stop * FANOUT
    if level == 1:
        rows = await database.fetch(store.FIND_ROOTS, *key, first, end)
        below = {row["batch_no"]: leaf_hash(row["root"]) for row in rows}
    else:
        rows = await database.fetch(store.FIND_NODES, *key, level - 1, list(range(first, end)))
        below = {row["node_no"]: row["hash"] for row in rows}
    if len(below) != end - first:
        raise LogBroken(f"in book {reader.book_id}, of {end - first} hashes {len(below)} stand")
    return {
        no: merkle_root([below[child.no] for child in Node(level, no).children()]) for no in numbers
    }


async def _add(
    database: Database, key: tuple[UUID, UUID], level: int, hashes: dict[int, bytes]
) -> None:
    async def work(connection: "Connection") -> None:
        await connection.execute(
            store.INSERT_NODES, *key, level, list(hashes), list(hashes.values())
        )

    await database.transaction(work, begin=BEGIN_BY_KEY)
