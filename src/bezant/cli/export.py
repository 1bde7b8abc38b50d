"""`bezant export`: a book's whole history as files."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

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
from bezant.cli.options import AllowPlaintext, DatabaseUrl, DataDir, Json
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.ledger.export import Manifest, Wanted, export_book
from bezant.server.provisioning import SANDBOX


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(  # noqa: PLR0913, PLR0917 - one parameter per option is how the framework declares them
    book: Annotated[UUID, typer.Option(help="Which book.")],
    output: Annotated[Path, typer.Option(help="The folder to write; an unfinished one goes on.")],
    from_seq: Annotated[int, typer.Option("--from", min=1, help="The first `seq`.")] = 1,
    to_seq: Annotated[
        int | None, typer.Option("--to", min=1, help="The last `seq`.", show_default="the last")
    ] = None,
    encoding: Annotated[
        Literal["jsonl", "parquet"], typer.Option("--format", help="Of the files.")
    ] = "jsonl",
    tenant: Tenant = SANDBOX,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a book's whole history, or a range of it, while postings go on.

    Names and metadata are in it: keep it as you keep the database.
    """

    async def work(database: Database) -> Manifest:
        with shown("Exporting", as_json=as_json) as progress:
            return await export_book(
                database,
                SystemClock(),
                operator_call(tenant, book, "book.export"),
                book,
                output,
                Wanted(from_seq, to_seq, encoding),
                progress=progress,
            )

    with exports_explained(as_json=as_json):
        url = database_url_of(data_dir, database_url, allow_plaintext_loopback)
        manifest = asyncio.run(connected(url, work))
    if as_json:
        say_json(manifest)
        return
    counts = ", ".join(f"{count:,} {kind}" for kind, count in manifest.counts.items())
    typer.echo(f"Exported seq {manifest.first_seq} to {manifest.last_seq} to {output}: {counts}.")
    typer.echo(f"Log root: {manifest.root or 'not at the end of a batch'}")
