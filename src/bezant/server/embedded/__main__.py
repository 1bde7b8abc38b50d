"""Run the embedded servers alone, to look at the database of a platform that is stopped.

`python -m bezant.server.embedded --data-dir FOLDER`
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from bezant.server.embedded import DataFolder, EmbeddedServers, StartupError


async def run(data_dir: Path) -> None:
    """Start the servers, print their URLs, and stop them on SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for request in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(request, stop.set)

    def progress(step: str) -> None:
        sys.stderr.write(f"{step} …\n")

    with DataFolder(data_dir) as data:
        async with EmbeddedServers(data, progress) as servers:
            # Passwords go to the operator who asked for them, who may read them in the data folder
            # anyway.
            sys.stdout.write(
                f"owner: {servers.postgres.owner_url}\n"
                f"app: {servers.postgres.app_url}\n"
                f"vault: {servers.postgres.vault_url}\n"
                f"keys owner: {servers.keys.owner_url}\n"
                f"keys: {servers.keys.vault_url}\n"
                f"valkey: {servers.valkey_url}\n"
            )
            sys.stdout.flush()
            await stop.wait()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bezant.server.embedded", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    try:
        uvloop.run(run(parser.parse_args().data_dir))
    except StartupError as error:
        sys.exit(f"{error.code}: {error}")


if __name__ == "__main__":
    main()
