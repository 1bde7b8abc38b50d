"""`bezant demo`: play both parts on the platform that runs, and report them."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bezant.cli.client import ApiError, Client
from bezant.cli.console import Steps, complain, failures_explained, say_json
from bezant.cli.demo import customers as customers_part
from bezant.cli.demo.closing import close
from bezant.cli.demo.customers import (
    Branch,
    CustomersReport,
    Desk,
    OtherSide,
    SoundBook,
    print_customers,
)
from bezant.cli.demo.day import Day
from bezant.cli.demo.printing import print_day
from bezant.cli.demo.report import Report
from bezant.cli.demo.scenes import SCENES
from bezant.cli.demo.whole import DemoReport
from bezant.cli.options import DataDir, Json
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import LogFormat, configure_logs
from bezant.ledger.verify import verify
from bezant.server import endpoint
from bezant.server.connecting import opened_database
from bezant.server.endpoint import Access


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    seed: Annotated[int, typer.Option(help="The same seed plays the same day.")] = 1,
    customers: Annotated[
        int, typer.Option(min=6, max=5_000, help="How many wallets the fintech has.")
    ] = 25,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Play a fintech's day on a new book, and a bank's with twenty customers.

    All of it through the public API. The exit status is 0 only if the books
    balance and all came out as it must: what should be refused was, the
    bank's statement showed the one break that is in it, the month closed,
    the proof held, no payment is left under way.
    """
    configure_logs(LogFormat.JSON if as_json else LogFormat.AUTO)
    with failures_explained(as_json=as_json):
        folder = Settings.load({"data_dir": data_dir}).data_dir
        access = endpoint.access(folder)
        try:
            with Steps(as_json=as_json) as steps:
                report = play_all(access, seed, customers, steps)
        except ApiError as error:
            complain(error.code, str(error), as_json=as_json)
            raise typer.Exit(1) from error
    if as_json:
        say_json(report)
    else:
        print_report(report, Console())
    if not report.is_good:
        raise typer.Exit(1)


def play_all(access: Access, seed: int, customers: int, steps: Steps) -> DemoReport:
    """Play both parts, then recompute every book from its history.

    Raises:
        ApiError: the platform refused what it should have done, or is gone.
    """
    ca = None if access.ca is None else Path(access.ca)
    with ExitStack() as opened:
        desk = opened.enter_context(Desk(access.url, access.api_key, ca))
        day = play(desk, seed, customers, steps)
        other_side = None
        if access.csm_url is not None:
            other_side = opened.enter_context(OtherSide(access.csm_url, access.csm_secret or ""))
        of_customers = play_customers(desk, other_side, seed, steps)
    verified = None
    if access.database_url is not None:
        steps.begin("Recomputing every book from its history")
        verified = asyncio.run(_verified(access.database_url))
    return DemoReport(day, of_customers, verified)


def play(client: Client, seed: int, customers: int, steps: Steps) -> Report:
    """Play every scene of the fintech, then close its day.

    Raises:
        ApiError: the platform refused what it should have done, or is gone.
    """
    steps.begin("Opening the book")
    day = Day.begin(client, seed, customers)
    for title, scene in SCENES:
        steps.begin(title)
        day.play(title, scene)
    steps.begin("Closing the day")
    return close(day)


def play_customers(
    desk: Desk, other_side: OtherSide | None, seed: int, steps: Steps
) -> CustomersReport:
    """Play every scene of the bank's customers, then see who has what.

    Raises:
        ApiError: the platform refused what it should have done, or is gone.
    """
    steps.begin("Entering the bank")
    branch = Branch.enter(desk, other_side, seed)
    for title, scene in customers_part.SCENES:
        steps.begin(title)
        branch.play(title, scene)
    steps.begin("Counting")
    return customers_part.close(branch)


def print_report(report: DemoReport, console: Console) -> None:
    """Print both parts, and last whether the books balance."""
    print_day(report.day, console)
    print_customers(report.customers, console)
    console.print()
    if report.verified is not None:
        sound = sum(book.is_sound for book in report.verified)
        text = f"Recomputed from history: {sound} of {len(report.verified)} books are sound."
        console.print(text, highlight=False)
    verdict = "[green]yes[/green]" if report.books_balance else "[bold red]no[/bold red]"
    console.print(f"books balance: {verdict}")


async def _verified(database_url: str) -> list[SoundBook]:
    async with opened_database(database_url, connections_max=2) as database:
        return [
            SoundBook(report.name, report.transactions, report.is_sound)
            async for report in verify(database)
        ]
