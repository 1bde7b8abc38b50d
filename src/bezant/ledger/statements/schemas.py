"""Wire models of statements. Amounts are strings of minor units."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from bezant.kernel.instants import EARLIEST, LATEST, Instant, require_within_calendar
from bezant.kernel.pagination import Page
from bezant.ledger.schemas import AccountType

AxisName = Literal["booking", "value", "effective"]
FormatName = Literal["json", "csv", "pdf", "camt053"]
SectionName = Literal["booked", "pending"]


class StatementQuery(Page, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which statement, and how."""

    from_: Annotated[date, Meta(description="The first day, in the book's time zone.")] = field(
        name="from"
    )
    to: Annotated[date, Meta(description="The last day, included.")]
    axis: Annotated[AxisName, Meta(description="The dates by which entries count.")] = "booking"
    known_at: (
        Annotated[Instant, Meta(description="As it was known then; without, as it is known now.")]
        | None
    ) = None
    format: Annotated[
        FormatName, Meta(description="`json` comes in pages, the others as whole files.")
    ] = "json"
    section: Annotated[
        SectionName,
        Meta(
            description="Of `json`: the entries that move the balance, or those that reserve and"
            " release."
        ),
    ] = "booked"
    content: Annotated[
        bool,
        Meta(
            description="With what is left of each transaction's reason and metadata, which may be"
            " personal: reading it is audited."
        ),
    ] = False

    def __post_init__(self) -> None:
        require_within_calendar(self.known_at, "known_at")
        for name, day in (("from", self.from_), ("to", self.to)):
            if not EARLIEST.date() < day < LATEST.date():
                raise ValueError(f"Invalid field `{name}`: after 1970-01-01, before 9998-12-31")
        if self.to < self.from_:
            raise ValueError("Invalid field `to`: not before `from`")
        if self.format != "json" and self.cursor is not None:
            raise ValueError("Invalid field `cursor`: only `json` comes in pages")
        if self.format != "json" and self.section != "booked":
            raise ValueError("Invalid field `section`: files tell what moved the balance")


class StatementBalance(Struct, frozen=True):
    """What was on the account, in its normal direction, and what was reserved beside it.

    Attributes:
        balance: posted.
        pending_debits: reserved to be debited; no part of the balance. `pending_credits` likewise.
    """

    balance: str
    pending_debits: str
    pending_credits: str


class StatementTotals(Struct, frozen=True):
    """What moved the balance between opening and closing, and in how many entries."""

    debits: str
    credits: str
    debit_count: int
    credit_count: int


class StatementEntry(Struct, frozen=True):
    """An entry. What it has in common with an `Entry` of the account is as there.

    Attributes:
        balance: after it, in the account's normal direction; None in the section `pending`.
        reason: and `metadata`: None unless asked for and still there.
        batch_id: of the batch that it is one entry with in a customer's files; else None.
    """

    transfer_id: UUID
    transaction_id: UUID
    seq: int
    kind: str
    hold_id: UUID | None
    direction: str
    counterparty: str
    amount: str
    code: str
    booking_date: date
    value_date: date
    effective_at: datetime
    recorded_at: datetime
    balance: str | None
    reason: str | None
    metadata: dict[str, str] | None
    batch_id: UUID | None = None


class Statement(Struct, frozen=True):
    """A page of an account's statement, whose figures are those of all of it.

    Attributes:
        id: the same for the same period as it was known at the same `known_seq`.
        type: of the account; debits add to assets and expenses, credits to the others.
        scale: minor units are the asset's unit times 10 to the power of minus this.
        known_seq: the last transaction of the book's feed that is counted.
        known_at: ask with this instant to get the same statement again, whatever comes later.
        totals: on the first page; None on those that follow it.
        entries: in the order of the axis, then of recording.
        next: continues after them; pages of one statement never shift. A page may be short.
    """

    id: str
    account: str
    type: AccountType
    asset: str
    scale: int
    axis: str
    from_: date = field(name="from")
    to: date
    known_seq: int
    known_at: datetime
    opening: StatementBalance
    closing: StatementBalance
    totals: StatementTotals | None
    section: str
    entries: list[StatementEntry]
    next: str | None
