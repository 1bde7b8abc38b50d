"""Wire models of customers' statements. Amounts are strings of minor units."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from bezant.banking.statements.domain import Cycle
from bezant.kernel.instants import EARLIEST, LATEST
from bezant.kernel.pagination import Page
from bezant.kernel.sealed import Purpose
from bezant.ledger import schemas, statements


class NewCycle(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/accounts/{account}/statement-cycle`."""

    cycle: Cycle


class StatementCycle(Struct, frozen=True):
    """How often an account's statements end.

    Attributes:
        since: the day from which on it holds.
        next: what follows it, once it was changed; with the day.
    """

    cycle: Cycle
    since: date
    next: "StatementCycle | None" = None


class CustomerStatement(Struct, frozen=True):
    """A statement that an account has: its number, and its days, both included."""

    number: int
    from_: date = field(name="from")
    to: date


class CustomerStatements(Struct, frozen=True):
    """A page of an account's statements, oldest first."""

    statements: list[CustomerStatement]
    next: str | None


class StatementQuery(Page, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which asset's statement, and how."""

    asset: Annotated[schemas.AssetCode, Meta(description="One of the account's.")]
    format: Annotated[
        statements.schemas.FormatName,
        Meta(description="`json` comes in pages, the others as whole files."),
    ] = "json"
    purpose: Annotated[
        Purpose | None,
        Meta(description="Why the account's number is read, which files are headed by."),
    ] = None

    def __post_init__(self) -> None:
        """Refuse what is contradictory."""
        if self.format != "json" and self.cursor is not None:
            raise ValueError("Invalid field `cursor`: only `json` comes in pages")
        if self.format != "json" and self.purpose is None:
            raise ValueError("Invalid field `purpose`: a file has the account's number in it")


class NewBalanceConfirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/balance-confirmations`.

    Attributes:
        on: at the end of this day, in the time zone of the account's book.
        purpose: whom it is for, or what: it is part of the confirmation.
    """

    on: date
    purpose: Purpose

    def __post_init__(self) -> None:
        """Refuse days that no calendar has."""
        if not EARLIEST.date() < self.on < LATEST.date():
            raise ValueError("Invalid field `on`: after 1970-01-01, before 9998-12-31")


class ConfirmedBalance(Struct, frozen=True):
    """What was booked on an account in an asset at the end of a day.

    Attributes:
        scale: minor units are the asset's unit times 10 to the power of minus this.
        known_seq: the last transaction of the book's feed that is counted.
    """

    asset: str
    balance: str
    scale: int
    known_seq: int


class BalanceConfirmation(Struct, frozen=True):
    """A balance, as it was confirmed: for ever the same, whatever is booked back later."""

    id: UUID
    account: UUID
    on: date
    purpose: str
    balances: list[ConfirmedBalance]
    confirmed_at: datetime
