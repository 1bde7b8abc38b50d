"""`bezant vault`: what an operator does with the vault's key store and journal."""

import typer

from bezant.cli.vault.journal import accept_journal
from bezant.cli.vault.keystore import keystore

__all__ = ["register"]

vault = typer.Typer(no_args_is_help=True, help="Operate the vault.")
vault.add_typer(keystore, name="keystore")
vault.command("accept-journal")(accept_journal)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(vault, name="vault")
