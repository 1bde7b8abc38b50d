"""The accounts that the house opens, and the chart by which its reports arrange all accounts."""

from typing import Final

from bezant.cli import wire
from bezant.cli.demo.day import Day
from bezant.ledger.schemas import AccountType

NOSTRO: Final = {"EUR": "nostro:eur", "JPY": "nostro:jpy", "BTC": "custody:btc"}
CAPITAL: Final = "equity:capital"
RESULTS: Final = "equity:results"
"""One account for each asset: `equity:results:EUR`."""

FEES: Final = "income:fees"
SPREADS: Final = "income:spread"
"""One account for each asset, as of results."""

GAINS: Final = "income:exchange"
BANK_COSTS: Final = "expenses:bank"
HOSTING: Final = "expenses:hosting"
AUDIT: Final = "expenses:audit"
ACCRUED: Final = "accrued:audit"

_NODES: Final = {
    AccountType.ASSET: (
        ("1000", "Cash", ""),
        ("1010", "Banks", "nostro:*"),
        ("1020", "Custody", "custody:*"),
        ("1900", "Currency positions", "position:*"),
    ),
    AccountType.LIABILITY: (
        ("2000", "Owed to customers", ""),
        ("2010", "Wallets", "customers:*"),
        ("2020", "Families", "families:*"),
        ("2100", "Owed to merchants", "merchants:*"),
        ("2900", "Accrued", "accrued:*"),
    ),
    AccountType.EQUITY: (
        ("3000", "Equity", ""),
        ("3010", "Capital", CAPITAL),
        ("3020", "Results of closed months", f"{RESULTS}:*"),
    ),
    AccountType.INCOME: (
        ("4000", "Income", ""),
        ("4010", "Fees", FEES),
        ("4020", "Currency spreads", f"{SPREADS}:*"),
        ("4030", "Currency gains", f"{GAINS}:*"),
    ),
    AccountType.EXPENSE: (
        ("5000", "Costs", ""),
        ("5010", "Bank", BANK_COSTS),
        ("5020", "Hosting", HOSTING),
        ("5030", "Audit", AUDIT),
    ),
}
"""Code, name and accounts. One that takes no accounts itself has those that follow it below it."""


def open_own_accounts(day: Day) -> None:
    """The accounts that the house counts with."""
    for asset, account in NOSTRO.items():
        day.open(account, asset, AccountType.ASSET)
    day.open(ACCRUED, "EUR", AccountType.LIABILITY)
    day.open(CAPITAL, "EUR", AccountType.EQUITY)
    day.open(f"{RESULTS}:EUR", "EUR", AccountType.EQUITY)
    day.open(FEES, "EUR", AccountType.INCOME)
    for account in (BANK_COSTS, HOSTING, AUDIT):
        day.open(account, "EUR", AccountType.EXPENSE)


def draw_chart(day: Day) -> int:
    """Give the book its chart; the number of its lines."""
    nodes = [
        wire.ChartNode(code, name, kind, _parent(kind, code), (accounts,) if accounts else ())
        for kind, lines in _NODES.items()
        for code, name, accounts in lines
    ]
    day.client.replace_chart(day.book, wire.NewChart(0, nodes))
    return len(nodes)


def _parent(kind: AccountType, code: str) -> str | None:
    """The heading of the same first digits: `1010` is below `1000`, `1900` is not."""
    headings = {heading for heading, _, accounts in _NODES[kind] if not accounts}
    heading = f"{code[:2]}00"
    return heading if heading in headings - {code} else None
