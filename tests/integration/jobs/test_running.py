"""Jobs: once, in order where they have a key, when they are due, again when they fail."""

import asyncio
import random
from collections import defaultdict
from datetime import timedelta

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, Outcome, RetryPolicy, Schedule
from bezant.kernel.jobs.kinds import PLATFORM
from jobbers import CLOCK, Errand, Office, does, effect, errands, running


async def test_every_job_takes_effect_once_with_several_runners(database: Database) -> None:
    office = Office(database, errands("test.many"))
    handling = Handling(office.kind, does)
    async with running(database, handling), running(database, handling):
        job_ids = [id_ for _ in range(10) for id_ in await office.make(*"abcdefghij")]
        await office.until(done=100)
    assert [await office.effects(job_id) for job_id in job_ids] == [1] * 100


async def test_jobs_of_a_key_run_in_order_and_one_at_a_time(database: Database) -> None:
    office = Office(database, errands("test.ordered"))
    running_now: set[str | None] = set()
    order: dict[str | None, list[int]] = defaultdict(list)
    luck = random.Random(7)

    async def handle(job: Job[Errand]) -> Outcome:
        assert job.key not in running_now
        running_now.add(job.key)
        await asyncio.sleep(luck.uniform(0, 0.01))
        running_now.remove(job.key)
        if luck.random() < 0.2 and job.attempt < 3:
            return Again("by chance")
        order[job.key].append(job.order)
        return Done()

    handling = Handling(office.kind, handle)
    places = [(key, place) for key in "abc" for place in range(20)]
    luck.shuffle(places)
    for key, place in places:
        await office.make("", key=key, order=place)
    async with running(database, handling), running(database, handling):
        await office.until(done=60)
    assert order == {key: list(range(20)) for key in "abc"}


async def test_a_job_waits_for_its_time(database: Database) -> None:
    clock = ManualClock(CLOCK.now())
    office = Office(database, errands("test.later"))
    await office.make("later", clock=clock, run_at=clock.now() + timedelta(hours=1))
    await office.make("now", clock=clock)
    async with running(database, Handling(office.kind, does), clock=clock) as runner:
        await office.until(done=1, ready=1)
        clock.advance(seconds=3599)
        runner.wake()
        await office.make("now", clock=clock)
        await office.until(done=2, ready=1)
        clock.advance(seconds=1)
        await office.until(done=3)


async def test_clocks_that_jump_lose_and_double_nothing(database: Database) -> None:
    """Leases are by the database's clock: a process whose own clock jumps keeps its jobs."""
    ahead, behind = ManualClock(CLOCK.now()), ManualClock(CLOCK.now())
    ahead.advance(seconds=10 * 86_400)
    behind.advance(seconds=-86_400)
    office = Office(database, errands("test.jumps", retry=RetryPolicy(age_max=timedelta(days=99))))
    handled: list[object] = []

    async def handle(job: Job[Errand]) -> Outcome:
        handled.append(job.id)
        behind.advance(seconds=random.Random(len(handled)).randrange(-3600, 86_400))
        await asyncio.sleep(0.005)
        return await does(job)

    handling = Handling(office.kind, handle)
    async with running(database, handling, clock=ahead), running(database, handling, clock=behind):
        job_ids = await office.make(*map(str, range(50)))
        await office.until(done=50)
    assert sorted(map(str, handled)) == sorted(map(str, job_ids))
    assert [await office.effects(job_id) for job_id in job_ids] == [1] * 50


async def test_a_failing_job_becomes_a_dead_letter_and_the_next_of_its_key_runs(
    database: Database,
) -> None:
    office = Office(database, errands("test.poison"))
    attempts: list[tuple[str, int, int]] = []

    async def handle(job: Job[Errand]) -> Outcome:
        attempts.append((job.payload.name, job.attempt, job.epoch))
        if job.payload.name == "poison":
            raise ValueError("secret")
        return await does(job)

    [poison, _] = await office.make("poison", "sound", key="one")
    async with running(database, Handling(office.kind, handle)):
        await office.until(dead=1, done=1)
    assert attempts == [("poison", 1, 1), ("poison", 2, 2), ("poison", 3, 3), ("sound", 1, 1)]
    # The exception's text is not kept: it may quote what nobody should read.
    assert (await office.job(poison))["last_error"] == "ValueError"


async def test_waits_grow_by_the_policy_and_others_wishes_are_met(database: Database) -> None:
    clock = ManualClock(CLOCK.now())
    policy = RetryPolicy(first_s=10, factor=3, wait_s_max=60)
    office = Office(database, errands("test.waits", retry=policy))

    async def handle(job: Job[Errand]) -> Outcome:
        wait = timedelta(seconds=7) if job.payload.name == "asked" else None
        return Again("not now", wait)

    [failing] = await office.make("failing", clock=clock)
    [asked] = await office.make("asked", clock=clock)
    waits = []
    start = clock.now()
    async with running(
        database, Handling(office.kind, handle), clock=clock, luck=lambda: 0.5
    ) as runner:
        for attempt in (1, 2, 3, 4):
            for job_id in (failing, asked):
                await office.attempted(job_id, attempt)
            await office.until(ready=2)
            waits.append(((await office.job(failing))["run_at"] - clock.now()).total_seconds())
            if attempt == 1:
                assert (await office.job(asked))["run_at"] - start == timedelta(seconds=7)
            clock.advance(seconds=60)
            runner.wake()
    assert waits == [7.5, 22.5, 45, 45]


