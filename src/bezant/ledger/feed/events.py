"""The feed's events, as others see them: derived from history, never written twice.

References only: what may be erased is not in them.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from bezant.ledger import schemas
from bezant.ledger.feed.history import Numbered, Row
from bezant.ledger.lane import transfer_id
from bezant.ledger.months import PeriodEventKind


class HoldTerms(Struct, frozen=True):
    """The hold that a leg reserves or settles."""

    id: UUID
    group: UUID
    closes: str | None
    expires_at: datetime | None


class Leg(Struct, frozen=True):
    """One leg of a transaction.

    Attributes:
        kind: `posted` moves the amount; `pending` reserves it under a hold, which `captured` moves
            and `voided` and `expired` give back.
        hold: of every kind but `posted`.
        reverses: the transfer that it takes back, in full or in part.
    """

    transfer_id: UUID
    kind: str
    debit: str
    credit: str
    asset: str
    amount: str
    code: str
    booking_date: date
    value_date: date
    hold: HoldTerms | None
    reverses: UUID | None


class TransactionPosted(Struct, frozen=True, tag_field="type", tag="transaction.posted"):
    """A transaction stands under `seq`. `object` is its id.

    Attributes:
        reverses: the transaction that it takes back, in full or in part.
    """

    seq: int
    object: str
    recorded_at: datetime
    effective_at: datetime
    postings: list[Leg]
    reverses: UUID | None


class AccountOpened(Struct, frozen=True, tag_field="type", tag="account.opened"):
    """An account was opened. `object` is its id."""

    seq: int
    object: str
    recorded_at: datetime
    asset: str
    account_type: schemas.AccountType
    status: schemas.AccountStatus
    limits: schemas.Limits
    limit_group: str | None


class AccountChanged(Struct, frozen=True, tag_field="type", tag="account.changed"):
    """An account has another status or other limits from now on. `object` is its id."""

    seq: int
    object: str
    recorded_at: datetime
    asset: str
    account_type: schemas.AccountType
    status: schemas.AccountStatus
    limits: schemas.Limits
    limit_group: str | None


class LimitGroupOpened(Struct, frozen=True, tag_field="type", tag="limit_group.opened"):
    """A limit group was opened. `object` is its id."""

    seq: int
    object: str
    recorded_at: datetime
    asset: str
    account_type: schemas.AccountType
    limits: schemas.Limits


class LimitGroupChanged(Struct, frozen=True, tag_field="type", tag="limit_group.changed"):
    """A limit group has other limits from now on. `object` is its id."""

    seq: int
    object: str
    recorded_at: datetime
    asset: str
    account_type: schemas.AccountType
    limits: schemas.Limits


class PeriodClosed(Struct, frozen=True, tag_field="type", tag="period.closed"):
    """A period was closed, and all before it. `object` is the period, such as `2026-10`.

    Attributes:
        transaction_id: the closing entries that were posted with it, if there were any.
        actor: who closed it.
    """

    seq: int
    object: str
    recorded_at: datetime
    transaction_id: UUID | None
    actor: str


class PeriodReopened(Struct, frozen=True, tag_field="type", tag="period.reopened"):
    """A period was reopened. `object` is the period.

    Attributes:
        transaction_id: takes back the closing entries, if there were any; it follows.
        actor: who approved it.
        requested_by: who asked for it.
    """

    seq: int
    object: str
    recorded_at: datetime
    transaction_id: UUID | None
    actor: str
    requested_by: str


Event = (
    TransactionPosted
    | AccountOpened
    | AccountChanged
    | LimitGroupOpened
    | LimitGroupChanged
    | PeriodClosed
    | PeriodReopened
)

_OF_ACCOUNTS: Mapping[str, type[AccountOpened] | type[AccountChanged]] = {
    "opened": AccountOpened,
    "changed": AccountChanged,
}
_OF_LIMIT_GROUPS: Mapping[str, type[LimitGroupOpened] | type[LimitGroupChanged]] = {
    "opened": LimitGroupOpened,
    "changed": LimitGroupChanged,
}


class Events(Struct, frozen=True):
    """A page of a book's feed, gapless.

    Attributes:
        events: those that follow `after`, in the order of their `seq`.
        next: what to send as `after` for those that follow.
        head: the book's last `seq` when the page was read.
    """

    events: list[Event]
    next: int
    head: int


def type_of(event: Event) -> str:
    """Its kind, such as `transaction.posted`."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def accounts_in(numbered: Iterable[Numbered]) -> set[int]:
    """The numbers of the accounts whose names the events need."""
    legs = [leg for each in numbered for leg in each.legs]
    return {leg["debit_no"] for leg in legs} | {leg["credit_no"] for leg in legs}


def event_of(numbered: Numbered, names: Mapping[int, tuple[str, str]]) -> Event:
    """The event under one number.

    Args:
        numbered: what stands under it.
        names: the id and the asset of each account, by number.
    """
    if numbered.account_event is not None:
        return _account_event(numbered.account_event)
    if numbered.limit_group_event is not None:
        return _limit_group_event(numbered.limit_group_event)
    if numbered.period_event is not None:
        return _period_event(numbered.period_event)
    first = numbered.legs[0]
    return TransactionPosted(
        numbered.seq,
        str(first["transaction_id"]),
        first["recorded_at"],
        first["effective_at"],
        [_leg(leg, names, numbered) for leg in numbered.legs],
        next((taken["original_id"] for taken in numbered.reversals.values()), None),
    )


def _account_event(row: Row) -> Event:
    return _OF_ACCOUNTS[row["kind"]](
        row["seq"],
        row["account_id"],
        row["recorded_at"],
        row["asset"],
        schemas.AccountType(row["type"]),
        schemas.AccountStatus(row["status"]),
        _limits(row),
        row["limit_group"],
    )


def _limit_group_event(row: Row) -> Event:
    return _OF_LIMIT_GROUPS[row["kind"]](
        row["seq"],
        row["group_id"],
        row["recorded_at"],
        row["asset"],
        schemas.AccountType(row["type"]),
        _limits(row),
    )


def _period_event(row: Row) -> Event:
    told = row["seq"], row["period"], row["recorded_at"], row["transaction_id"], row["actor"]
    if row["kind"] == PeriodEventKind.CLOSED:
        return PeriodClosed(*told)
    return PeriodReopened(*told, row["requested_by"])


def _limits(row: Row) -> schemas.Limits:
    return schemas.Limits(*map(_text, (row["overdraft"], row["minimum"], row["maximum"])))


def _text(bound: Decimal | None) -> str | None:
    return None if bound is None else str(int(bound))


def _leg(row: Row, names: Mapping[int, tuple[str, str]], numbered: Numbered) -> Leg:
    hold, taken = numbered.holds.get(row["leg"]), numbered.reversals.get(row["leg"])
    debit, asset = names[row["debit_no"]]
    credit, _ = names[row["credit_no"]]
    return Leg(
        transfer_id(row["transaction_id"], row["leg"]),
        row["kind"],
        debit,
        credit,
        asset,
        str(int(row["amount"])),
        row["code"],
        row["booking_date"],
        row["value_date"],
        None if hold is None else _hold(hold),
        None if taken is None else transfer_id(taken["original_id"], taken["original_leg"]),
    )


def _hold(row: Row) -> HoldTerms:
    return HoldTerms(row["hold_id"], row["group_id"], row["closes"], row["expires_at"])
