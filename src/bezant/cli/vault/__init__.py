"""`bezant vault`: what an operator does with the vault's key store, keys and journal."""

import typer

from bezant.cli.vault.journal import accept_journal
from bezant.cli.vault.keystore import keystore
from bezant.cli.vault.rotating import destroy_key, keys, rotate

__all__ = ["register"]

vault = typer.Typer(no_args_is_help=True, help="Operate the vault.")
vault.add_typer(keystore, name="keystore")
vault.command()(rotate)
vault.command()(keys)
vault.command("destroy-key")(destroy_key)
vault.command("accept-journal")(accept_journal)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(vault, name="vault")
