"""Writing a batch: history, balances and the lane's head, in the caller's transaction."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.database import Row, execute_together, statements_of
from bezant.ledger.domain import Account, Hold, LimitGroup
from bezant.ledger.lane import store
from bezant.ledger.lane.book import Head
from bezant.ledger.lane.columns import (
    Columns,
    account_columns,
    account_event_columns,
    balance_columns,
    columns_of,
    hold_columns,
    limit_group_columns,
    limit_group_event_columns,
    transfer_columns,
)
from bezant.ledger.lane.draft import Draft, UndoGroup, UndoHold

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LEASE: Final = timedelta(seconds=2)
"""How long after its last batch a holder that cannot be reached keeps its lane."""

_ROWS_AT_ONCE: Final = 5_000


class LaneLost(Exception):  # noqa: N818 - a turn of events, not a fault: the items go to the new holder
    """Another process holds the lane, or this one cannot tell: what it had in memory is void."""


@dataclass(frozen=True, slots=True)
class Writes:
    """A draft as statements with their values: what it says no longer changes with the book.

    Attributes:
        head: the book's once they are durable.
        advance: values of the compare-and-set.
        sets: the other statements, in their order.
    """

    head: Head
    advance: tuple[object, ...]
    sets: list[tuple[str, list[object]]]


async def write_draft(connection: "Connection", draft: Draft) -> None:
    """Write all of a draft.

    Raises:
        LaneLost: the book's epoch or version moved on; the transaction must not commit.
    """
    await write(connection, await plan(draft))


async def plan(draft: Draft) -> Writes:
    """The statements that write a draft; others get their turn while it is worked out."""
    key = draft.book.tenant_id, draft.book.book_id
    draft.book.watch.expect(draft)
    known = draft.head.accounts
    root = draft.root
    head = draft.next_head(root)
    totalled: dict[int, Account] = {}
    termed: dict[int, Account] = {}
    for account, totals, terms in draft.journal:
        is_new = account.no > known
        if totals is not None or is_new:
            totalled[account.no] = account
        if terms is not None or is_new:
            termed[account.no] = account
    sets: list[tuple[str, list[object]]] = []
    if root is not None:
        batch = [draft.head.log.size, draft.head.seq + 1, head.seq, root]
        sets.append((store.INSERT_BATCH, [*key, *batch]))
    groups = {undo.group.id: undo.group for undo in draft.others if isinstance(undo, UndoGroup)}
    holds = {undo.hold.id: undo.hold for undo in draft.others if isinstance(undo, UndoHold)}
    columns: tuple[tuple[str, Callable[[], Columns]], ...] = (
        (store.SAVE_ACCOUNTS, lambda: account_columns(termed.values())),
        (store.SAVE_BALANCES, lambda: balance_columns(totalled.values())),
        (store.INSERT_ACCOUNT_EVENTS, lambda: account_event_columns(draft.events)),
        (store.SAVE_LIMIT_GROUPS, lambda: limit_group_columns(groups.values())),
        (store.INSERT_LIMIT_GROUP_EVENTS, lambda: limit_group_event_columns(draft.group_events)),
        (store.SAVE_HOLDS, lambda: hold_columns(holds.values(), draft.book.accounts)),
        (store.INSERT_HOLD_EVENTS, lambda: columns_of(draft.hold_events)),
        (store.INSERT_PERIOD_EVENTS, lambda: columns_of(draft.period_events)),
        (store.INSERT_REVERSALS, lambda: columns_of(draft.reversals)),
        (store.INSERT_REFUSED, lambda: columns_of(draft.refused)),
        (store.INSERT_CONTENTS, lambda: columns_of(draft.contents)),
        (store.INSERT_TRANSFERS, lambda: transfer_columns(draft.transfers)),
    )
    for statement, work_out in columns:
        if values := work_out():
            sets.append((statement, [*key, *values]))
            await asyncio.sleep(0)
    return Writes(head, _advance(draft, head), sets)


async def write(connection: "Connection", writes: Writes, rows: Iterable[Row] = ()) -> None:
    """Write what was planned, and rows of other domains that travel with it.

    Raises:
        LaneLost: the book's epoch or version moved on; the transaction must not commit.
    """
    if await connection.execute(store.ADVANCE, *writes.advance) != "UPDATE 1":
        raise LaneLost(f"epoch {writes.head.epoch}, before version {writes.head.version}")
    tenant_id = writes.advance[0]
    assert isinstance(tenant_id, UUID)
    await execute_together(connection, [*writes.sets, *statements_of(tenant_id, rows)])


async def write_present(
    connection: "Connection",
    key: tuple[UUID, UUID],
    accounts: Mapping[str, Account],
    groups: Iterable[LimitGroup],
    holds: Iterable[Hold],
) -> None:
    """Write what a book is at present, as its history makes it, where nothing of it stands yet.

    Args:
        connection: within a transaction.
        key: tenant and book.
        accounts: by id; all of them, since holds name them.
        groups: its limit groups.
        holds: its holds, settled ones too.
    """
    opened = iter(accounts.values())
    while some := list(islice(opened, _ROWS_AT_ONCE)):
        await connection.execute(store.SAVE_ACCOUNTS, *key, *account_columns(some))
        await connection.execute(store.SAVE_BALANCES, *key, *balance_columns(some))
    if joint := limit_group_columns(groups):
        await connection.execute(store.SAVE_LIMIT_GROUPS, *key, *joint)
    reserved = iter(holds)
    while several := list(islice(reserved, _ROWS_AT_ONCE)):
        await connection.execute(store.SAVE_HOLDS, *key, *hold_columns(several, accounts))


def _advance(draft: Draft, after: Head) -> tuple[object, ...]:
    return (
        draft.book.tenant_id,
        draft.book.book_id,
        draft.head.epoch,
        draft.head.version,
        after.seq,
        after.accounts,
        after.log.size,
        after.log.encode(),
        after.log.root,
        after.recorded_at,
        LEASE,
        draft.book.expiries.next(draft.at),
    )
