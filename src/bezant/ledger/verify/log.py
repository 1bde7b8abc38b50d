"""Comparing what is stored of a book's log, and of the book itself, with what follows."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.ledger.proof import Node, terms_hash
from bezant.ledger.verify import store
from bezant.ledger.verify.findings import Kind
from bezant.ledger.verify.replay import Replay

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PREFETCH: Final = 5_000


async def compare_nodes(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    """The log's stored nodes. They are stored when somebody comes by, so some may lack."""
    async for row in connection.cursor(
        store.WALK_LOG_NODES, tenant_id, replay.book_id, prefetch=_PREFETCH
    ):
        found = replay.nodes.get(Node(row["level"], row["node_no"]))
        if found != row["hash"]:
            replay.find(
                Kind.LOG_NODE,
                f"node {row['node_no']} of level {row['level']}",
                f"stored {row['hash'].hex()}; history gives {found.hex() if found else 'none'}",
            )


async def compare_terms(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    """The book's name, zone and assets, which no leaf tells of."""
    row = await connection.fetchrow(store.FIND_BOOK, tenant_id, replay.book_id)
    if row is None:
        return  # it has no lane either, which was told
    assets = await connection.fetch(store.FIND_ASSETS, tenant_id, replay.book_id)
    replay.compare_terms(
        terms_hash(
            replay.book_id,
            row["name"],
            row["time_zone"],
            {asset["code"]: asset["scale"] for asset in assets},
            row["created_at"],
        )
    )
