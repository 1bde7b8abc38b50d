"""`bezant vault accept-journal`: go on without lost lines of the journal of erasures."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bezant.cli.console import Steps, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import configure_logs
from bezant.server.erasures import accept_erasures


def accept_journal(
    config: Annotated[Path | None, typer.Option(help="The platform's TOML file.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Go on without the lost lines of the journal: make one of the erasures that are known.

    The refused file is kept beside it. After a restore of a database from before an erasure that
    only the lost lines told of, that person's data are there again: erase them again.
    """
    with failures_explained(as_json=as_json):
        settings = Settings.load({"config": config, "data_dir": data_dir})
        configure_logs(settings.log_format)
        with Steps(as_json=as_json) as steps:
            count, aside = asyncio.run(accept_erasures(settings, steps.begin))
    if as_json:
        say_json({"erasures": count, "refused": None if aside is None else str(aside)})
        return
    typer.echo(f"The journal has {count} erasures.")
    if aside is not None:
        typer.echo(f"The refused one is {aside}.")
