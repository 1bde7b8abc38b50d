"""`bezant verify`: recompute every invariant of every book from history."""

import asyncio
import os
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bezant.cli.console import failures_explained, say_json
from bezant.cli.up import AllowPlaintext, DatabaseUrl, DataDir, Json
from bezant.kernel.collector import tune_collector
from bezant.kernel.settings import Settings
from bezant.ledger import BookReport, verify
from bezant.server import endpoint
from bezant.server.connecting import opened_database

_ROOT_SHOWN: Final = 16
_NICENESS: Final = 10

Tenant = Annotated[UUID | None, typer.Option(help="Whose books.", show_default="everybody's")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify_books)


def verify_books(
    tenant: Tenant = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Recompute every invariant of every book from its history, while postings go on.

    Ends with status 1 and names the first differences when a book is not sound.
    """
    yield_processor()
    tune_collector()
    with failures_explained(as_json=as_json):
        settings = Settings.load(
            {
                "data_dir": data_dir,
                "database_url": database_url,
                "allow_plaintext_loopback": allow_plaintext_loopback,
            }
        )
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            url = endpoint.read(settings.data_dir).database_url
        reports = asyncio.run(_verify(url, tenant))
    if as_json:
        say_json(reports)
    else:
        _show(reports)
    if not all(report.is_sound for report in reports):
        raise typer.Exit(1)


def yield_processor() -> None:
    """Let whoever posts go first: a verification has time."""
    os.nice(_NICENESS)


async def _verify(url: str, tenant: UUID | None) -> list[BookReport]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Verifying", total=None)
        reports: list[BookReport] = []

        def progress(transactions: int) -> None:
            books = f"book {len(reports) + 1}"
            bar.update(task, description=f"Verifying {books}: {transactions:,} transactions")

        async with opened_database(url, connections_max=2) as database:
            async for report in verify(database, tenant_id=tenant, progress=progress):
                reports.append(report)  # noqa: PERF401 - `progress` counts them meanwhile
        return reports


def _show(reports: list[BookReport]) -> None:
    console = Console(width=None if Console().is_terminal else 140)
    table = Table("book", title="Books, recomputed from their history")
    table.add_column("id", no_wrap=True)
    for heading in ("transactions", "transfers", "accounts"):
        table.add_column(heading, justify="right")
    table.add_column(f"log root ({_ROOT_SHOWN} of 64)")
    table.add_column("sound")
    for report in reports:
        table.add_row(
            report.name,
            str(report.book_id),
            f"{report.transactions:,}",
            f"{report.transfers:,}",
            f"{report.accounts:,}",
            report.root[:_ROOT_SHOWN],
            "yes" if report.is_sound else "[bold red]NO[/bold red]",
        )
    console.print(table)
    for report in reports:
        for finding in report.findings:
            console.print(
                f"{report.name} {report.book_id}: {finding.kind} at {finding.place}:"
                f" {finding.detail}",
                markup=False,
                soft_wrap=True,
            )
    sound = sum(report.is_sound for report in reports)
    console.print(f"books sound: {sound} of {len(reports)}")
