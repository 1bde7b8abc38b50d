"""A worker killed at any step is replaced, and its job takes effect once."""

import asyncio
from dataclasses import replace

import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Handling
from jobbers import LEASE, QUICK, Office, Task, does, errands, jobbing, running

pytestmark = pytest.mark.long

RANDOM_KILLS = 6
STEPS = ("before-claim", "after-claim", "mid-handler", "before-commit", "after-commit")
REPLACED_WITHIN_S = LEASE.total_seconds() + 5


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_killed_at_any_step_is_replaced_and_its_job_done_once(
    database: Database, app_url: str, step: str
) -> None:
    office = Office(database, errands(f"test.killed-{step}"))
    loop = asyncio.get_running_loop()
    async with jobbing(Task(app_url, office.kind.name, step)) as worker:
        await worker.until("ready")
        [first, second] = await office.make("first", "second", key="one")
        await worker.until(step)
        async with running(database, Handling(office.kind, does)):
            worker.process.kill()
            killed_at = loop.time()
            await office.until(done=2)
            assert loop.time() - killed_at < REPLACED_WITHIN_S
    assert [await office.effects(job_id) for job_id in (first, second)] == [1, 1]
    # What had begun counts as an attempt: a job that kills its process is given up in the end.
    attempts = 1 if step in {"before-claim", "after-commit"} else 2
    assert (await office.job(first))["attempt"] == attempts


async def test_a_job_that_kills_its_process_becomes_a_dead_letter(
    database: Database, app_url: str
) -> None:
    office = Office(database, errands("test.deadly"))
    [deadly] = await office.make("deadly", key="one")
    for _ in range(office.kind.retry.attempts_max):
        async with jobbing(Task(app_url, office.kind.name, "mid-handler")) as worker:
            await worker.until("mid-handler")
            worker.process.kill()
            await worker.finish()
    await office.make("sound", key="one")
    async with running(database, Handling(office.kind, does)):
        await office.until(dead=1, done=1)
    assert await office.effects(deadly) == 0


async def test_kills_at_random_moments_lose_and_double_nothing(
    database: Database, app_url: str
) -> None:
    """Workers are killed after a few jobs each, wherever they are, until all is done."""
    # More attempts than kills: the same job may be under way at every one.
    retry = replace(QUICK, attempts_max=RANDOM_KILLS + 1)
    office = Office(database, errands("test.random-kills", retry=retry))
    job_ids = [id_ for key in "abcd" for id_ in await office.make(*"1234567890", key=key)]
    job_ids += await office.make(*map(str, range(40)))
    for kill in range(RANDOM_KILLS):
        task = Task(app_url, office.kind.name, attempts_max=retry.attempts_max)
        async with jobbing(task) as worker:
            for _ in range(1 + kill):
                await worker.until("handling")
            worker.process.kill()
            await worker.finish()
    async with running(database, Handling(office.kind, does)):
        await office.until(done=len(job_ids))
    assert [await office.effects(job_id) for job_id in job_ids] == [1] * len(job_ids)
