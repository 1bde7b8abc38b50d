"""`bezant restore`: the embedded database from a backup, or one book from its export."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from msgspec import Struct

from bezant.cli.archive import (
    Tenant,
    connected,
    database_url_of,
    exports_explained,
    operator_call,
    shown,
)
from bezant.cli.console import say_json
from bezant.cli.copying import (
    BackupId,
    ClusterName,
    Copying,
    Until,
    backups_explained,
    instant_of,
    settings_of,
)
from bezant.cli.options import AllowPlaintext, DatabaseUrl, DataDir, Json
from bezant.cli.verify import show_reports
from bezant.kernel.clock import SystemClock
from bezant.kernel.collector import tune_collector
from bezant.kernel.database import Database
from bezant.kernel.settings import Settings
from bezant.ledger import BookReport
from bezant.ledger.export import Exports, restore_book
from bezant.ledger.export import Restored as RestoredBook
from bezant.server.backup import (
    SOURCES,
    Chosen,
    Restoration,
    Restored,
    Source,
    backup_keys,
    choose,
    examine,
    series_of,
)
from bezant.server.embedded import DataFolder, PostgresAddress
from bezant.server.provisioning import SANDBOX

restore_app = typer.Typer(invoke_without_command=True)


class RestoredDatabase(Struct, frozen=True):
    """What was put in place.

    Attributes:
        backup: the base backup that it began with.
        until: as asked; None is all that the log held.
        folder: where it is.
        former: where the one is that it replaced.
        books: what `bezant verify` says of it.
    """

    backup: UUID
    until: datetime | None
    folder: str
    former: str | None
    books: list[BookReport]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(restore_app, name="restore")


@restore_app.callback()
def restore(
    context: typer.Context,
    backup: BackupId = None,
    to: Until = None,
    cluster: ClusterName = "main",
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Restore the embedded database from a backup, as it was at an instant, and verify it.

    The platform is stopped. What was there is kept beside it; nothing changes unless all ends well.
    """
    if context.invoked_subcommand is not None:
        return
    until = instant_of(to)
    reports: list[BookReport] = []
    with backups_explained(as_json=as_json):
        tune_collector()
        try:
            chosen, restored = asyncio.run(
                _restore(settings_of(data_dir), SOURCES[cluster], backup, until, reports, as_json)
            )
        finally:
            if not as_json and not all(report.is_sound for report in reports):
                show_reports(reports)
    if as_json:
        former = None if restored.former is None else str(restored.former)
        found = RestoredDatabase(chosen.manifest.id, until, str(restored.folder), former, reports)
        say_json(found)
        return
    if not SOURCES[cluster].is_strict:
        show_reports(reports)
    typer.echo(f"Restored {restored.folder} from backup {chosen.manifest.id}.")
    if restored.former is not None:
        typer.echo(f"What was there is in {restored.former}: remove it when you are content.")
    typer.echo("Start the platform, and make a base backup: `bezant backup create`.")


async def _restore(
    settings: Settings,
    source: Source,
    backup: UUID | None,
    until: datetime | None,
    reports: list[BookReport],
    as_json: bool,  # noqa: FBT001 - a flag
) -> tuple[Chosen, Restored]:
    shelf = source.shelf(settings)
    with DataFolder(settings.data_dir) as data:
        own = series_of(data.path / source.folder)
        async with backup_keys(settings) as keys:
            chosen = await choose(shelf, keys, own=own, backup=backup, until=until)
            with Copying(as_json=as_json) as bar:

                async def examined(address: PostgresAddress) -> bool:
                    reports.extend(await examine(source, address, bar.begin))
                    return all(report.is_sound for report in reports)

                restoration = Restoration(
                    data,
                    source,
                    chosen,
                    keys,
                    SystemClock(),
                    step=bar.begin,
                    copied=bar.copied,
                )
                return chosen, await restoration.run(examined)


@restore_app.command("book")
def restore_one_book(
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

    async def work(database: Database) -> RestoredBook:
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
