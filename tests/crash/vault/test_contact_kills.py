"""Killed between sealing and keeping: no record without its values, no value without its record."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from bezant.banking import Contact, ContactService
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealed_owners import ABANDONED_AFTER, SealedSweep
from bezant.vault import VaultClient
from fixtures_vault import Strongroom
from forking import Forks, forks
from processes.contacter import Task, call_of, contact_of

SCRIPT = Path(__file__).parents[2] / "processes" / "contacter.py"
TOKEN = "shared by this test's processes"
KILLS = 8
PER_RUN = 100
SWEPT_WITHIN_S = 30

BEFORE_COMMIT = ("before seal", "after seal")
AFTER_COMMIT = ("before keep", "after keep")


@dataclass
class Office:
    """A vault that is served, and contacts in this process too."""

    room: Strongroom
    database: Database
    app_url: str
    socket: Path
    contacts: ContactService
    sealer: VaultClient

    def task(self, keys: Sequence[str], step: str = "") -> Task:
        """Contacts for the requests of these keys."""
        return Task(self.app_url, str(self.socket), TOKEN, self.room.tenant_id, list(keys), step)

    async def values(self) -> tuple[int, int]:
        """How many values the vault has of the tenant, and how many of them are kept."""
        row = await self.room.database.fetchrow(
            "SELECT count(*) AS every, count(kept_at) AS kept FROM vault_value"
            " WHERE tenant_id = $1",
            self.room.tenant_id,
        )
        assert row is not None
        return row["every"], row["kept"]

    async def sweep(self) -> None:
        """As it will be done when what is provisional now is old enough."""
        later = ManualClock(self.room.clock.now())
        later.advance(seconds=int(ABANDONED_AFTER.total_seconds()) + 60)
        await SealedSweep(self.sealer, later, [self.contacts.owner()]).sweep()

    async def check(self, keys: Sequence[str]) -> None:
        """Every contact opens to what was asked for, and the vault comes to have nothing else."""
        page = await self.contacts.page(self.room.tenant_id, after=None, limit=1_000)
        held = set()
        names = []
        for contact in page.contacts:
            call = self.room.call()
            opened = await self.contacts.open(call, contact.id)
            assert opened.name is not None
            key = opened.name.removeprefix("Name of ")
            assert opened.email == f"{key}@example.com"
            names.append(key)
            held |= set(contact.references().values())
        assert sorted(names) == sorted(keys)  # each once
        async with asyncio.timeout(SWEPT_WITHIN_S):
            # The vault may still be writing what a process asked for that is dead by now.
            while await self.references() != dict.fromkeys(held, True):
                await self.sweep()

    async def references(self) -> dict[UUID, bool]:
        """The values that the vault has of the tenant, and which of them are kept."""
        rows = await self.room.database.fetch(
            "SELECT reference, kept_at FROM vault_value WHERE tenant_id = $1", self.room.tenant_id
        )
        return {row["reference"]: row["kept_at"] is not None for row in rows}


@pytest.fixture
async def office(
    strongroom: Strongroom, database: Database, app_url: str, erasures: Path
) -> AsyncIterator[Office]:
    socket = erasures / "rpc"
    await strongroom.vault.serve(socket, TOKEN)
    sealer = VaultClient(socket, TOKEN)
    contacts = ContactService(database, strongroom.clock, TimeOrderedIds(), sealer)
    yield Office(strongroom, database, app_url, socket, contacts, sealer)
    await sealer.close()


@pytest.fixture(scope="module")
async def contacter() -> AsyncIterator[Forks]:
    """A process that makes contacts."""
    async with forks(SCRIPT) as contacter:
        yield contacter


@pytest.mark.parametrize("step", [*BEFORE_COMMIT, *AFTER_COMMIT])
async def test_a_kill_between_two_steps_leaves_both_or_neither(
    office: Office, contacter: Forks, step: str
) -> None:
    await contacter.begin(office.task(["one"], step))
    await contacter.until(step)
    await contacter.kill()
    is_made = step in AFTER_COMMIT
    if is_made:
        # Before any sweep: the record that is there has its values.
        [contact] = (
            await office.contacts.page(office.room.tenant_id, after=None, limit=10)
        ).contacts
        opened = await office.contacts.open(office.room.call(), contact.id)
        assert opened.name == "Name of one"
    waiting = {"after seal": (2, 0), "before keep": (2, 0), "after keep": (2, 2)}
    assert await office.values() == waiting.get(step, (0, 0))
    await office.sweep()
    await office.check(["one"] if is_made else [])
    # Who was not answered asks again: made once.
    call = call_of(office.room.tenant_id, "one")
    answer = await office.contacts.create(call, contact_of("one"))
    assert answer.is_replay == is_made
    assert isinstance(answer.value(Contact).id, UUID)
    await office.sweep()
    await office.check(["one"])


async def test_kills_at_any_moment_double_and_lose_nothing(
    office: Office, contacter: Forks
) -> None:
    dice = random.Random(4)
    keys = [f"person-{number}" for number in range(KILLS * PER_RUN)]
    done = 0
    for _ in range(KILLS):
        await contacter.begin(office.task(keys[done : done + PER_RUN]))
        await contacter.until("made")
        await asyncio.sleep(dice.random() * 0.05)
        said = await contacter.kill()
        # The next one repeats the request that was cut off.
        done += sum(line.startswith("made") for line in said)
    call = call_of(office.room.tenant_id, keys[done])
    await office.contacts.create(call, contact_of(keys[done]))
    await office.sweep()
    await office.check(keys[: done + 1])
