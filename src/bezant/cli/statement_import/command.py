"""`bezant import statement.xml --book B`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bezant.cli.client import ApiError, Client
from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.cli.statement_import.decision import ImportRefused
from bezant.cli.statement_import.importer import import_file
from bezant.cli.statement_import.pseudonyms import KeyUnusable, load_key
from bezant.cli.statement_import.report import ConsoleProgress, print_report
from bezant.formats.camt053 import StatementError
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import configure_logs
from bezant.server import endpoint

_WIDTH = 240


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_statement)


def import_statement(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A camt.053 file.")
    ],
    book: Annotated[str, typer.Option(help="The book's id or name; a new name makes a new book.")],
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Book a bank statement (camt.053), and compare the book's balances with the file's own.

    A broken file is refused whole. Importing a file again changes nothing, and completes an import
    that was interrupted. The exit status is 0 only if the balances agree.
    """
    configure_logs("json" if as_json else "plain")
    with failures_explained(as_json=as_json), _import_failures_explained(file, as_json=as_json):
        folder = Settings.load({"data_dir": data_dir}).data_dir
        access = endpoint.access(folder)
        ca = None if access.ca is None else Path(access.ca)
        with Client(access.url, access.api_key, ca) as client:
            result = import_file(file, book, client, load_key(folder), ConsoleProgress(file))
    if as_json:
        say_json(result)
    else:
        # A balance that is cut off is of no use, so lines may be long.
        print_report(result, Console(width=_WIDTH))
    if not result.agrees:
        raise typer.Exit(1)


@contextmanager
def _import_failures_explained(file: Path, *, as_json: bool) -> Iterator[None]:
    try:
        yield
    except StatementError as error:
        where = f"{file}:{error.line}: {error.path}"
        complain("STATEMENT_REFUSED", f"{where}: {error.reason}", as_json=as_json)
        raise typer.Exit(1) from error
    except ImportRefused as error:
        complain("IMPORT_REFUSED", str(error), as_json=as_json)
        raise typer.Exit(1) from error
    except KeyUnusable as error:
        complain("KEY_UNUSABLE", str(error), as_json=as_json)
        raise typer.Exit(1) from error
    except ApiError as error:
        complain(error.code, str(error), as_json=as_json)
        raise typer.Exit(1) from error
