"""What the demo tells. Amounts are decimals at the asset's scale, for people."""

from uuid import UUID

from msgspec import Struct
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bezant.ledger.schemas import AccountType


class SceneRow(Struct, frozen=True):
    """A scene, and what happened in it."""

    scene: str
    happened: str


class RefusalRow(Struct, frozen=True):
    """Something that must be refused: with which code, and how it was answered."""

    attempt: str
    expected: str
    answered: str


class BusyRow(Struct, frozen=True):
    """An account that many transfers touched."""

    account: str
    transfers: int
    balance: str
    asset: str


class TrialRow(Struct, frozen=True):
    """A line of the trial balance: a group of accounts."""

    group: str
    type: AccountType
    asset: str
    accounts: int
    debit: str
    credit: str


class TotalRow(Struct, frozen=True):
    """All balances of an asset, by side."""

    asset: str
    debits: str
    credits: str


class Report(Struct, frozen=True):
    """A day. The same seed and customers give the same report, but for `book`."""

    seed: int
    customers: int
    book: UUID
    scenes: list[SceneRow]
    refusals: list[RefusalRow]
    transfers: int
    busiest: list[BusyRow]
    trial_balance: list[TrialRow]
    totals: list[TotalRow]
    books_balance: bool

    @property
    def is_good(self) -> bool:
        """Whether the books balance and everything that should be refused was, for its reason."""
        return self.books_balance and all(row.expected == row.answered for row in self.refusals)


def print_report(report: Report, console: Console) -> None:
    """Print the tables, and last whether the books balance."""
    console.print(f"\n[bold]A day of a small fintech[/bold] (seed {report.seed})")
    console.print(f"Book {report.book}", highlight=False)
    for table in (_scenes(report), _refusals(report), _busiest(report), _trial(report)):
        console.print()
        console.print(table)
    console.print(f"\n{report.transfers} transfers, {report.customers} customers.", highlight=False)
    wrong = sum(row.expected != row.answered for row in report.refusals)
    if wrong:
        console.print(f"[bold red]{wrong} requests were not answered as they should.[/bold red]")
    verdict = "[green]yes[/green]" if report.books_balance else "[bold red]no[/bold red]"
    console.print(f"books balance: {verdict}")


def _scenes(report: Report) -> Table:
    table = Table("Scene", "What happened", title="The day", title_justify="left", box=None)
    for row in report.scenes:
        table.add_row(row.scene, escape(row.happened))
    return table


def _refusals(report: Report) -> Table:
    title = "Rightly refused"
    table = Table("Attempt", "Answer", title=title, title_justify="left", box=None)
    for row in report.refusals:
        is_right = row.expected == row.answered
        answer = row.answered if is_right else f"{row.answered}, not {row.expected}"
        table.add_row(escape(row.attempt), answer, style=None if is_right else "bold red")
    return table


def _busiest(report: Report) -> Table:
    table = Table("Account", title="Busiest accounts", title_justify="left", box=None)
    table.add_column("Transfers", justify="right")
    table.add_column("Balance", justify="right")
    for row in report.busiest:
        table.add_row(row.account, str(row.transfers), f"{row.balance} {row.asset}")
    return table


def _trial(report: Report) -> Table:
    table = Table("Accounts", "Type", title="Trial balance", title_justify="left", box=None)
    for heading in ("Number", "Debit", "Credit"):
        table.add_column(heading, justify="right")
    table.add_column("Asset")
    for row in report.trial_balance:
        sides = (_unless_zero(row.debit), _unless_zero(row.credit))
        table.add_row(row.group, row.type, str(row.accounts), *sides, row.asset)
    table.add_section()
    for total in report.totals:
        style = "bold" if total.debits == total.credits else "bold red"
        cells = ("Total", "", "", total.debits, total.credits, total.asset)
        table.add_row(*cells, style=style)
    return table


def _unless_zero(amount: str) -> str:
    return amount if amount.strip("0.") else ""
