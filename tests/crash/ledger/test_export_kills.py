"""Kills in the middle of an export or a restore: what is run again ends as if nothing had been."""

import asyncio
import random
import sys
from pathlib import Path

import msgspec
import pytest

from bezant.ledger.export import Encoding, Manifest
from fixtures_exports import ENCODINGS, Library, content_of
from fixtures_ledger import Bank
from processes.archivist import Errand

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "processes" / "archivist.py"
KILLS = 5


async def run(errand: Errand, kill_at: int | None) -> bool:
    """Run it, killed after some steps; whether it came to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(errand))
    process.stdin.close()
    steps = 0
    async for line in process.stdout:
        steps += line.startswith(b"step")
        if steps == kill_at:
            process.kill()
            break
    return await process.wait() == 0


def errand(bank: Bank, app_url: str, folder: Path, encoding: Encoding, *, restores: bool) -> Errand:
    return Errand(
        app_url,
        bank.tenant_id,
        bank.book_id,
        str(folder),
        "restore" if restores else "export",
        encoding,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_an_export_that_is_killed_goes_on(
    library: Library, app_url: str, tmp_path: Path, encoding: Encoding
) -> None:
    folder, dice = tmp_path / "killed", random.Random(7)
    job = errand(library.bank, app_url, folder, encoding, restores=False)
    parts = []
    for _ in range(KILLS):
        assert not await run(job, kill_at=dice.randrange(1, 5))
        cut = Manifest.read(folder)
        assert cut is not None
        assert not cut.is_complete
        parts.append(len(cut.parts))
    assert parts == sorted(parts)
    assert parts[-1] > 1, "later runs went on from the parts of earlier ones"
    assert await run(job, kill_at=None)
    other = await library.elsewhere()
    await library.restore(other, folder)
    assert await content_of(other) == await content_of(library.bank)


async def test_a_restore_that_is_killed_leaves_nothing_and_can_be_run_again(
    library: Library, app_url: str
) -> None:
    folder, dice = await library.export(), random.Random(7)
    other = await library.elsewhere()
    job = errand(other, app_url, folder, "jsonl", restores=True)
    for _ in range(KILLS):
        assert not await run(job, kill_at=dice.randrange(1, 8))
        assert not any((await content_of(other)).values())
    assert await run(job, kill_at=None)
    assert await content_of(other) == await content_of(library.bank)
    assert (await other.verify()).findings == []
    assert await run(job, kill_at=None), "again, once it stands"
