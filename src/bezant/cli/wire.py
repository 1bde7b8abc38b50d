"""What a client sends and reads where the ledger keeps its models to itself.

Answers have more members than these: the commands read what they need.
"""

from uuid import UUID

from msgspec import Struct

from bezant.ledger.schemas import AccountType


class ChartNode(Struct, frozen=True, omit_defaults=True):
    """A line of a chart. `accounts` are ids, or beginnings of ids such as `customers:*`."""

    code: str
    name: str
    type: AccountType
    parent: str | None = None
    accounts: tuple[str, ...] = ()


class NewChart(Struct, frozen=True):
    """`PUT …/chart`. `replaces` is the version that it was made from; 0 for the first."""

    replaces: int
    nodes: list[ChartNode]


class Chart(Struct, frozen=True):
    """A chart as it stands."""

    version: int


class ClosingEntries(Struct, frozen=True):
    """Where results go: `equity:results` stands for `equity:results:EUR` and so on."""

    to: str


class PeriodClosing(Struct, frozen=True):
    """`POST …/periods/{period}/close`."""

    closing_entries: ClosingEntries | None


class Period(Struct, frozen=True):
    """A month as it stands."""

    period: str
    status: str
    closing_transaction: UUID | None = None


class TrialLine(Struct, frozen=True):
    """A node of the chart with all below it; without a code, accounts that no node takes."""

    code: str | None
    name: str
    type: AccountType
    depth: int
    debits: str
    credits: str
    balance: str


class AssetTrialBalance(Struct, frozen=True):
    """The trial balance of one asset."""

    asset: str
    lines: list[TrialLine]
    debits: str
    credits: str


class TrialBalance(Struct, frozen=True):
    """`GET …/trial-balance`."""

    assets: list[AssetTrialBalance]
