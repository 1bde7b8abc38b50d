"""`bezant migrate`: migrate an outside database without serving."""

import asyncio

import typer

from bezant.cli.console import Steps, failures_explained
from bezant.cli.up import AllowPlaintext, DatabaseUrl, Json, OwnerUrl
from bezant.kernel.settings import Settings, SettingsError
from bezant.kernel.telemetry import configure_logs
from bezant.server.connecting import migrate_schema


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(
    database_url: DatabaseUrl = None,
    owner_url: OwnerUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Bring an outside database's schema up to this release, as its owner. Safe to repeat.

    The role of --database-url receives what the platform needs of it, and no more.
    """
    with failures_explained(as_json=as_json):
        settings = Settings.load(
            {
                "database_url": database_url,
                "owner_url": owner_url,
                "allow_plaintext_loopback": allow_plaintext_loopback,
                "log_format": "json" if as_json else None,
            }
        )
        if settings.owner_url is None or settings.database_url is None:
            raise SettingsError(["owner_url and database_url: both are needed to migrate."])
        configure_logs(settings.log_format)
        owner_url = settings.owner_url.get_secret_value()
        app_url = settings.database_url.get_secret_value()
        with Steps(as_json=as_json) as steps:
            asyncio.run(migrate_schema(owner_url, app_url, steps.begin))
