"""Writing a batch: history, balances and the lane's head, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from bezant.ledger.domain import Account
from bezant.ledger.lane import store
from bezant.ledger.lane.draft import Draft, UndoGroup, UndoHold

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LEASE: Final = timedelta(seconds=2)
"""How long after its last batch a holder that cannot be reached keeps its lane."""


class LaneLost(Exception):  # noqa: N818 - a turn of events, not a fault: the items go to the new holder
    """Another process holds the lane, or this one cannot tell: what it had in memory is void."""


async def write_draft(connection: "Connection", draft: Draft) -> None:
    """Write all of a draft.

    Raises:
        LaneLost: the book's epoch or version moved on; the transaction must not commit.
    """
    await _advance(connection, draft)
    key = draft.book.tenant_id, draft.book.book_id
    known = draft.book.head.accounts
    totalled = {
        account.no: account
        for account, totals, terms in draft.journal
        if totals is not None or account.no > known
    }
    termed = {
        account.no: account
        for account, totals, terms in draft.journal
        if terms is not None or account.no > known
    }
    for statement, columns in (
        (store.SAVE_ACCOUNTS, _account_columns(termed.values())),
        (store.SAVE_BALANCES, _balance_columns(totalled.values())),
        (store.INSERT_ACCOUNT_EVENTS, _event_columns(draft)),
        (store.SAVE_LIMIT_GROUPS, _group_columns(draft)),
        (store.INSERT_LIMIT_GROUP_EVENTS, _group_event_columns(draft)),
        (store.SAVE_HOLDS, _hold_columns(draft)),
        (store.INSERT_HOLD_EVENTS, _columns(draft.hold_events)),
        (store.INSERT_REFUSED, _columns(draft.refused)),
        (store.INSERT_CONTENTS, _columns(draft.contents)),
        (store.INSERT_TRANSFERS, _transfer_columns(draft)),
    ):
        if columns:
            await connection.execute(statement, *key, *columns)


async def _advance(connection: "Connection", draft: Draft) -> None:
    head, root = draft.book.head, draft.root
    after = draft.next_head(root)
    key = draft.book.tenant_id, draft.book.book_id
    tag = await connection.execute(
        store.ADVANCE,
        *key,
        head.epoch,
        head.version,
        after.seq,
        after.accounts,
        after.log.size,
        after.log.encode(),
        after.log.root,
        after.recorded_at,
        LEASE,
        draft.book.expiries.next(draft.at),
    )
    if tag != "UPDATE 1":
        raise LaneLost(f"epoch {head.epoch}, version {head.version} of book {key[1]}")
    if root is not None:
        await connection.execute(
            store.INSERT_BATCH, *key, head.log.size, head.seq + 1, after.seq, root
        )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _transfer_columns(draft: Draft) -> list[list[Any]]:
    columns = _columns(draft.transfers)
    if columns:
        # The driver sends numerics as Decimal; digits that the server casts are cheaper to make.
        columns[6] = [str(amount) for amount in columns[6]]
    return columns


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


def _balance_columns(accounts: Iterable[Account]) -> list[list[Any]]:
    return _columns(
        [
            (
                account.no,
                str(account.debits_posted),
                str(account.credits_posted),
                str(account.debits_pending),
                str(account.credits_pending),
                account.version,
                account.as_of,
            )
            for account in accounts
        ]
    )


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
