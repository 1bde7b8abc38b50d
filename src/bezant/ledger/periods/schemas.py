"""Wire models of accounting periods."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from bezant.ledger.months import PERIOD

PeriodId = Annotated[
    str,
    Meta(
        pattern=rf"^{PERIOD}\Z",
        max_length=7,
        description="A month of the book's time zone.",
        examples=["2026-10"],
    ),
]
ClosingAccount = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:._@-]{0,110}\Z",
        max_length=111,
        description="An account of equity for each asset, without the `:` and the asset's code.",
        examples=["equity:retained-earnings"],
    ),
]


class PeriodStatus(StrEnum):
    """Closed periods take no postings."""

    OPEN = "open"
    CLOSED = "closed"


class ReopeningState(StrEnum):
    """A pending request can be approved or withdrawn; the others are final.

    It expires by itself, and lapses when a later period is closed.
    """

    PENDING = "pending"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    EXPIRED = "expired"


class ClosingEntries(Struct, frozen=True, forbid_unknown_fields=True):
    """Bring every account of income and expense to zero as of the period's end.

    Attributes:
        to: where the results go: `equity:retained-earnings` stands for
            `equity:retained-earnings:EUR` and so on, one account of equity for each asset.
    """

    to: ClosingAccount


class PeriodClosing(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/periods/{period}/close`.

    Attributes:
        closing_entries: left out, they are made where the chart says that the period ends a
            financial year; null makes none.
    """

    closing_entries: ClosingEntries | UnsetType | None = UNSET


class ReopeningRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/periods/{period}/reopen`.

    Attributes:
        reason: why, for colleagues and auditors. It is kept: no personal data.
    """

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ReopeningDecision(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/reopenings/{reopening}/approve` and `…/withdraw`: nothing more to say."""


class Reopening(Struct, frozen=True):
    """A request to reopen a period.

    Attributes:
        decided_by: who approved or withdrew it, or closed a later period.
    """

    id: UUID
    period: str
    state: ReopeningState
    reason: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None


class Period(Struct, frozen=True):
    """A period as it stands.

    Attributes:
        closed_at: and below, of the closing that stands: its own, or that of a later period.
        closed_by: who closed it.
        seq: of the closing, in the book's feed.
        closing_transaction: the closing entries of this period, if it has any.
        reopenings: requests to reopen it, the newest first.
    """

    period: str
    status: PeriodStatus
    first_day: date
    last_day: date
    closed_at: datetime | None = None
    closed_by: str | None = None
    seq: int | None = None
    closing_transaction: UUID | None = None
    reopenings: list[Reopening] = []


class Periods(Struct, frozen=True):
    """Those periods that were closed by name, in order; what is before a closed one is closed too.

    Attributes:
        open_from: the first day that takes postings; null while all do.
    """

    open_from: date | None
    periods: list[Period]
    next: str | None
