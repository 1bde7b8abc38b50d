"""Killed at whatever step, an erasure is completed by the next start: never half, never undone."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import structs

from bezant.server.embedded import EmbeddedServers
from fixtures_vault import Strongroom
from forking import Forks, forks
from people import ERASED, Person, counts, erase, everything, journal_of, opened, restart, seal
from processes.eraser import Task

SCRIPT = Path(__file__).parents[2] / "processes" / "eraser.py"
KILLS = 24
STEPS = (
    "before the journal",
    "half a line",
    "after the journal",
    "before values are deleted",
    "before keys are destroyed",
    "between keys and tombstones",
    "before it is done",
)


@pytest.fixture(scope="module")
async def eraser() -> AsyncIterator[Forks]:
    """A vault of another process, on the same databases and the same journal."""
    async with forks(SCRIPT) as eraser:
        yield eraser


@pytest.fixture
def task(strongroom: Strongroom, embedded_servers: EmbeddedServers, erasures: Path) -> Task:
    """What it is given to work with."""
    return Task(
        embedded_servers.postgres.vault_url,
        embedded_servers.keys.vault_url,
        str(erasures),
        strongroom.tenant_id,
        [],
    )


async def is_whole(room: Strongroom, person: Person) -> bool:
    """Whether nothing of a person is erased; else everything has to be."""
    if await opened(room, person) == everything(person):
        found = await counts(room, person)
        assert found == {"vault_value": 2, "vault_index": 1, "keys": 1}
        return True
    assert await counts(room, person) == ERASED
    row = await room.database.fetchrow(
        "SELECT state, done_at FROM vault_subject JOIN vault_erasure USING (tenant_id, subject_id)"
        " WHERE tenant_id = $1 AND subject_id = $2",
        room.tenant_id,
        person.id,
    )
    assert row is not None
    assert (row["state"], row["done_at"] is None) == ("erased", False)
    return False


@pytest.mark.parametrize("step", STEPS)
async def test_a_start_completes_what_was_killed_between_two_steps(
    strongroom: Strongroom, eraser: Forks, task: Task, erasures: Path, step: str
) -> None:
    person, kept = await seal(strongroom), await seal(strongroom)
    await strongroom.vault.close()
    await eraser.begin(structs.replace(task, subjects=[person.id], step=step))
    await eraser.until(step)
    # The control: it is not complete here.
    assert await counts(strongroom, person) != ERASED or step == "before it is done"
    assert answered(await eraser.kill()) == []
    await restart(strongroom, erasures)
    assert not await is_whole(strongroom, person)
    assert await is_whole(strongroom, kept)
    assert [line["erased"]["subject_id"] for line in journal_of(erasures)] == [str(person.id)]
    # The caller, who was not answered, asks again.
    assert (await erase(strongroom, person)).status == 200


async def test_kills_at_any_moment_leave_nobody_half_erased(
    strongroom: Strongroom, eraser: Forks, task: Task, erasures: Path
) -> None:
    dice = random.Random(17)
    waiting = [await seal(strongroom) for _ in range(KILLS * 4)]
    await strongroom.vault.close()
    told: set[UUID] = set()
    took_s = 0.01
    for _ in range(KILLS):
        await eraser.begin(structs.replace(task, subjects=[each.id for each in waiting]))
        await eraser.until("asking")
        if dice.random() < 0.5:
            begun = time.monotonic()
            await eraser.until("erased")
            took_s = time.monotonic() - begun
        # Within the erasure that it is at, as long as the last one took.
        await asyncio.sleep(dice.random() * took_s)
        told |= set(answered(await eraser.kill()))
        waiting = [person for person in waiting if person.id not in told]
        await restart(strongroom, erasures)
        # Whom the killed process was at is whole or erased; whom it answered is erased.
        if not await is_whole(strongroom, waiting[0]):
            waiting.pop(0)
        await strongroom.vault.close()
    await restart(strongroom, erasures)
    lines = [UUID(line["erased"]["subject_id"]) for line in journal_of(erasures)]
    assert told <= set(lines)
    assert len(lines) == len(set(lines))
    for person in waiting:
        assert await is_whole(strongroom, person)
    # Some were answered, and some were completed by a start.
    assert told
    assert set(lines) - told


def answered(said: list[str]) -> list[UUID]:
    """Whose erasure a process had answered."""
    return [UUID(line.split()[1]) for line in said if line.startswith("erased ")]
