"""The guide to backups, run as it stands, on a platform that archives its log."""

import asyncio
import os
import shlex

import pytest

from backed_up import BackedUp
from documents.commands import ROOT, blocks
from fixtures_servers import open_folder
from integration.outside.till import open_till
from running_platform import COMMAND, ENVIRONMENT

pytestmark = pytest.mark.long

GUIDE = "docs/guides/back-up.md"


@pytest.mark.timeout(600)  # whole commands, each of which starts anew
async def test_the_commands_of_the_guide_back_up_and_restore() -> None:
    with open_folder() as folder:
        backed_up = BackedUp(folder)
        bezant = folder / "bezant"
        command = shlex.join([*backed_up.prefix, *COMMAND])
        bezant.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        bezant.chmod(0o755)
        script = "set -euo pipefail\n" + "\n".join(blocks((ROOT / GUIDE).read_text()))
        async with backed_up.running() as platform, platform.client() as client:
            till = await open_till(platform, client)
            assert (await till.pay(client, "one", 1)).status_code == 201
            shell = await asyncio.create_subprocess_exec(
                "bash",
                "-c",
                script,
                cwd=folder,
                env=ENVIRONMENT | {"PATH": f"{folder}:{os.environ['PATH']}"},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            printed, _ = await shell.communicate()
        assert shell.returncode == 0, printed.decode()
        assert "is whole" in printed.decode()
        assert "books sound: 1 of 1" in printed.decode()
