"""Kills in the middle of publishing: a note is there whole, or not at all."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from bezant.ledger.checkpoints.folder import notes_of
from processes.notary import BOOK, note

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "processes" / "notary.py"
KILLS = 20


async def killed(folder: Path, after_s: float) -> int:
    """Run it until it is killed, some time after it began to work; the last note that it told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    told = int(await process.stdout.readline())
    await asyncio.sleep(after_s)  # the instant of the kill is what is tried
    process.kill()
    async for line in process.stdout:
        if line.endswith(b"\n"):
            told = int(line)
    await process.wait()
    return told


def remove_partial(folder: Path) -> int:
    """Remove what kills left half-written; how many files that were."""
    partial = [each for each in folder.rglob(".*") if each.is_file()]
    for each in partial:
        each.unlink()
    return len(partial)


async def test_whatever_instant_it_is_killed_at_every_note_is_whole(tmp_path: Path) -> None:
    dice, told, cut = random.Random(26), 0, 0
    for _ in range(KILLS):
        told = await killed(tmp_path, dice.uniform(0, 0.02))
        kept = list(notes_of(tmp_path / str(BOOK)))
        assert [each.number for each in kept] == list(range(1, len(kept) + 1))
        assert all(each.note == note(each.number) for each in kept)
        # What was told is there; what was not may be.
        assert told <= len(kept) <= told + 1
        cut += await asyncio.to_thread(remove_partial, tmp_path)
    assert cut > 0, "some kills hit a file that was being written"
