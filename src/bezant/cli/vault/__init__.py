"""`bezant vault`: what an operator does with the vault's key store and its keys."""

import typer

from bezant.cli.vault.keystore import keystore
from bezant.cli.vault.rotating import destroy_key, keys, rotate

__all__ = ["register"]

vault = typer.Typer(no_args_is_help=True, help="Operate the vault.")
vault.add_typer(keystore, name="keystore")
vault.command()(rotate)
vault.command()(keys)
vault.command("destroy-key")(destroy_key)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(vault, name="vault")
