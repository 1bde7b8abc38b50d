"""The day's report on a terminal: tables that fit into 80 columns."""

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bezant.cli.demo.report import ReconciliationReport, Report, is_zero
from bezant.cli.demo.tables import print_table, refusals, scenes

_REASONS: Final = {
    "missing_in_ledger": "not in the books",
    "missing_in_statement": "not at the bank",
    "wrong_amount": "amounts differ",
    "ambiguous": "several fit",
}


def print_day(report: Report, console: Console) -> None:
    """Print the tables, and what did not come out as it must."""
    console.print(f"\n[bold]A day of a small fintech[/bold] (seed {report.seed})")
    console.print(f"Book {report.book}", highlight=False)
    print_table("The day", scenes(report.scenes), console)
    print_table("Rightly refused", refusals(report.refusals), console)
    print_table("Busiest accounts", _busiest(report), console)
    console.print(f"{report.transfers} transfers, {report.customers} customers.", highlight=False)
    if report.reconciliation is not None:
        _print_reconciliation(report.reconciliation, console)
    if report.trial_balance_refused is None:
        print_table("Trial balance", _trial(report), console)
        _print_recount(report, console)
    for warning in _warnings(report):
        console.print(f"\n[bold red]{warning}[/bold red]", highlight=False)


def _busiest(report: Report) -> Table:
    table = Table("Account", box=None)
    table.add_column("Transfers", justify="right")
    table.add_column("Balance", justify="right")
    for row in report.busiest:
        table.add_row(row.account, str(row.transfers), f"{row.balance} {row.asset}")
    return table


def _print_reconciliation(found: ReconciliationReport, console: Console) -> None:
    """Matches by rule, what was left over, and what became of it."""
    matches = Table("Matched by", box=None)
    matches.add_column("Lines", justify="right")
    matches.add_column("Entries", justify="right")
    for match in found.matches:
        matches.add_row(escape(match.rule), str(match.lines), str(match.entries))
    print_table(f"The bank's statement of {found.month}", matches, console)
    if found.breaks:
        breaks = Table("Left over", "Why", "Booked", box=None)
        breaks.add_column("Age", justify="right")
        breaks.add_column("Amount", justify="right")
        for each in found.breaks:
            reason = _REASONS.get(each.reason, each.reason)
            age = f"{each.age_days} days"
            cells = (str(each.booked), age, f"{each.amount} EUR")
            breaks.add_row(escape(each.what), reason, *cells, style="yellow")
        console.print()
        console.print(breaks)
    text = f"Bank less books: {found.difference} EUR; once booked: {found.difference_left} EUR."
    console.print(text, highlight=False)


def _trial(report: Report) -> Table:
    """Lines of the chart by asset, each under its heading, and the totals of both sides."""
    table = Table("Accounts", box=None)
    for heading in ("Debits", "Credits", "Balance"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for number, total in enumerate(report.totals):
        if number:
            table.add_row()
        for row in report.trial_balance:
            if row.asset == total.asset:
                name = f"{'  ' * row.depth}{row.code or '    '} {row.name}"
                sides = (_unless_zero(row.debits), _unless_zero(row.credits))
                table.add_row(escape(name), *sides, row.balance, row.asset)
        style = "bold" if total.debits == total.credits else "bold red"
        table.add_row("Total", total.debits, total.credits, "", total.asset, style=style)
    return table


def _print_recount(report: Report, console: Console) -> None:
    """Whether every balance, read and added up by the client, comes to what the API reports."""
    accounts = sum(row.accounts for row in report.recount)
    wrong = [row for row in report.recount if row.reported != row.counted]
    if not wrong:
        text = f"Added up anew from the balances of {accounts} accounts: the same."
        console.print(text, highlight=False)
    for row in wrong:
        text = f"{row.type}: {row.counted} {row.asset} by its accounts, {row.reported} reported."
        console.print(f"[bold red]{text}[/bold red]", highlight=False)


def _warnings(report: Report) -> list[str]:
    """What else did not come out as it must."""
    found = []
    wrong = sum(row.expected != row.answered for row in report.refusals)
    if wrong:
        found.append(f"{wrong} requests were not answered as they should.")
    if report.trial_balance_refused is not None:
        found.append(f"The platform gives no trial balance: {report.trial_balance_refused}.")
    found += [
        f"The balances in {row.asset} come to {row.debits} debit and {row.credits} credit."
        for row in report.own_totals
        if row.debits != row.credits
    ]
    compared = report.reconciliation
    if compared is None or not compared.is_planted_one:
        found.append("The statement's one break was not found, or not alone.")
    if compared is not None and (compared.breaks_left or not is_zero(compared.difference_left)):
        found.append("The statement and the books still differ.")
    if report.month is None or report.month.status != "closed":
        found.append("The month is not closed.")
    if not all(row.holds and not row.changed_holds for row in report.proofs):
        found.append("A proof did not tell a transaction from a changed one.")
    return found


def _unless_zero(amount: str) -> str:
    return "" if is_zero(amount) else amount
