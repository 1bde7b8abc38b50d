"""What `bezant backup` and `bezant restore` share: their options, a bar, and what they refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal, Self
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from bezant.cli.console import Steps, complain, failures_explained
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import LogFormat, configure_logs
from bezant.vault.backup import BackupError
from bezant.vault.keystores import KeyRefused

ClusterName = Annotated[
    Literal["main", "keys"],
    typer.Option("--cluster", help="The data, or the vault's keys, which are kept apart."),
]
BackupId = Annotated[
    UUID | None, typer.Option("--backup", help="Which backup.", show_default="the newest that fits")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="INSTANT",
        help="The last instant to restore, with its time zone: 2026-11-28T09:30:00Z.",
        show_default="the newest",
    ),
]


def instant_of(text: str | None) -> datetime | None:
    """What `--to` says.

    Raises:
        BadParameter: it is no instant.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is no instant with a time zone, such as 2026-11-28T09:30:00Z.",
            param_hint="--to",
        )
    return instant


def settings_of(data_dir: Path | None) -> Settings:
    """The settings, as `up` reads them."""
    return Settings.load({"data_dir": data_dir})


@contextmanager
def backups_explained(*, as_json: bool) -> Iterator[None]:
    """Tell what keeps a backup from being made or restored; status 1."""
    configure_logs(LogFormat.JSON if as_json else LogFormat.AUTO)
    with failures_explained(as_json=as_json):
        try:
            yield
        except BackupError as error:
            complain(error.code, error.detail, as_json=as_json)
            raise typer.Exit(1) from error
        except KeyRefused as error:
            complain("BACKUP_KEY_REFUSED", str(error), as_json=as_json)
            raise typer.Exit(1) from error
        except asyncpg.PostgresError as error:
            complain("DATABASE_UNUSABLE", f"The database refuses: {error}.", as_json=as_json)
            raise typer.Exit(1) from error
        except OSError as error:
            where = "" if error.filename is None else f"{error.filename}: "
            complain("FOLDER_UNUSABLE", f"{where}{error.strerror}.", as_json=as_json)
            raise typer.Exit(1) from error


class Copying:
    """Steps, and how far the one is that copies: one bar on a terminal, lines or events elsewhere.

    Args:
        as_json: events instead of lines.
    """

    def __init__(self, *, as_json: bool) -> None:
        console = Console(stderr=True)
        is_shown = console.is_terminal and not as_json
        self._steps = Steps(as_json=as_json)
        self._bar: Progress | None = None
        if is_shown:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, step: str) -> None:
        """A step begins."""
        if self._bar is None:
            self._steps.begin(step)
        else:
            self._bar.update(self._task, description=step)

    def copied(self, done: int, total: int) -> None:
        """How far it is, in bytes."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
