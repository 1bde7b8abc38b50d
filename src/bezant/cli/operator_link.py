"""`bezant operator-link`: a way in for whoever can read the data folder of a running platform."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from bezant.cli.console import failures_explained, say_json
from bezant.cli.up import DataDir, Json
from bezant.identity.sessions import OperatorLinks
from bezant.identity.users import Means
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.server import endpoint
from bezant.server.connecting import opened_database
from bezant.server.provisioning import SANDBOX, link_address


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("operator-link")(operator_link)


def operator_link(
    tenant: Annotated[
        UUID, typer.Option(help="Whose operator.", show_default="the sandbox")
    ] = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Make a one-time link, in the place of the former one, and show it: it is kept nowhere.

    Whoever opens it within seven days chooses a login name and a password, and is an owner.
    """
    with failures_explained(as_json=as_json):
        settings = Settings.load({"data_dir": data_dir})
        running = endpoint.read(settings.data_dir)

        async def make() -> str:
            async with opened_database(running.database_url, connections_max=1) as database:
                means = Means(database, SystemClock(), TimeOrderedIds())
                return await OperatorLinks(means).make(tenant)

        address = link_address(settings.public_url or running.url, tenant, asyncio.run(make()))
        if as_json:
            say_json({"link": address})
        else:
            typer.echo(address)