async def test_a_job_too_old_is_given_up(database: Database) -> None:
    office = Office(database, errands("test.old", retry=RetryPolicy(age_max=timedelta(seconds=0))))

    async def handle(_: Job[Errand]) -> Outcome:
        return Again("not now")

    [job_id] = await office.make("old")
    async with running(database, Handling(office.kind, handle)):
        await office.until(dead=1)
    assert (await office.job(job_id))["attempt"] == 1


async def test_what_cannot_be_helped_by_repeating_is_given_up_at_once(database: Database) -> None:
    office = Office(database, errands("test.hopeless"))

    async def handle(_: Job[Errand]) -> Outcome:
        return GiveUp("The endpoint is gone.")

    [job_id] = await office.make("hopeless")
    async with running(database, Handling(office.kind, handle)):
        await office.until(dead=1)
    assert (await office.job(job_id))["last_error"] == "The endpoint is gone."


async def test_a_payload_of_another_kind_is_a_dead_letter(database: Database) -> None:
    office = Office(database, errands("test.payload"))
    row = office.kind.row(office.tenant_id, office.tenant_id, 7, at=CLOCK.now())  # type: ignore[arg-type]
    await office.write([row])
    async with running(database, Handling(office.kind, does)):
        await office.until(dead=1)


async def test_an_attempt_that_takes_too_long_has_failed(database: Database) -> None:
    office = Office(database, errands("test.slow", attempt_s_max=0))

    async def handle(_: Job[Errand]) -> Outcome:
        await asyncio.Event().wait()
        return Done()

    [job_id] = await office.make("slow")
    async with running(database, Handling(office.kind, handle)):
        await office.until(dead=1)
    assert (await office.job(job_id))["last_error"] == "No end within 0 s."


async def test_writes_that_the_database_refuses_fail_the_attempt(database: Database) -> None:
    office = Office(database, errands("test.refused"))
    taken = effect(
        Job(office.tenant_id, office.tenant_id, "", Errand(), 1, 1, None, 0, CLOCK.now())
    )
    await office.write([taken])

    async def handle(job: Job[Errand]) -> Outcome:
        if job.attempt == 1:
            return Done(rows=(effect(job), taken))
        if job.attempt == 2:
            return Again("not now", rows=(taken,))
        return await does(job)

    [job_id] = await office.make("refused")
    async with running(database, Handling(office.kind, handle)):
        await office.until(done=1)
    assert (await office.effects(job_id), (await office.job(job_id))["attempt"]) == (1, 3)


async def test_a_unique_job_is_made_once(database: Database) -> None:
    office = Office(database, errands("test.unique"))
    await asyncio.gather(*(office.make("same", unique="2026-11") for _ in range(20)))
    await office.make("same", unique="2026-12")
    async with running(database, Handling(office.kind, does)):
        await office.until(done=2)
        await office.make("same", unique="2026-11")
        await office.until(done=2)


async def test_a_scheduled_job_runs_once_at_each_occurrence(database: Database) -> None:
    clock = ManualClock(CLOCK.now())
    office = Office(database, errands("test.scheduled"), PLATFORM)
    schedule = Schedule(office.kind, Errand(), timedelta(hours=1))
    handling = Handling(office.kind, does)
    async with (
        running(database, handling, schedules=[schedule], clock=clock) as one,
        running(database, handling, schedules=[schedule], clock=clock) as other,
    ):
        for hour in range(1, 4):
            await office.until(done=hour)
            clock.advance(seconds=3600)
            one.wake()
            other.wake()
        await office.until(done=4)


async def test_a_slow_kind_leaves_room_to_others(database: Database) -> None:
    slow = Office(database, errands("test.clog", at_once_max=2))
    quick = Office(database, errands("test.quick"))
    gate = asyncio.Event()

    async def wait(_: Job[Errand]) -> Outcome:
        await gate.wait()
        return Done()

    await slow.make(*map(str, range(20)))
    await quick.make(*map(str, range(20)))
    async with running(database, Handling(slow.kind, wait), Handling(quick.kind, does)):
        await quick.until(done=20)
        assert await slow.states() == {"running": 2, "ready": 18}
        gate.set()
        await slow.until(done=20)


async def test_a_runner_that_stops_gives_back_what_it_cannot_finish(database: Database) -> None:
    office = Office(database, errands("test.stop"))

    async def hang(_: Job[Errand]) -> Outcome:
        await asyncio.Event().wait()
        return Done()

    [job_id] = await office.make("interrupted")
    async with running(database, Handling(office.kind, hang), drain_s=0, lease=timedelta(hours=1)):
        await office.until(running=1)
    assert await office.states() == {"ready": 1}
    # The interruption does not count as an attempt.
    assert (await office.job(job_id))["attempt"] == 0
    async with running(database, Handling(office.kind, does)):
        await office.until(done=1)


async def test_kinds_that_a_process_does_not_know_are_left_to_others(database: Database) -> None:
    office, other = Office(database, errands("test.known")), Office(database, errands("test.new"))
    await other.make("new", key="one")
    await office.make("known")
    async with running(database, Handling(office.kind, does)):
        await office.until(done=1)
        await other.until(ready=1)
    async with running(database, Handling(other.kind, does)):
        await other.until(done=1)
