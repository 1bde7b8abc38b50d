"""Writing a batch: history, balances and the lane's head, in the caller's transaction."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bezant.ledger.domain import Account
from bezant.ledger.lane import store
from bezant.ledger.lane.book import Head
from bezant.ledger.lane.draft import Draft, UndoGroup, UndoHold

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

LEASE: Final = timedelta(seconds=2)
"""How long after its last batch a holder that cannot be reached keeps its lane."""


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
    columns: tuple[tuple[str, Callable[[], Sequence[object]]], ...] = (
        (store.SAVE_ACCOUNTS, lambda: _account_columns(termed.values())),
        (store.SAVE_BALANCES, lambda: _balance_columns(totalled)),
        (store.INSERT_ACCOUNT_EVENTS, lambda: _event_columns(draft)),
        (store.SAVE_LIMIT_GROUPS, lambda: _group_columns(draft)),
        (store.INSERT_LIMIT_GROUP_EVENTS, lambda: _group_event_columns(draft)),
        (store.SAVE_HOLDS, lambda: _hold_columns(draft)),
        (store.INSERT_HOLD_EVENTS, lambda: _columns(draft.hold_events)),
        (store.INSERT_REFUSED, lambda: _columns(draft.refused)),
        (store.INSERT_CONTENTS, lambda: _columns(draft.contents)),
        (store.INSERT_TRANSFERS, lambda: _transfer_columns(draft)),
    )
    for statement, work_out in columns:
        if values := work_out():
            sets.append((statement, [*key, *values]))
            await asyncio.sleep(0)
    return Writes(head, _advance(draft, head), sets)


async def write(connection: "Connection", writes: Writes) -> None:
    """Write what was planned.

    Raises:
        LaneLost: the book's epoch or version moved on; the transaction must not commit.
    """
    if await connection.execute(store.ADVANCE, *writes.advance) != "UPDATE 1":
        raise LaneLost(f"epoch {writes.head.epoch}, before version {writes.head.version}")
    for statement, values in writes.sets:
        await connection.execute(statement, *values)


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


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _numbers(column: Iterable[int]) -> str:
    """The text of an array of integers."""
    return "{" + ",".join(map(str, column)) + "}"


def _once(column: list[T]) -> tuple[list[T], T | None]:
    """A column, and None; if it is the same in all rows, no column, and what it is."""
    first = column[0]
    return ([], first) if column.count(first) == len(column) else (column, None)


def _transfer_columns(draft: Draft) -> list[object]:
    if not draft.transfers:
        return []
    columns = _columns(draft.transfers)
    seqs, legs, ids, kinds, debits, credits_, amounts, codes, booked, valued = columns[:10]
    effective, recorded, hashes = columns[10:]
    once = [_once(column) for column in (legs, kinds, codes, booked, valued)]
    (legs, leg), (kinds, kind), (codes, code), (booked, booking_day), (valued, value_day) = once
    return [
        _numbers(seqs),
        legs,
        ids,
        kinds,
        _numbers(debits),
        _numbers(credits_),
        _numbers(amounts),
        codes,
        booked,
        valued,
        [] if effective == recorded else effective,
        recorded,
        hashes if any(hashes) else [],
        leg,
        kind,
        code,
        booking_day,
        value_day,
    ]


def _text(bound: int | None) -> str | None:
    return None if bound is None else str(bound)


def _account_columns(accounts: Iterable[Account]) -> list[list[Any]]:
    return _columns(
        [
            (
                account.no,
                account.id,
                account.asset,
                account.type,
                account.status,
                _text(account.bounds.overdraft),
                _text(account.bounds.minimum),
                _text(account.bounds.maximum),
                account.limit_group,
                account.opened_at,
            )
            for account in accounts
        ]
    )


def _balance_columns(by_number: Mapping[int, Account]) -> list[object]:
    if not by_number:
        return []
    # In the order of the index: neighbours are found where the one before them was.
    accounts = [by_number[number] for number in sorted(by_number)]
    pending = (
        [each.debits_pending for each in accounts],
        [each.credits_pending for each in accounts],
    )
    return [
        _numbers([each.no for each in accounts]),
        _numbers([each.debits_posted for each in accounts]),
        _numbers([each.credits_posted for each in accounts]),
        *(_numbers(column if any(column) else ()) for column in pending),
        _numbers([each.version for each in accounts]),
        [each.as_of for each in accounts],
    ]


def _event_columns(draft: Draft) -> list[list[Any]]:
    return _columns(
        [
            (
                event.seq,
                event.kind,
                event.account_no,
                event.account_id,
                event.asset,
                event.type,
                event.status,
                _text(event.bounds.overdraft),
                _text(event.bounds.minimum),
                _text(event.bounds.maximum),
                event.limit_group,
                event.opened_at,
                event.recorded_at,
            )
            for event in draft.events
        ]
    )


def _group_columns(draft: Draft) -> list[list[Any]]:
    groups = {undo.group.id: undo.group for undo in draft.others if isinstance(undo, UndoGroup)}
    return _columns(
        [
            (
                group.id,
                group.asset,
                group.type,
                _text(group.bounds.overdraft),
                _text(group.bounds.minimum),
                _text(group.bounds.maximum),
                group.opened_at,
                str(group.debits_posted),
                str(group.credits_posted),
                str(group.debits_pending),
                str(group.credits_pending),
                group.version,
                group.as_of,
            )
            for group in groups.values()
        ]
    )


def _group_event_columns(draft: Draft) -> list[list[Any]]:
    return _columns(
        [
            (
                event.seq,
                event.kind,
                event.group_id,
                event.asset,
                event.type,
                _text(event.bounds.overdraft),
                _text(event.bounds.minimum),
                _text(event.bounds.maximum),
                event.recorded_at,
            )
            for event in draft.group_events
        ]
    )


def _hold_columns(draft: Draft) -> list[list[Any]]:
    accounts = draft.book.accounts
    holds = {undo.hold.id: undo.hold for undo in draft.others if isinstance(undo, UndoHold)}
    return _columns(
        [
            (
                hold.id,
                hold.group_id,
                hold.transaction_id,
                hold.seq,
                accounts[hold.debit].no,
                accounts[hold.credit].no,
                str(hold.amount),
                str(hold.captured),
                hold.state,
                hold.code,
                hold.closes,
                hold.expires_at,
            )
            for hold in holds.values()
        ]
    )
