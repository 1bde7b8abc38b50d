"""`bezant migrate`: migrate an outside database without serving."""

import asyncio

import typer

from bezant.cli.console import Steps, failures_explained
from bezant.cli.options import (
    AllowPlaintext,
    DatabaseUrl,
    Json,
    KeyDatabaseUrl,
    KeyOwnerUrl,
    OwnerUrl,
    VaultDatabaseUrl,
)
from bezant.kernel.settings import Settings, SettingsError
from bezant.kernel.telemetry import configure_logs
from bezant.server.stores import migrate_outside


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(
    database_url: DatabaseUrl = None,
    owner_url: OwnerUrl = None,
    vault_database_url: VaultDatabaseUrl = None,
    key_database_url: KeyDatabaseUrl = None,
    key_owner_url: KeyOwnerUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Bring outside databases' schemas up to this release, as their owners. Safe to repeat.

    The roles of --database-url, --vault-database-url and --key-database-url receive what the
    platform and its vault need of them, and no more.
    """
    with failures_explained(as_json=as_json):
        settings = Settings.load(
            {
                "database_url": database_url,
                "owner_url": owner_url,
                "vault_database_url": vault_database_url,
                "key_database_url": key_database_url,
                "key_owner_url": key_owner_url,
                "allow_plaintext_loopback": allow_plaintext_loopback,
                "log_format": "json" if as_json else None,
            }
        )
        if settings.owner_url is None or settings.database_url is None:
            raise SettingsError(["owner_url and database_url: both are needed to migrate."])
        if settings.key_database_url is not None and settings.key_owner_url is None:
            raise SettingsError(["key_owner_url: is needed to migrate key_database_url."])
        configure_logs(settings.log_format)
        with Steps(as_json=as_json) as steps:
            asyncio.run(migrate_outside(settings, steps.begin))
