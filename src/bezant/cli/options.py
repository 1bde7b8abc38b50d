"""Options that commands share. They need nothing of what serves, as most commands do not either."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path | None, typer.Option(help="Where data and certificates are.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="An outside PostgreSQL. Others see arguments: better BEZANT_DATABASE_URL."),
]
OwnerUrl = Annotated[
    str | None, typer.Option(help="The same, as the role that owns and migrates the schema.")
]
ReplicaUrl = Annotated[
    str | None, typer.Option(help="A streaming replica of it, as the same role, to read from.")
]
AllowPlaintext = Annotated[
    bool | None, typer.Option(help="Accept a database on this machine without TLS.")
]
VaultDatabaseUrl = Annotated[
    str | None, typer.Option(help="The outside PostgreSQL as the vault's role; without, no vault.")
]
KeyDatabaseUrl = Annotated[
    str | None, typer.Option(help="A second database, for the vault's keys, as the vault's role.")
]
KeyOwnerUrl = Annotated[
    str | None, typer.Option(help="The same, as the role that owns and migrates it.")
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]

Sandbox = Annotated[
    bool | None, typer.Option("--sandbox", help="Simulate other banks; no money leaves.")
]
