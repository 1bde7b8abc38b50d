"""The customers' report on a terminal: tables that fit into 80 columns."""

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bezant.cli.demo.customers.report import CustomersReport
from bezant.cli.demo.report import is_zero
from bezant.cli.demo.tables import print_table, refusals, scenes

_WAYS: Final = {
    "book": "between accounts here",
    "sct_inst": "SEPA Instant",
    "sct": "SEPA",
}


def print_customers(report: CustomersReport, console: Console) -> None:
    """Print the tables, and what did not come out as it must."""
    console.print(f"\n[bold]{escape(report.bank)} and its customers[/bold]")
    print_table("What they did", scenes(report.scenes), console)
    print_table("Rightly refused", refusals(report.refusals), console)
    print_table("Who has what", _parties(report), console)
    print_table("Payments", _payments(report), console)
    if not report.left_the_platform:
        console.print(
            "\nNothing left the platform. Start it with `bezant up --sandbox` to see instant"
            " payments to other banks, verified payees and a recall.",
            style="yellow",
            highlight=False,
        )
    if not is_zero(report.difference):
        text = f"The sides of its trial balance differ by {report.difference} EUR."
        console.print(f"\n[bold red]{text}[/bold red]", highlight=False)


def _parties(report: CustomersReport) -> Table:
    table = Table("Party", "", box=None)
    table.add_column("Balance", justify="right")
    for row in report.parties:
        kind = "company" if row.is_organisation else "person"
        table.add_row(escape(row.name), kind, f"{row.balance} EUR")
    return table


def _payments(report: CustomersReport) -> Table:
    table = Table("Way", "Direction", "State", box=None)
    table.add_column("Payments", justify="right")
    table.add_column("Amount", justify="right")
    for row in report.payments:
        way = _WAYS.get(row.rail, row.rail)
        table.add_row(way, row.direction, row.state, str(row.count), f"{row.amount} EUR")
    return table
