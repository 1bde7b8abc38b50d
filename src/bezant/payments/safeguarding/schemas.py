"""Wire models of safeguarding. Amounts are strings of minor units."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.instants import EARLIEST, LATEST
from bezant.ledger import schemas

ACCOUNTS_MAX: Final = 50
PRODUCTS_MAX: Final = 100
FUNDS_MAX: Final = 50
CUSTOMERS: Final = "accounts:"
"""What the ledger's accounts of customers begin with."""
WAITING: Final = "unapplied:*"
"""The accounts of what waits for whom it belongs to: customers' money, always."""


class Method(StrEnum):
    """How money is safeguarded (Directive (EU) 2015/2366, article 10(1))."""

    SEGREGATED = "segregated"
    """On an account of its own at a credit institution or a central bank: (a)."""

    INVESTED = "invested"
    """In secure, liquid, low-risk assets: (a)."""

    INSURED = "insured"
    """By an insurance policy or a guarantee: (b)."""


class SafeguardingAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of the book, of type asset, whose balance safeguards customers' money."""

    account: schemas.AccountId
    method: Method = Method.SEGREGATED


Funds = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:._@-]{0,127}\*?\Z",
        description="An account of the book, or by a `*` at the end all that begin so.",
    ),
]
Accounts = Annotated[list[SafeguardingAccount], Meta(min_length=1, max_length=ACCOUNTS_MAX)]
Products = Annotated[list[UUID], Meta(max_length=PRODUCTS_MAX)]
OtherFunds = Annotated[list[Funds], Meta(max_length=FUNDS_MAX)]
Hour = Annotated[
    int,
    Meta(ge=0, le=23, description="The hour from which a day is reconciled, the day after."),
]
Reason = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,63}\Z")]


class SafeguardingTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """What safeguards which money.

    Attributes:
        accounts: that safeguard.
        excluded_products: whose customers' money need not be safeguarded. That of every other
            product of the institution must, those that are made later included.
        other_funds: accounts that hold customers' money besides, such as what is to be paid out by
            hand. What waits on `unapplied:…` counts without being named.
        excess_tolerance: how much more than required may be there without an incident.
        hour: in the time zone of the book. By then banks have sent the day's statements.
    """

    accounts: Accounts
    excluded_products: Products = []
    other_funds: OtherFunds = []
    excess_tolerance: schemas.Amount = "0"
    hour: Hour = 6

    def __post_init__(self) -> None:
        """Refuse what would count something twice."""
        names = [each.account for each in self.accounts]
        if len(set(names)) != len(names):
            raise ValueError("Invalid field `accounts`: each once")
        if any(CUSTOMERS.startswith(each[:-1]) and each.endswith("*") for each in self.other_funds):
            raise ValueError("Invalid field `other_funds`: customers' accounts count anyway")
        if any(each.startswith(CUSTOMERS) for each in (*names, *self.other_funds)):
            raise ValueError("Invalid field: a customer's account is what is safeguarded")


class NewArrangement(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/safeguarding-arrangements`: for an institution and an asset there is one."""

    institution_id: UUID
    asset: schemas.AssetCode
    terms: SafeguardingTerms


class Arrangement(Struct, frozen=True):
    """What safeguards an institution's customers in an asset.

    Attributes:
        version: of the terms: they change by being agreed on anew.
        since: the first day that is reconciled.
    """

    id: UUID
    institution_id: UUID
    book_id: UUID
    asset: str
    version: int
    since: date
    terms: SafeguardingTerms
    agreed_at: datetime


class Arrangements(Struct, frozen=True):
    """A page of arrangements."""

    arrangements: list[Arrangement]
    next: str | None


class Held(Struct, frozen=True):
    """An account that safeguards.

    Attributes:
        balance: by the book.
        stated: by the bank's own statement that ends with the day; None without one.
        counted: the lower of them.
    """

    account: str
    method: Method
    balance: str
    stated: str | None
    counted: str


class Owed(Struct, frozen=True):
    """Customers' money of a kind.

    Attributes:
        funds: the product, or the accounts as the terms name them.
        accounts: that have any.
        amount: what has to be safeguarded.
        overdrawn: what others of these accounts owe: it lessens nobody's claim.
    """

    funds: str
    accounts: int
    amount: str
    overdrawn: str


class Figures(Struct, frozen=True):
    """Both sides, at what the book knew up to a number of its feed."""

    known_seq: int
    resource: str
    requirement: str
    held: list[Held]
    owed: list[Owed]


class Position(Struct, frozen=True):
    """How it stands now, without banks' statements. It is no reconciliation, and kept nowhere."""

    arrangement_id: UUID
    version: int
    shortfall: str
    excess: str
    figures: Figures


class Outcome(StrEnum):
    """What a day came to."""

    COVERED = "covered"
    SHORTFALL = "shortfall"
    EXCESS = "excess"


class NewReconciliation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/safeguarding-reconciliations`: a day that is over, which is done by itself too."""

    arrangement_id: UUID
    day: date

    def __post_init__(self) -> None:
        """Refuse what no calendar has."""
        if not EARLIEST.date() <= self.day <= LATEST.date():
            raise ValueError("Invalid field `day`: from 1970 to 9998")


class Result(Struct, frozen=True):
    """What a day came to; `resource - requirement = excess - shortfall`, always."""

    outcome: Outcome
    shortfall: str
    excess: str
    figures: Figures
    incident_id: UUID | None
    completed_at: datetime


class Reconciliation(Struct, frozen=True):
    """The reconciliation of a day. It never changes once there is a result.

    Attributes:
        version: of the terms that it is by.
        known_at: the end of the day: what the book recorded later is in no figure of it.
        result: None until it is done.
    """

    id: UUID
    arrangement_id: UUID
    day: date
    version: int
    known_at: datetime
    begun_at: datetime
    result: Result | None


class Reconciliations(Struct, frozen=True):
    """A page of reconciliations, those begun first before the others."""

    reconciliations: list[Reconciliation]
    next: str | None


class IncidentState(StrEnum):
    """How far an incident is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Incident(Struct, frozen=True):
    """A difference that a day's reconciliation found.

    Attributes:
        first_day: that found it.
        last_day: the newest that found it still.
        amount: on that day.
        covered_on: the first day after it that found it gone.
    """

    id: UUID
    arrangement_id: UUID
    kind: Outcome
    state: IncidentState
    first_day: date
    last_day: date
    amount: str
    covered_on: date | None


class Incidents(Struct, frozen=True):
    """A page of incidents, oldest first."""

    incidents: list[Incident]
    next: str | None


class IncidentStep(Struct, frozen=True):
    """Who did what about an incident."""

    state: IncidentState
    reason: str | None
    at: datetime
    actor: str


class IncidentSteps(Struct, frozen=True):
    """All of them, in order."""

    steps: list[IncidentStep]


class IncidentReason(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, as a code of the client's own: `late_settlement`, `topped_up`."""

    reason: Reason
