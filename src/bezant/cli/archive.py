"""What `bezant export` and `bezant restore book` share."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bezant.cli.console import complain, failures_explained
from bezant.kernel.calls import Call
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.ledger import FeedBroken
from bezant.ledger.export import ExportError
from bezant.server import endpoint
from bezant.server.connecting import opened_database

T = TypeVar("T")

_CONNECTIONS_MAX: Final = 2

Tenant = Annotated[UUID, typer.Option(help="Whose book.", show_default="the sandbox")]


def database_url_of(
    data_dir: Path | None,
    database_url: str | None,
    allow_plaintext: bool | None,  # noqa: FBT001 - as the framework passes it
) -> str:
    """The database of the settings, or of the platform that runs on the data folder."""
    settings = Settings.load(
        {
            "data_dir": data_dir,
            "database_url": database_url,
            "allow_plaintext_loopback": allow_plaintext,
        }
    )
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return endpoint.read(settings.data_dir).database_url


async def connected(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with a database."""
    async with opened_database(url, connections_max=_CONNECTIONS_MAX) as database:
        return await work(database)


def operator_call(tenant: UUID, book: UUID, action: str) -> Call:
    """What the audit log keeps of it."""
    return Call(
        id=TimeOrderedIds().new(),
        tenant_id=tenant,
        actor="operator:cli",
        action=action,
        resource=f"/v1/books/{book}",
        origin="cli",
        purpose="an operator's export or restoring of the whole book",
    )


@contextmanager
def exports_explained(*, as_json: bool) -> Iterator[None]:
    """Tell what keeps an export from being made or restored; status 1."""
    with failures_explained(as_json=as_json):
        try:
            yield
        except ExportError as error:
            complain(error.code, error.detail, as_json=as_json)
            raise typer.Exit(1) from error
        except FeedBroken as error:
            complain("FEED_BROKEN", f"{error}. `bezant verify` says more.", as_json=as_json)
            raise typer.Exit(1) from error
        except OSError as error:
            complain("FOLDER_UNUSABLE", f"{error.filename}: {error.strerror}.", as_json=as_json)
            raise typer.Exit(1) from error


@contextmanager
def shown(step: str, *, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    is_shown = console.is_terminal and not as_json
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as bar:
        task = bar.add_task(step, total=None)

        def progress(done: int, last: int) -> None:
            bar.update(task, completed=done, total=last)

        yield progress
