"""`bezant backup`: sealed base backups of the embedded database, beside its archived log."""

import asyncio
from datetime import datetime
from uuid import UUID

import typer
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bezant.cli.archive import shown
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
from bezant.cli.options import DataDir, Json
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.server.backup import (
    SOURCES,
    BaseBackup,
    Source,
    backup_keys,
    check_parts,
    choose,
    series_of,
)
from bezant.server.embedded import socket_path
from bezant.vault.backup import Manifest, prune

backup_app = typer.Typer(no_args_is_help=True)


class Listed(Struct, frozen=True):
    """A backup, and how far the log goes from it.

    Attributes:
        bytes: of the base backup, sealed.
        log_to: the last instant that the archived log of its series holds.
        is_own: it is of the database that is in the data folder now.
    """

    id: UUID
    series: UUID
    begun_at: datetime
    finished_at: datetime
    log_to: datetime
    bytes: int
    postgres_version: str
    schema_contract: int | None
    is_own: bool


class Checked(Struct, frozen=True):
    """A backup all of whose files are as they were written.

    Attributes:
        segments: of the log, without a gap.
        bytes: that were read.
    """

    id: UUID
    segments: int
    bytes: int


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(backup_app, name="backup", help="Make, list and check sealed backups.")


@backup_app.command("create")
def create(
    cluster: ClusterName = "main",
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Make a base backup of the running platform, and remove those that are kept long enough.

    The platform archives its log all the time, with the same settings; so every instant after the
    first base backup can be restored.
    """
    with backups_explained(as_json=as_json):
        manifest = asyncio.run(_create(settings_of(data_dir), SOURCES[cluster], as_json=as_json))
    if as_json:
        say_json(manifest)
        return
    size = sum(part.bytes for part in manifest.parts)
    typer.echo(f"Backup {manifest.id}: {size:,} bytes, restorable from {manifest.finished_at}.")


async def _create(settings: Settings, source: Source, *, as_json: bool) -> Manifest:
    shelf = source.shelf(settings)
    clock = SystemClock()
    async with backup_keys(settings) as keys:
        with Copying(as_json=as_json) as bar:
            bar.begin("Copying the database")
            backup = BaseBackup(
                settings.data_dir,
                source,
                socket_path(settings.data_dir),
                shelf,
                keys,
                clock,
                TimeOrderedIds(),
                progress=bar.copied,
            )
            manifest = await backup.create()
        await asyncio.to_thread(
            prune, shelf, clock.now(), source.kept(settings), is_strict=source.is_strict
        )
        return manifest


@backup_app.command("list")
def list_backups(
    cluster: ClusterName = "main",
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the backups there are, and the instants that they lead to."""
    with backups_explained(as_json=as_json):
        found = asyncio.run(_list(settings_of(data_dir), SOURCES[cluster]))
    if as_json:
        say_json(found)
        return
    table = Table("backup", "restorable from", "to", "bytes", "schema", "of")
    for each in found:
        table.add_row(
            str(each.id),
            each.finished_at.isoformat(sep=" ", timespec="seconds"),
            each.log_to.isoformat(sep=" ", timespec="seconds"),
            f"{each.bytes:,}",
            str(each.schema_contract),
            "this database" if each.is_own else str(each.series),
        )
    Console(width=None if Console().is_terminal else 160).print(table)


async def _list(settings: Settings, source: Source) -> list[Listed]:
    own = series_of(settings.data_dir / source.folder)
    shelf = source.shelf(settings)
    found = []
    async with backup_keys(settings) as keys:
        for series in shelf.series():
            for backup in series.backups():
                manifest = await backup.manifest(keys)
                found.append(
                    Listed(
                        id=manifest.id,
                        series=manifest.series,
                        begun_at=manifest.begun_at,
                        finished_at=manifest.finished_at,
                        log_to=max(manifest.finished_at, series.log_to()),
                        bytes=manifest.parts[0].bytes,
                        postgres_version=manifest.postgres_version,
                        schema_contract=manifest.schema_contract,
                        is_own=manifest.series == own,
                    )
                )
    return found


@backup_app.command("check")
def check(
    backup: BackupId = None,
    to: Until = None,
    cluster: ClusterName = "main",
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Read all that a restore would read, and verify it; nothing is restored."""
    until = instant_of(to)
    with backups_explained(as_json=as_json):
        checked = asyncio.run(
            _check(settings_of(data_dir), SOURCES[cluster], backup, until, as_json=as_json)
        )
    if as_json:
        say_json(checked)
        return
    typer.echo(
        f"Backup {checked.id} is whole, with {checked.segments:,} segments of the log:"
        f" {checked.bytes:,} bytes."
    )


async def _check(
    settings: Settings,
    source: Source,
    backup: UUID | None,
    until: datetime | None,
    *,
    as_json: bool,
) -> Checked:
    own = series_of(settings.data_dir / source.folder)
    shelf = source.shelf(settings)
    async with backup_keys(settings) as keys:
        chosen = await choose(shelf, keys, own=own, backup=backup, until=until)
        with shown("Checking", as_json=as_json) as progress:
            size = await check_parts(chosen, keys, progress)
        return Checked(chosen.manifest.id, len(chosen.log), size)
