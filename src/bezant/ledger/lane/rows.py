"""The rows that a batch adds to a book: of history, and beside it."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from bezant.ledger.domain import Bounds
from bezant.ledger.schemas import Side


class Transfer(NamedTuple):
    """A row of history: one leg of a transaction."""

    seq: int
    leg: int
    transaction_id: UUID
    kind: str
    debit_no: int
    credit_no: int
    amount: int
    code: str
    booking_date: date
    value_date: date
    effective_at: datetime
    recorded_at: datetime
    content_hash: bytes | None


class Content(NamedTuple):
    """The erasable part of a transaction."""

    seq: int
    salt: bytes
    content: bytes


class HoldEvent(NamedTuple):
    """A row of history beside a leg: which hold it is part of, and that hold's terms."""

    seq: int
    leg: int
    hold_id: UUID
    group_id: UUID
    closes: Side | None
    expires_at: datetime | None


class AccountEvent(NamedTuple):
    """A row of history: an account opened or changed, with its terms from then on.

    Attributes:
        opened_at: of an account that was opened elsewhere before it was brought here.
    """

    seq: int
    kind: str
    account_no: int
    account_id: str
    asset: str
    type: str
    status: str
    bounds: Bounds
    limit_group: str | None
    opened_at: datetime | None
    recorded_at: datetime


class LimitGroupEvent(NamedTuple):
    """A row of history: a limit group opened or changed, with its terms from then on."""

    seq: int
    kind: str
    group_id: str
    asset: str
    type: str
    bounds: Bounds
    recorded_at: datetime


class PeriodEvent(NamedTuple):
    """A row of history: a period closed or reopened.

    Attributes:
        transaction_id: the closing entries that were posted with it, or that took those back; None
            where there were none.
        actor: who closed it, or approved its reopening.
        requested_by: who asked for the reopening.
    """

    seq: int
    kind: str
    period: str
    transaction_id: UUID | None
    actor: str
    requested_by: str | None
    recorded_at: datetime


class Refused(NamedTuple):
    """An id that a client gave to a transaction which was refused for a reason that may pass."""

    transaction_id: UUID
    code: str
    refused_at: datetime
