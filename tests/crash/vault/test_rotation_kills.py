"""Rotations of every kind of key, killed at random points: readers never fail, nothing is lost.

A child rotates one kind of key after the other and destroys each old version at once. It is killed
and started again. Meanwhile this process, a vault of its own, seals, replaces, opens and finds.
"""

import asyncio
import os
import random
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.sealed import Sealing
from bezant.vault import Vault
from fixtures_rotation import EMAIL, NAME, Urls
from fixtures_vault import IDS, add_tenant
from processes.rotator import KINDS, FileKeyStore, Task, call, rotate

pytestmark = pytest.mark.long

SCRIPT = Path(__file__).parents[2] / "processes" / "rotator.py"
SUBJECTS, VALUES = 20, 300
KILLS = 60
PATIENT = 10
"""Every so many children one is let to rotate something to its end, however slow the machine is."""


@dataclass
class Truth:
    """What was sealed, kept beside the vault.

    Attributes:
        values: what each reference has to open to.
        moving: references whose value is being replaced: either is right.
        failures: what readers and writers met.
    """

    vault: Vault
    tenant_id: UUID
    dice: random.Random
    subjects: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(SUBJECTS)])
    values: dict[UUID, Sealing] = field(default_factory=dict)
    moving: dict[UUID, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    reads: int = 0

    def sealing(self, reference: UUID, subject: UUID) -> Sealing:
        """A new value."""
        of = self.dice.choice([EMAIL, NAME])
        return Sealing(reference, subject, of, f"{uuid4().hex}@example.com")

    async def fill(self) -> None:
        """Seal the first values, and replace some."""
        for _ in range(VALUES // 50):
            await self.seal(50)
        for reference in self.dice.sample(sorted(self.values), 30):
            await self.replace(reference)

    async def seal(self, count: int) -> None:
        """Seal new values."""
        new = [self.sealing(uuid4(), self.dice.choice(self.subjects)) for _ in range(count)]
        await self.vault.fields.seal(call(self.tenant_id), new)
        self.values |= {sealing.reference: sealing for sealing in new}

    async def replace(self, reference: UUID) -> None:
        """Rectify a value."""
        former = self.values[reference]
        new = msgspec.structs.replace(former, value=f"{uuid4().hex}@example.com")
        self.moving[reference] = new.value
        await self.vault.fields.replace(call(self.tenant_id), [new])
        self.values[reference] = new
        del self.moving[reference]

    async def open(self, references: list[UUID]) -> None:
        """Open values, each of which has to be right."""
        right = {name: {self.values[name].value, self.moving.get(name)} for name in references}
        opened = (await self.vault.fields.open(call(self.tenant_id), references)).values
        for name, values in right.items():
            values |= {self.values[name].value, self.moving.get(name)}
            assert opened.get(name) in values, f"{name} opened to {opened.get(name)}"
        self.reads += len(references)

    async def find(self, reference: UUID) -> None:
        """Find a value that is not being replaced."""
        sealing = self.values[reference]
        found = await self.vault.fields.find(call(self.tenant_id), EMAIL, sealing.value)
        if self.values[reference] is sealing and reference not in self.moving:
            assert found == [reference], f"{reference} found as {found}"
        self.reads += 1

    async def running(self) -> list[asyncpg.Record]:
        """Rotations that have not ended."""
        return await self.vault.rotations._database.fetch(
            "SELECT kind FROM vault_rotation WHERE state = 'running'"
        )

    async def read_on(self) -> None:
        """Read until told to end."""
        while True:
            names = sorted(self.values)
            indexed = [name for name in names if self.values[name].field is EMAIL]
            await self.noted(self.open(self.dice.sample(names, 20)))
            for name in self.dice.sample(indexed, 5):
                if name not in self.moving:
                    await self.noted(self.find(name))

    async def write_on(self) -> None:
        """Seal and replace until told to end."""
        while True:
            await self.noted(self.seal(1))
            await self.noted(self.replace(self.dice.choice(sorted(self.values))))
            await asyncio.sleep(0.05)

    async def noted(self, work: Coroutine[None, None, None]) -> None:
        """Do something, and note what it fails of."""
        try:
            await work
        except Exception:  # noqa: BLE001 - each is a finding
            self.failures.append(traceback.format_exc(limit=-3))


class Rotator:
    """The process that makes children to be killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """What it says next."""
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), 60)).decode().strip()
        assert line, "the rotator ended"
        return line

    async def run(self, task: Task, for_s: float, *, is_patient: bool) -> list[str]:
        """Have a child work for some time, and kill it; what it had rotated.

        Args:
            task: what it does.
            for_s: how long, from when it begins, or from its first rotation's end if
                `is_patient`.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(task) + b"\n")
        said = [await self.line(), await self.line()]
        pid = next(int(line.split()[1]) for line in said if line.startswith("child"))
        done = [await self.line()] if is_patient else []
        await asyncio.sleep(for_s)
        os.kill(pid, signal.SIGKILL)
        while (line := await self.line()) != "killed":
            done.append(line)
        return done


@asynccontextmanager
async def rotator() -> AsyncIterator[Rotator]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield Rotator(process)
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def stage(urls: Urls, folder: Path, seed: int) -> AsyncIterator[tuple[Truth, Task]]:
    """A vault, its truth, and a task for the rotator."""
    file = folder / "root"
    file.write_text("1")
    database = await Database.open(urls.main, name="readers", connections_max=8)
    keys = await Database.open(urls.keys, name="readers keys", connections_max=8)
    tenant_id = await add_tenant(database)
    vault = Vault(database, keys, FileKeyStore(file), SystemClock(), IDS)
    truth = Truth(vault, tenant_id, random.Random(seed))
    await truth.fill()
    yield truth, Task(urls.main, urls.keys, str(file), tenant_id, seed)
    await vault.close()
    await keys.close()
    await database.close()


async def campaign(truth: Truth, task: Task, kills: int, within_s: float) -> tuple[int, list[str]]:
    """Kill the rotator again and again while values are read and written.

    Returns:
        How many kills came within a rotation, and what was rotated to the end.
    """
    dice = random.Random(task.seed)
    working = [asyncio.create_task(truth.read_on()), asyncio.create_task(truth.write_on())]
    within, rotated = 0, list[str]()
    async with rotator() as process:
        for number in range(kills):
            if truth.failures:
                break
            each = msgspec.structs.replace(task, seed=task.seed + number)
            is_patient = number % PATIENT == PATIENT - 1
            for_s = dice.uniform(0.005, within_s)
            rotated += await process.run(each, for_s, is_patient=is_patient)
            within += len(await truth.running())
    for worker in working:
        worker.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    return within, rotated


async def check(truth: Truth, urls: Urls) -> None:
    """Finish what was begun; then all is there, under one active version of each kind."""
    # The writer was told to end within a write: of its value either may be there.
    unsure = set(truth.moving)
    await truth.vault.rotations.carry_on()
    for kind in KINDS:
        await rotate(truth.vault, truth.tenant_id, kind)
    names = sorted(truth.values.keys() - unsure)
    for first in range(0, len(names), 100):
        await truth.open(names[first : first + 100])
    for name in names:
        if truth.values[name].field is EMAIL:
            await truth.find(name)
    database = truth.vault.rotations._database
    running = await database.fetch(
        "SELECT 1 FROM vault_rotation WHERE state = 'running' OR failed > 0"
    )
    assert not running
    states = await database.fetch(
        "SELECT kind, state, count(*) AS count FROM vault_key WHERE tenant_id = $1"
        " GROUP BY kind, state",
        truth.tenant_id,
    )
    kinds = {row["kind"] for row in states}
    counted = {(row["kind"], row["state"]): row["count"] for row in states}
    assert kinds == set(KINDS) - {"root", "data"}
    assert all(counted[kind, "active"] == 1 for kind in kinds)
    assert not any(state == "restore_only" for _, state in counted), "all former ones are destroyed"
    roots = await truth.vault.rotations.roots()
    assert [root.state for root in roots].count("active") == 1
    keys = await Database.open(urls.keys, name="check")
    rows = await keys.fetch(
        "SELECT subject_id, count(*) FILTER (WHERE state = 'active') AS active,"
        " count(*) FILTER (WHERE state = 'restore_only') AS former"
        " FROM subject_key WHERE tenant_id = $1 GROUP BY subject_id",
        truth.tenant_id,
    )
    await keys.close()
    assert [(row["active"], row["former"]) for row in rows] == [(1, 0)] * len(rows)


@pytest.mark.timeout(300)
async def test_kills_while_keys_are_rotated_fail_no_reader_and_lose_nothing(
    own_urls: Urls, tmp_path: Path
) -> None:
    seed = random.randrange(1 << 30)
    async with stage(own_urls, tmp_path, seed) as (truth, task):
        within, rotated = await campaign(truth, task, KILLS, 0.6)
        assert not truth.failures, f"seed {seed}: {len(truth.failures)}, {truth.failures[0]}"
        await check(truth, own_urls)
        assert truth.reads > KILLS, f"seed {seed}: readers read {truth.reads}"
        assert len(rotated) >= KILLS // PATIENT, f"seed {seed}: rotated {rotated}"
        assert within >= KILLS // 6, f"seed {seed}: only {within} kills came within a rotation"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("keys destroyed first", "data"), ("digests removed first", "index:test.email")],
)
async def test_a_rotation_in_the_wrong_order_is_found_out(
    own_urls: Urls, tmp_path: Path, fault: str, kind: str
) -> None:
    async with stage(own_urls, tmp_path, 1) as (truth, task):
        task.fault, task.kinds = fault, (kind,)
        await campaign(truth, task, KILLS, 3.0)
        assert truth.failures, "the readers noticed nothing"


@pytest.mark.campaign
async def test_a_thousand_kills_lose_nothing(own_urls: Urls, tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    async with stage(own_urls, tmp_path, seed) as (truth, task):
        await campaign(truth, task, 1_000, 1.0)
        assert not truth.failures, f"seed {seed}: {len(truth.failures)}, {truth.failures[0]}"
        await check(truth, own_urls)
