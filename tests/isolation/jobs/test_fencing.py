"""A holder that sleeps past its lease and wakes up changes nothing."""

import signal
from typing import Any

import asyncpg
import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Handling
from bezant.kernel.jobs.kinds import partition_of
from bezant.kernel.jobs.rounds import Round
from jobbers import CLOCK, Office, Task, does, errands, jobbing, running


async def effects_of_a_stopped_holder(
    database: Database, app_url: str, name: str, *, is_fenced: bool
) -> tuple[int, dict[str, int]]:
    """SIGSTOP in the handler, past the lease, until another has done the job; then SIGCONT."""
    office = Office(database, errands(name))
    task = Task(app_url, office.kind.name, dwell_s=0.2, is_fenced=is_fenced)
    async with jobbing(task) as holder:
        [job_id] = await office.make("once", key="one")
        await holder.until("handling")
        holder.process.send_signal(signal.SIGSTOP)
        async with running(database, Handling(office.kind, does)):
            await office.until(done=1)
        assert await office.effects(job_id) == 1
        holder.process.send_signal(signal.SIGCONT)
        await holder.until("ended")
    return await office.effects(job_id), await office.states()


async def test_a_holder_stopped_past_its_lease_writes_nothing_when_it_wakes(
    database: Database, app_url: str
) -> None:
    outcome = await effects_of_a_stopped_holder(database, app_url, "test.fenced", is_fenced=True)
    assert outcome == (1, {"done": 1})


async def test_without_the_token_the_same_holder_takes_effect_twice(
    database: Database, app_url: str
) -> None:
    """The control."""
    outcome = await effects_of_a_stopped_holder(database, app_url, "test.bare", is_fenced=False)
    assert outcome == (2, {"done": 1})


async def test_a_holder_stopped_within_its_commit_loses_it(
    database: Database, app_url: str
) -> None:
    """It holds the job's row lock, which the server takes from it after five seconds."""
    office = Office(database, errands("test.stopped-commit"))
    async with jobbing(Task(app_url, office.kind.name, "before-commit")) as holder:
        [job_id] = await office.make("once")
        await holder.until("before-commit")
        holder.process.send_signal(signal.SIGSTOP)
        async with running(database, Handling(office.kind, does)):
            await office.until(done=1)
        holder.process.send_signal(signal.SIGCONT)
    assert await office.effects(job_id) == 1


async def test_the_database_lets_one_job_of_a_key_run(
    database: Database, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    office = Office(database, errands("test.one-at-a-time"))
    await office.make("one", "two", key="same")
    with pytest.raises(asyncpg.UniqueViolationError, match="job_"):
        await owner.execute("UPDATE job SET state = 'ready' WHERE tenant_id = $1", office.tenant_id)


async def test_a_round_that_was_overtaken_hands_out_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked, then slept while another gave the turn to a job that had come in meanwhile."""
    office = Office(database, errands("test.overtaken"))
    room = {office.kind.name: 8}
    [later] = await office.make("later", key="one", order=2)
    partition_no = partition_of(office.tenant_id, office.kind.name, "one")
    slow, quick = (Round(database, name, {office.kind.name: office.kind}) for name in ("a", "b"))
    look = slow._look
    handed_out = []

    async def version() -> int:
        row = await database.fetchrow(
            "SELECT version FROM job_partition WHERE partition_no = $1", partition_no
        )
        assert row is not None
        return int(row["version"])

    async def overtaken(*given: Any) -> object:  # noqa: ANN401 - as the look's
        seen = await look(*given)
        await office.make("earlier", key="one", order=1)
        handed_out.extend(await quick.hand_out(partition_no, await version(), CLOCK.now(), room, 8))
        return seen

    monkeypatch.setattr(slow, "_look", overtaken)
    assert await slow.hand_out(partition_no, await version(), CLOCK.now(), room, 8) == []
    assert [row["order_no"] for row in handed_out] == [1]
    assert (await office.job(later))["state"] == "queued"
