"""What a client sends and reads where the ledger keeps its models to itself.

Answers have more members than these: the commands read what they need.
"""

from datetime import datetime
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


class FxSettings(Struct, frozen=True):
    """`POST …/fx/settings`: what costs and gains are counted in, and which accounts take them."""

    functional_asset: str
    realised_account: str
    unrealised_account: str
    spread_account: str


class FxRate(Struct, frozen=True):
    """`POST …/fx/rates`: how many units of the second asset one unit of the first is worth."""

    pair: str
    rate: str
    at: datetime
    source: str


class NewQuote(Struct, frozen=True):
    """`POST …/fx/quotes`. The client's rate lies `spread_bp` basis points below the mid rate."""

    sell: str
    buy: str
    sell_amount: str
    spread_bp: int = 0


class Quote(Struct, frozen=True):
    """What is bought for what is sold, until the quote expires."""

    id: UUID
    buy_amount: str
    spread_asset: str
    spread_amount: str


class NewConversion(Struct, frozen=True):
    """`POST …/fx/conversions`: the accounts that a quote is carried out with."""

    quote: UUID
    from_account: str
    to_account: str


class Conversion(Struct, frozen=True):
    """A quote that was carried out; `realised` is the gain on positions that it closed."""

    realised: str
