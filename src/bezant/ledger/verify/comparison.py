"""Comparing what is stored of limit groups and holds with what follows from history."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.ledger.lane import limit_group_of
from bezant.ledger.verify import store
from bezant.ledger.verify.findings import Kind
from bezant.ledger.verify.replay import Replay

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_PREFETCH: Final = 5_000


async def compare_limit_groups(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    """The sums and terms of every limit group."""
    seen = set()
    async for row in connection.cursor(
        store.WALK_LIMIT_GROUPS, tenant_id, replay.book_id, prefetch=_PREFETCH
    ):
        stored, found = limit_group_of(row), replay.limit_groups.get(row["group_id"])
        seen.add(stored.id)
        if stored != found:
            replay.find(
                Kind.LIMIT_GROUP,
                f"limit group {stored.id}",
                f"stored {stored}; history gives {found or 'no such group'}",
            )
    for group_id in replay.limit_groups.keys() - seen:
        replay.find(Kind.LIMIT_GROUP, f"limit group {group_id}", "opened, but not stored")


async def compare_holds(connection: "Connection", tenant_id: UUID, replay: Replay) -> None:
    """The terms and the state of every hold, and that no hold event stands beside no leg."""
    seen = set()
    holds = replay.holds.holds
    async for row in connection.cursor(
        store.WALK_HOLDS, tenant_id, replay.book_id, prefetch=_PREFETCH
    ):
        found = holds.get(row["hold_id"])
        seen.add(row["hold_id"])
        stored = (
            row["group_id"],
            row["transaction_id"],
            row["seq"],
            _name(replay, row["debit_no"]),
            _name(replay, row["credit_no"]),
            int(row["amount"]),
            int(row["captured"]),
            row["state"],
            row["code"],
            row["closes"],
            row["expires_at"],
        )
        given = found and (
            found.group_id,
            found.transaction_id,
            found.seq,
            found.debit,
            found.credit,
            found.amount,
            found.captured,
            found.state,
            found.code,
            found.closes,
            found.expires_at,
        )
        if stored != given:
            replay.find(
                Kind.HOLD,
                f"hold {row['hold_id']}",
                f"stored {stored}; history gives {given or 'no such hold'}",
            )
    for hold_id in holds.keys() - seen:
        replay.find(Kind.HOLD, f"hold {hold_id}", "reserved, but not stored")
    counted = await connection.fetchrow(store.COUNT_HOLD_EVENTS, tenant_id, replay.book_id)
    assert counted is not None
    if counted["events"] != replay.holds.events:
        replay.find(
            Kind.HOLD_BROKEN,
            "hold events",
            f"{counted['events']} stored; {replay.holds.events} legs are part of a hold",
        )


def _name(replay: Replay, account_no: int) -> str | None:
    account = replay.accounts.get(account_no)
    return None if account is None else account.id
