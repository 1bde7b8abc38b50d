"""Sets of rows as the columns that the lane's statements take, each an array."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from bezant.ledger.domain import Account, Bounds, Hold, LimitGroup
from bezant.ledger.lane.rows import AccountEvent, LimitGroupEvent, Transfer

T = TypeVar("T")

Columns = list[Any]


def columns_of(rows: Iterable[tuple[Any, ...]]) -> Columns:
    """Columns of rows that are as the statement takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def transfer_columns(transfers: Sequence[Transfer]) -> Columns:
    """Of `INSERT_TRANSFERS`: what is the same in all rows is sent once."""
    if not transfers:
        return []
    columns = columns_of(transfers)
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


def account_columns(accounts: Iterable[Account]) -> Columns:
    """Of `SAVE_ACCOUNTS`."""
    return columns_of(
        (
            account.no,
            account.id,
            account.asset,
            account.type,
            account.status,
            *_bounds(account.bounds),
            account.limit_group,
            account.opened_at,
        )
        for account in accounts
    )


def balance_columns(accounts: Iterable[Account]) -> Columns:
    """Of `SAVE_BALANCES`."""
    # In the order of the index: neighbours are found where the one before them was.
    ordered = sorted(accounts, key=lambda account: account.no)
    if not ordered:
        return []
    pending = (
        [each.debits_pending for each in ordered],
        [each.credits_pending for each in ordered],
    )
    return [
        _numbers([each.no for each in ordered]),
        _numbers([each.debits_posted for each in ordered]),
        _numbers([each.credits_posted for each in ordered]),
        *(_numbers(column if any(column) else ()) for column in pending),
        _numbers([each.version for each in ordered]),
        [each.as_of for each in ordered],
    ]


def account_event_columns(events: Iterable[AccountEvent]) -> Columns:
    """Of `INSERT_ACCOUNT_EVENTS`."""
    return columns_of(
        (
            event.seq,
            event.kind,
            event.account_no,
            event.account_id,
            event.asset,
            event.type,
            event.status,
            *_bounds(event.bounds),
            event.limit_group,
            event.opened_at,
            event.recorded_at,
        )
        for event in events
    )


def limit_group_columns(groups: Iterable[LimitGroup]) -> Columns:
    """Of `SAVE_LIMIT_GROUPS`."""
    return columns_of(
        (
            group.id,
            group.asset,
            group.type,
            *_bounds(group.bounds),
            group.opened_at,
            str(group.debits_posted),
            str(group.credits_posted),
            str(group.debits_pending),
            str(group.credits_pending),
            group.version,
            group.as_of,
        )
        for group in groups
    )


def limit_group_event_columns(events: Iterable[LimitGroupEvent]) -> Columns:
    """Of `INSERT_LIMIT_GROUP_EVENTS`."""
    return columns_of(
        (
            event.seq,
            event.kind,
            event.group_id,
            event.asset,
            event.type,
            *_bounds(event.bounds),
            event.recorded_at,
        )
        for event in events
    )


def hold_columns(holds: Iterable[Hold], accounts: Mapping[str, Account]) -> Columns:
    """Of `SAVE_HOLDS`. `accounts` has those that the holds name."""
    return columns_of(
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
        for hold in holds
    )


def _numbers(column: Iterable[int]) -> str:
    """The text of an array of integers."""
    return "{" + ",".join(map(str, column)) + "}"


def _once(column: list[T]) -> tuple[list[T], T | None]:
    """A column, and None; if it is the same in all rows, no column, and what it is."""
    first = column[0]
    return ([], first) if column.count(first) == len(column) else (column, None)


def _bounds(bounds: Bounds) -> tuple[str | None, str | None, str | None]:
    overdraft, minimum, maximum = (
        None if bound is None else str(bound)
        for bound in (bounds.overdraft, bounds.minimum, bounds.maximum)
    )
    return overdraft, minimum, maximum
