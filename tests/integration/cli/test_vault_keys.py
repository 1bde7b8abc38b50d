"""`bezant vault rotate`, `keys` and `destroy-key` against a platform that runs."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            yield platform


async def bezant(platform: RunningPlatform, *words: str) -> tuple[int | None, str, str]:
    """Run a command; its status, what it wrote, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "vault",
        *words,
        "--json",
        "--data-dir",
        str(platform.data_dir),
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize(
    "words",
    [
        ["tenant"],
        ["data"],
        ["fingerprint"],
        ["index", "--field", "contact.email"],
        ["requests"],
        ["root"],
    ],
)
async def test_keys_are_rotated_from_the_command_line(
    platform: RunningPlatform, words: list[str]
) -> None:
    status, output, errors = await bezant(platform, "rotate", *words)
    assert status == 0, errors
    done = json.loads(output)
    assert (done["state"], done["failed"]) == ("done", 0)
    assert done["kind"].startswith(words[0])


async def test_versions_are_listed_and_kept_for_backups(platform: RunningPlatform) -> None:
    for _ in range(2):
        await bezant(platform, "rotate", "tenant")
    _, output, errors = await bezant(platform, "keys")
    listed = json.loads(output)
    former = [
        key for key in listed["keys"] if (key["kind"], key["state"]) == ("tenant", "restore_only")
    ]
    assert former, errors
    version = former[-1]["version"]
    status, _, errors = await bezant(platform, "destroy-key", "tenant", "--version", version)
    assert (status, "KEY_KEPT_FOR_BACKUPS" in errors) == (1, True)
    status, output, errors = await bezant(
        platform, "destroy-key", "tenant", "--version", version, "--reason", "ceremony"
    )
    assert (status, output and json.loads(output)) == (0, {"destroyed": 1}), errors


async def test_an_unknown_kind_is_refused(platform: RunningPlatform) -> None:
    status, _, errors = await bezant(platform, "rotate", "something")
    assert (status, "MALFORMED" in errors) == (1, True)
