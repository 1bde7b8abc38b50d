"""Wire models of reports. Amounts are strings of minor units, in a type's normal direction."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct, field

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.kernel.pagination import Page
from bezant.ledger.history import Axis
from bezant.ledger.schemas import AccountType

Time = Annotated[
    str,
    Meta(
        pattern=r"^(19[7-9][0-9]|[2-8][0-9]{3})-[01][0-9]-[0-3][0-9](T[0-9:.]{5,15}(Z|[+-][0-9:]{5}))?\Z",
        max_length=40,
        description="A day of the book's time zone, to its end; on the effective axis also an"
        " instant. Without, the present.",
        examples=["2026-10-31"],
    ),
]
KnownAt = Annotated[
    Instant, Meta(description="As the book knew it at this instant, by the chart of then.")
]
OnAxis = Annotated[Axis, Meta(description="The time by which postings count.")]


class At(Struct, frozen=True, forbid_unknown_fields=True):
    """A moment: what counts up to a time, of what was known at an instant."""

    at: Time | None = None
    known_at: KnownAt | None = None
    axis: OnAxis = Axis.EFFECTIVE

    def __post_init__(self) -> None:
        require_within_calendar(self.known_at, "known_at")


class AtPage(Page, frozen=True, forbid_unknown_fields=True):
    """A moment, a page of accounts at a time."""

    at: Time | None = None
    known_at: KnownAt | None = None
    axis: OnAxis = Axis.EFFECTIVE

    def __post_init__(self) -> None:
        require_within_calendar(self.known_at, "known_at")


class FromTo(Struct, frozen=True, forbid_unknown_fields=True):
    """A span of days, both included.

    Without `to`, up to the present; without `from`, from the first of January of the year of `to`.
    """

    start: date | None = field(name="from", default=None)
    end: date | None = field(name="to", default=None)
    known_at: KnownAt | None = None
    axis: OnAxis = Axis.EFFECTIVE

    def __post_init__(self) -> None:
        require_within_calendar(self.known_at, "known_at")


class Basis(Struct, frozen=True):
    """What a report was made from: the same basis gives the same report for ever.

    Attributes:
        until: the last instant that counts on the effective axis, the last day on the others.
        seq: the last number of the book's feed that was known.
        chart_version: 0 for none.
    """

    axis: Axis
    until: str
    seq: int
    chart_version: int


class Line(Struct, frozen=True):
    """A node of the chart with everything below it, in one asset.

    Attributes:
        code: of the node; null for accounts that belong to none.
        depth: 0 at the top.
    """

    code: str | None
    name: str
    type: AccountType
    parent: str | None
    depth: int
    debits: str
    credits: str
    balance: str


class AssetTrialBalance(Struct, frozen=True):
    """The trial balance of one asset. Its debits and credits are the same sum."""

    asset: str
    scale: int
    lines: list[Line]
    debits: str
    credits: str


class TrialBalance(Struct, frozen=True):
    """Sums of debits and credits by node of the chart."""

    basis: Basis
    assets: list[AssetTrialBalance]


class AccountLine(Struct, frozen=True):
    """An account's sums.

    Attributes:
        code: of the node that it belongs to; null for none.
    """

    account: str
    asset: str
    type: AccountType
    code: str | None
    debits: str
    credits: str
    balance: str


class AccountTrialBalance(Struct, frozen=True):
    """Sums of debits and credits by account, those without postings left out.

    Every page has the basis of the first one.
    """

    basis: Basis
    accounts: list[AccountLine]
    next: str | None


class Section(Struct, frozen=True):
    """The lines of a type, and their total. Lines include those below them."""

    lines: list[Line]
    total: str


class AssetBalanceSheet(Struct, frozen=True):
    """The balance sheet of one asset: assets are liabilities and equity.

    Attributes:
        net_income: income less expenses that no closing entries have brought to equity; part of
            its total.
    """

    asset: str
    scale: int
    assets: Section
    liabilities: Section
    equity: Section
    net_income: str


class BalanceSheet(Struct, frozen=True):
    """What a book holds and owes."""

    basis: Basis
    assets: list[AssetBalanceSheet]


class AssetIncomeStatement(Struct, frozen=True):
    """Income less expenses of one asset. Closing entries do not count."""

    asset: str
    scale: int
    income: Section
    expenses: Section
    net_income: str


class IncomeStatement(Struct, frozen=True):
    """What a book earned and spent in a span.

    Attributes:
        start: the first day, as `from`.
    """

    basis: Basis
    start: date = field(name="from")
    assets: list[AssetIncomeStatement] = []
