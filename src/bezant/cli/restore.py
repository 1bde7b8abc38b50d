"""`bezant restore`: a book from its export, the same to the bit."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bezant.cli.archive import (
    Tenant,
    connected,
    database_url_of,
    exports_explained,
    operator_call,
    shown,
)
from bezant.cli.console import say_json
from bezant.cli.up import AllowPlaintext, DatabaseUrl, DataDir, Json
from bezant.kernel.clock import SystemClock
from bezant.kernel.collector import tune_collector
from bezant.kernel.database import Database
from bezant.ledger.export import Exports, Restored, restore_book
from bezant.server.provisioning import SANDBOX


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("restore")(restore)


def restore(
    exports: Annotated[list[Path], typer.Argument(help="Folders that together hold the book.")],
    as_tenant: Tenant = SANDBOX,
    root: Annotated[
        str | None, typer.Option(help="The log root that it must have, known from elsewhere.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Restore a book from its export: the same book, to the bit, or nothing at all."""

    async def work(database: Database) -> Restored:
        found = Exports.open(exports)
        with shown("Restoring", as_json=as_json) as progress:
            call = operator_call(as_tenant, found.book.id, "book.restore")
            return await restore_book(
                database, SystemClock(), call, found, root=root, progress=progress
            )

    with exports_explained(as_json=as_json):
        tune_collector()
        url = database_url_of(data_dir, database_url, allow_plaintext_loopback)
        restored = asyncio.run(connected(url, work))
    if as_json:
        say_json(restored)
        return
    what = "Restored" if restored.is_new else "Already restored:"
    typer.echo(f"{what} book {restored.book_id} up to seq {restored.seq}.")
    typer.echo(f"Log root: {restored.root}")
