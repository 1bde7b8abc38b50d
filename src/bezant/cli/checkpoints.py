"""`bezant checkpoints`: an operator's decisions about what is kept outside."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from bezant.cli.archive import Tenant
from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.ledger.checkpoints import Checkpoint, Forked, PlaceUnavailable, prepare_store
from bezant.server import endpoint
from bezant.server.checkpoints import checkpoint_service, folder_of, store_url_of
from bezant.server.connecting import opened_database
from bezant.server.provisioning import SANDBOX
from bezant.server.sealing_key import stored_sealing_key

_CONNECTIONS_MAX = 3

checkpoints = typer.Typer(
    no_args_is_help=True, help="Decide about a book that is behind its own checkpoints."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(checkpoints, name="checkpoints")


@checkpoints.command()
def accept(
    book: Annotated[UUID, typer.Option(help="Which book.")],
    reason: Annotated[str, typer.Option(help="Why, in one line: whoever verifies later reads it.")],
    tenant: Tenant = SANDBOX,
    config: Annotated[Path | None, typer.Option(help="The platform's TOML file.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Go on from what the database holds, and declare void what it lost.

    The decision is a signed checkpoint like every other, published and audited; nothing that was
    published is removed.
    """
    with failures_explained(as_json=as_json):
        settings = Settings.load({"config": config, "data_dir": data_dir})
        try:
            accepted = asyncio.run(_accept(settings, tenant, book, reason))
        except PlaceUnavailable as error:
            complain("PLACE_UNAVAILABLE", f"{error}.", as_json=as_json)
            raise typer.Exit(1) from error
        except Forked as error:
            complain("LOG_BROKEN", f"{error}.", as_json=as_json)
            raise typer.Exit(1) from error
    if as_json:
        say_json(accepted)
        return
    assert accepted.replaces is not None
    typer.echo(
        f"Book {book} goes on from seq {accepted.seq}: checkpoint {accepted.number} declares"
        f" {accepted.replaces.first} to {accepted.replaces.last} void."
    )


async def _accept(settings: Settings, tenant: UUID, book: UUID, reason: str) -> Checkpoint:
    url = endpoint.read(settings.data_dir).database_url
    clock, ids = SystemClock(), TimeOrderedIds()
    call_id = ids.new()
    call = Call(
        id=call_id,
        tenant_id=tenant,
        actor="operator:cli",
        action="checkpoint.accept",
        resource=f"/v1/books/{book}/checkpoints",
        origin="cli",
        idempotency_key=f"call:{call_id}",
    )
    async with opened_database(url, connections_max=_CONNECTIONS_MAX) as database:
        service = checkpoint_service(
            database,
            clock,
            ids,
            stored_sealing_key(settings, settings.data_dir),
            folder_of(settings, settings.data_dir),
            store_url_of(settings),
            every_s=settings.checkpoint_interval_s,
        )
        try:
            return (await service.accept(call, book, reason)).value(Checkpoint)
        finally:
            await service.close()


@checkpoints.command()
def prepare(
    owner_url: Annotated[
        str, typer.Option(envvar="BEZANT_CHECKPOINT_OWNER_URL", help="The store, as its owner.")
    ],
    role: Annotated[str, typer.Option(help="The role of --checkpoint-store-url, which exists.")],
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Make the table of a second store, to which the platform's role can only add."""
    with failures_explained(as_json=as_json):
        try:
            asyncio.run(prepare_store(owner_url, role))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            complain("STORE_UNUSABLE", f"The store: {type(error).__name__}.", as_json=as_json)
            raise typer.Exit(1) from error
    typer.echo("The store is ready.")
