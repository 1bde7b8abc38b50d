"""The command line. Only the command that runs is imported, so that `bezant --help` is quick."""

import sys
from importlib import import_module
from typing import Annotated, Final

import typer

import bezant

# Name: the module, whose `register` adds the command, and the line that help shows.
COMMANDS: Final = {
    "up": ("bezant.cli.up", "Serve: databases, migrations, HTTPS."),
    "keys": ("bezant.cli.keys", "Create, list, rotate and revoke API keys."),
    "operator-link": ("bezant.cli.operator_link", "Make the link by which an operator is made."),
    "signing-keys": ("bezant.cli.signing_keys", "List what signs tokens; end a key that leaked."),
    "vault": (
        "bezant.cli.vault",
        "The vault's key store; rotate and end keys; accept a lost journal.",
    ),
    "import": ("bezant.cli.statement_import", "Book a bank statement (camt.053)."),
    "reconcile": ("bezant.cli.reconcile", "Match a bank statement with a book's entries."),
    "verify": ("bezant.cli.verify", "Recompute every book from its history."),
    "checkpoints": ("bezant.cli.checkpoints", "Accept a loss; prepare a second store."),
    "export": ("bezant.cli.export", "Write a book's history as files."),
    "backup": ("bezant.cli.backup", "Make, list and check sealed backups."),
    "restore": ("bezant.cli.restore", "Restore the database from a backup, or a book."),
    "top": ("bezant.cli.top", "Show live what a running platform does."),
    "explain": ("bezant.cli.explain", "Say why somebody may do something, or may not."),
    "sandbox": ("bezant.cli.sandbox", "Stand in for the other side of payments."),
    "demo": ("bezant.cli.demo", "Play a fintech's day, and a bank's with its customers."),
    "bench": ("bezant.cli.bench", "Measure this machine against the targets."),
    "migrate": ("bezant.cli.migrate", "Bring an outside database's schema up to this release."),
}


def main() -> None:
    """Run the command line."""
    named = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    # Without the framework's pretty traces: they quote code and variables around a fault.
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_options)
    for name, (module, line) in COMMANDS.items():
        if name == named:
            import_module(module).register(app)
        else:
            app.command(name, help=line)(_unused)
    app()


def _unused() -> None:
    """Stand in for a command that is not the one that runs, in the list that help shows."""


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 - the framework passes the flag so
    if is_asked:
        typer.echo(f"bezant {bezant.__version__}")
        raise typer.Exit


def _options(
    _version: Annotated[  # noqa: FBT002 - a flag
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which release."),
    ] = False,
) -> None:
    """Bezant: the open, self-hosted core that a fintech runs on."""
