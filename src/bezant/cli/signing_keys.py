"""`bezant signing-keys`: what issuers sign tokens with, and an end to a key that leaked."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.identity.signing import KeyRetirement
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.server import endpoint
from bezant.server.connecting import opened_database
from bezant.server.provisioning import SANDBOX

T = TypeVar("T")

signing_keys = typer.Typer(no_args_is_help=True, help="Keys that tokens are signed with.")

OfTenant = Annotated[UUID, typer.Option(help="Whose issuer.", show_default="the sandbox")]


@signing_keys.command("list")
def show(
    tenant: OfTenant = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """List a tenant's keys by their `kid`, oldest first."""
    with failures_explained(as_json=as_json):
        kids = _run(data_dir, lambda keys: keys.kids(tenant))
        if as_json:
            say_json({"keys": kids})
        else:
            for kid in kids:
                typer.echo(str(kid))


@signing_keys.command()
def retire(
    kid: Annotated[UUID, typer.Argument(help="The key, as tokens and the published set name it.")],
    reason: Annotated[str, typer.Option(help="Kept in the audit log.")],
    tenant: OfTenant = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """End a key now: nothing that it signed is believed any more, and another takes its place."""
    with failures_explained(as_json=as_json):
        if not _run(data_dir, lambda keys: keys.retire(tenant, kid, reason)):
            complain("SIGNING_KEY_NOT_FOUND", "There is no such key.", as_json=as_json)
            raise typer.Exit(1)
        if as_json:
            say_json({"retired": kid})
        else:
            typer.echo(f"{kid} is retired; every process knows within a second.")


def _run(data_dir: Path | None, work: Callable[[KeyRetirement], Awaitable[T]]) -> T:
    running = endpoint.read(Settings.load({"data_dir": data_dir}).data_dir)

    async def do() -> T:
        async with opened_database(running.database_url, connections_max=1) as database:
            return await work(KeyRetirement(database, SystemClock(), TimeOrderedIds()))

    return asyncio.run(do())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(signing_keys, name="signing-keys")
