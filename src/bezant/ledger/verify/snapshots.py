"""Comparing the snapshots of the past with what follows from history.

They are laid out anew from the legs, apart from the statements that wrote them.
"""

from collections.abc import Sequence
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.ledger.domain import Kind as LegKind
from bezant.ledger.history import Axis, Sums
from bezant.ledger.history.blocks import Chunk, Leg, chunks_of
from bezant.ledger.verify import store
from bezant.ledger.verify.findings import Kind
from bezant.ledger.verify.replay import Replay

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


async def compare_snapshots(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    """Every block: where it begins and ends, and what each of its chunks holds."""
    blocks = await connection.fetch(store.WALK_HISTORY_BLOCKS, tenant_id, replay.book_id)
    for account_no, of_account in groupby(blocks, key=lambda block: block["account_no"]):
        account = replay.accounts.get(account_no)
        name = f"account {account.id}" if account else f"account number {account_no}"
        # How many legs there are up to each end of a block of level 0. Blocks of higher levels,
        # which come after them, begin and end where these do.
        ends, end = {0: 0}, 0
        for block in of_account:
            place = f"snapshot of {name}, level {block['level']}, after seq {block['after_seq']}"
            legs = await _legs(connection, tenant_id, replay.book_id, block)
            if block["level"] == 0:
                ends[block["last_seq"]] = ends[end] + len(legs)
                is_in_place = block["after_seq"] == end
                end = block["last_seq"]
            else:
                is_in_place = block["after_seq"] in ends
            if not is_in_place or block["through"] != ends.get(block["last_seq"]):
                replay.find(
                    Kind.SNAPSHOT,
                    place,
                    f"ends with seq {block['last_seq']} and leg {block['through']};"
                    f" history has {ends.get(block['last_seq'], 'no block')} there",
                )
            for axis in Axis:
                stored = await connection.fetch(
                    store.WALK_CHUNKS_OF_BLOCK,
                    tenant_id,
                    replay.book_id,
                    account_no,
                    block["after_seq"],
                    block["level"],
                    axis,
                )
                chunks = chunks_of(legs, axis, block["chunk_legs"])
                _compare(replay, f"{place}, {axis} axis", stored, chunks)


def _compare(
    replay: Replay, place: str, rows: "Sequence[asyncpg.Record]", chunks: Sequence[Chunk]
) -> None:
    for number, (row, chunk) in enumerate(zip_longest(rows, chunks)):
        if row is None or chunk is None or _stored(row) != (chunk.first, chunk):
            replay.find(
                Kind.SNAPSHOT,
                f"{place}, chunk {number}",
                "stored, but history has no such legs"
                if chunk is None
                else f"history gives {len(chunk.seqs)} legs from seq {chunk.seqs[0]} on"
                f" and {chunk.before} before; {'nothing' if row is None else 'others are'} stored",
            )
            return  # those after it differ for the same reason


def _stored(row: "asyncpg.Record") -> tuple[object, Chunk]:
    before = Sums(
        int(row["debits_posted_before"]),
        int(row["credits_posted_before"]),
        int(row["debits_pending_before"]),
        int(row["credits_pending_before"]),
        row["legs_before"],
    )
    columns = (row[name] for name in ("ats", "seqs", "legs", "are_debits", "posted", "pending"))
    return (row["first_at"], row["first_seq"], row["first_leg"]), Chunk(before, *columns)


async def _legs(
    connection: "Connection", tenant_id: UUID, book_id: UUID, block: "asyncpg.Record"
) -> list[Leg]:
    rows = await connection.fetch(
        store.FIND_LEGS_OF_BLOCK,
        tenant_id,
        book_id,
        block["account_no"],
        block["after_seq"],
        block["last_seq"],
    )
    return [
        Leg(
            row["seq"],
            row["leg"],
            row["is_debit"],
            LegKind(row["kind"]),
            int(row["amount"]),
            row["effective_at"],
            row["booking_date"],
            row["value_date"],
        )
        for row in rows
    ]
