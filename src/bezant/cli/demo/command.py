"""`bezant demo`: play the day on the platform that runs, and report it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bezant.cli.client import ApiError, Client
from bezant.cli.console import Steps, complain, failures_explained, say_json
from bezant.cli.demo.closing import close
from bezant.cli.demo.day import Day
from bezant.cli.demo.printing import print_report
from bezant.cli.demo.report import Report
from bezant.cli.demo.scenes import SCENES
from bezant.cli.options import DataDir, Json
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import LogFormat, configure_logs
from bezant.server import endpoint


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    seed: Annotated[int, typer.Option(help="The same seed plays the same day.")] = 1,
    customers: Annotated[int, typer.Option(min=6, max=5_000, help="How many play.")] = 25,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Play a day of a small fintech on a new book, through the public API, and report it.

    The exit status is 0 only if the books balance, all that should be refused was, the bank's
    statement showed the one break that is in it, the month closed, and the proof held.
    """
    configure_logs(LogFormat.JSON if as_json else LogFormat.AUTO)
    with failures_explained(as_json=as_json):
        access = endpoint.access(Settings.load({"data_dir": data_dir}).data_dir)
        ca = None if access.ca is None else Path(access.ca)
        try:
            with Client(access.url, access.api_key, ca) as client:
                report = play(client, seed, customers, as_json=as_json)
        except ApiError as error:
            complain(error.code, str(error), as_json=as_json)
            raise typer.Exit(1) from error
    if as_json:
        say_json(report)
    else:
        print_report(report, Console())
    if not report.is_good:
        raise typer.Exit(1)


def play(client: Client, seed: int, customers: int, *, as_json: bool) -> Report:
    """Play every scene, then close the day.

    Raises:
        ApiError: the platform refused what it should have done, or is gone.
    """
    with Steps(as_json=as_json) as steps:
        steps.begin("Opening the book")
        day = Day.begin(client, seed, customers)
        for title, scene in SCENES:
            steps.begin(title)
            day.play(title, scene)
        steps.begin("Closing the day")
        return close(day)
