"""`bezant reconcile statement.sta --book B --account bank:main`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import msgspec
import typer
from rich.console import Console

from bezant.cli.client import ApiError, Client
from bezant.cli.console import Steps, complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.cli.reconcile.report import Result, print_report
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import configure_logs
from bezant.ledger import reconciliation
from bezant.server import endpoint

_WIDTH_MIN: Final = 120
_LOOK_EVERY_S: Final = 0.2
_HEAD_BYTES: Final = 64

_RULES: Final = msgspec.json.Decoder(list[reconciliation.rules.Rule])


class _NotUsableError(Exception):
    """What was given on the command line cannot be used."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reconcile")(reconcile)


def reconcile(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="camt.053, MT940 or CSV."),
    ],
    book: Annotated[str, typer.Option(help="The book's id or name.")],
    account: Annotated[str, typer.Option(help="The account that the statement is of.")],
    rules: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Rules, a JSON list.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="How to read a CSV, JSON.")
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last booking date; the statement's end."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Import a bank statement, match it with the account's entries, and show what is left.

    The statement again adds nothing, and matches that stand are left alone. The exit status is 0
    only if nothing is left.
    """
    configure_logs("json" if as_json else "plain")
    with failures_explained(as_json=as_json), _failures_explained(as_json=as_json):
        access = endpoint.access(Settings.load({"data_dir": data_dir}).data_dir)
        ca = None if access.ca is None else Path(access.ca)
        asked = _Asked(
            file,
            book,
            account,
            None if rules is None else _decode(rules),
            None if mapping is None else mapping.read_text(encoding="utf-8"),
            None if last is None else last.date(),
        )
        with Client(access.url, access.api_key, ca) as client, Steps(as_json=as_json) as steps:
            result = _run(client, asked, steps)
    if as_json:
        say_json(result)
    else:
        console = Console()
        print_report(result, Console(width=max(console.width, _WIDTH_MIN)))
    if result.open:
        raise typer.Exit(1)


class _Asked(msgspec.Struct, frozen=True):
    """What is to be done."""

    file: Path
    book: str
    account: str
    rules: list[reconciliation.rules.Rule] | None
    mapping: str | None
    last: date | None


def _run(client: Client, asked: _Asked, steps: Steps) -> Result:
    book = _find_book(client, asked.book)
    content = asked.file.read_bytes()
    steps.begin("Importing the statement")
    imported = client.import_statement(
        book, asked.account, content, _media_type(content, asked.mapping), asked.mapping
    )
    last = asked.last or _last_date(client, book, asked.account)
    steps.begin("Matching")
    period = reconciliation.schemas.Period(last)
    new = reconciliation.schemas.NewReconciliation(asked.account, period, asked.rules)
    running = client.reconcile(book, new)
    while running.summary is None:
        time.sleep(_LOOK_EVERY_S)
        running = client.find_reconciliation(book, running.id)
    steps.begin("Reading what is left")
    breaks = list(client.breaks(book, running.id))
    scale = next(asset.scale for asset in client.book(book).assets if asset.code == running.asset)
    return Result(book, scale, imported, running, running.summary, breaks)


def _find_book(client: Client, wanted: str) -> UUID:
    found = [each.id for each in client.books() if wanted in {str(each.id), each.name}]
    if len(found) != 1:
        how = "No book is" if not found else "Several books are"
        raise _NotUsableError(f"{how} called {wanted!r}.")
    return found[0]


def _last_date(client: Client, book: UUID, account: str) -> date:
    """The end of the latest statement of the account."""
    dates = [
        statement.last_date
        for each in client.imports(book, account)
        if each.statements_added
        for statement in client.statements(book, account, each.no)
    ]
    if not dates:
        raise _NotUsableError("The account has no statement: name the period's end with --to.")
    return max(dates)


def _media_type(content: bytes, mapping: str | None) -> str:
    if mapping is not None:
        return "text/csv"
    head = content[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return "application/xml" if head.startswith(b"<") else "text/plain"


def _decode(path: Path) -> list[reconciliation.rules.Rule]:
    try:
        return _RULES.decode(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise _NotUsableError(f"{path}: {error}.") from None


@contextmanager
def _failures_explained(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except _NotUsableError as error:
        complain("NOT_USABLE", str(error), as_json=as_json)
        raise typer.Exit(2) from error
    except ApiError as error:
        complain(error.code, str(error), as_json=as_json)
        raise typer.Exit(2) from error
