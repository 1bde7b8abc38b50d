"""Tables that both parts of the report have."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bezant.cli.demo.report import RefusalRow, SceneRow


def print_table(title: str, table: Table, console: Console) -> None:
    """A table below its title, which may be wider than the table is."""
    console.print(f"\n[bold]{title}[/bold]", highlight=False)
    console.print(table)


def scenes(rows: Sequence[SceneRow]) -> Table:
    """What happened."""
    table = Table("Scene", "What happened", box=None)
    for row in rows:
        table.add_row(row.scene, escape(row.happened))
    return table


def refusals(rows: Sequence[RefusalRow]) -> Table:
    """What was refused; what should have been and was not is red."""
    table = Table("Attempt", "Answer", box=None)
    for row in rows:
        is_right = row.expected == row.answered
        answer = row.answered if is_right else f"{row.answered}, not {row.expected}"
        table.add_row(escape(row.attempt), answer, style=None if is_right else "bold red")
    return table
