"""Events outside books: numbered after the commit, without gaps, in an order that never turns."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database, Row, write_rows
from bezant.kernel.jobs import Handling
from bezant.kernel.outbox import Event, EventReader, EventsExpired, Sequencer, event, remove_old
from jobbers import CLOCK, IDS, Errand, Office, does, errands, running
from posters import Poster

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LEASE = timedelta(seconds=1)
SCRIPT = Path(__file__).parents[2] / "processes" / "sequencer.py"


class Stream:
    """A tenant's events, as a consumer that never goes back sees them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tenant_id = IDS.new()
        self.reader = EventReader(database)
        self.seen: list[Event] = []

    async def write(self, subject: str, pause_s: float = 0) -> None:
        """Write one event, and commit after a while."""

        async def work(connection: "Connection") -> None:
            row = event(IDS.new(), "note.written", subject, CLOCK.now())
            await write_rows(connection, self.tenant_id, [row])
            await asyncio.sleep(pause_s)

        await self.database.transaction(work)

    async def read(self) -> None:
        """Read what is new."""
        after = self.seen[-1].seq if self.seen else 0
        self.seen += await self.reader.read(self.tenant_id, after)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.seen) < count:
                await self.read()
                await asyncio.sleep(0.005)

    @property
    def subjects(self) -> list[str]:
        return [each.subject for each in self.seen]


@asynccontextmanager
async def sequencing(database: Database, **members: object) -> AsyncIterator[Sequencer]:
    sequencer = Sequencer(database, CLOCK, IDS, lease=LEASE, **members)  # type: ignore[arg-type]
    sequencer.start()
    try:
        yield sequencer
    finally:
        await sequencer.close()


Write = Callable[[str, float], Awaitable[None]]


async def write_concurrently(write: Write, seed: int) -> tuple[set[str], list[tuple[str, str]]]:
    """Five writers, whose commits overlap at random; subjects, and pairs that must keep order.

    A pair is an event whose commit was acknowledged before the writing of the other began.
    """
    luck = random.Random(seed)
    acknowledged: list[str] = []
    pairs: list[tuple[str, str]] = []
    subjects: set[str] = set()

    async def writer(name: str) -> None:
        for number in range(12):
            subject = f"{name}{number}"
            subjects.add(subject)
            pairs.extend((earlier, subject) for earlier in acknowledged[-5:])
            await write(subject, luck.choice((0, 0, 0.01, 0.03)))
            acknowledged.append(subject)

    await asyncio.gather(*(writer(name) for name in "abcde"))
    return subjects, pairs


@pytest.mark.parametrize("seed", range(3))
async def test_numbers_are_gapless_and_follow_the_commits(database: Database, seed: int) -> None:
    stream = Stream(database)
    async with sequencing(database), sequencing(database):
        writing = asyncio.create_task(write_concurrently(stream.write, seed))
        while not writing.done():
            await stream.read()
            await asyncio.sleep(0.001)
        subjects, pairs = await writing
        await stream.until(len(subjects))
    assert [each.seq for each in stream.seen] == list(range(1, len(subjects) + 1))
    assert set(stream.subjects) == subjects
    place = {subject: number for number, subject in enumerate(stream.subjects)}
    assert [pair for pair in pairs if place[pair[0]] > place[pair[1]]] == []


async def test_numbers_given_before_the_commit_are_missed_by_a_reader(database: Database) -> None:
    """The control: the same writers and reader, with numbers taken when an event is written."""
    stream = Stream(database)
    last = 0

    async def write(subject: str, pause_s: float) -> None:
        nonlocal last
        last += 1
        number = last

        async def work(connection: "Connection") -> None:
            await connection.execute(
                "INSERT INTO event (tenant_id, seq, event_id, kind, subject, data, occurred_at,"
                " numbered_at) VALUES ($1, $2, $3, 'note.written', $4, '{}', now(), now())",
                stream.tenant_id,
                number,
                IDS.new(),
                subject,
            )
            await asyncio.sleep(pause_s)

        await database.transaction(work)

    writing = asyncio.create_task(write_concurrently(write, seed=1))
    missed = 0
    while not writing.done():
        try:
            await stream.read()
        except EventsExpired:
            # The reader tells a gap; one that did not would go on after it.
            missed += 1
        await asyncio.sleep(0.001)
    assert missed > 0


async def test_a_killed_sequencer_leaves_no_gap_and_no_double(
    database: Database, app_url: str
) -> None:
    stream = Stream(database)
    written = 0
    loop = asyncio.get_running_loop()
    for step in ("before-commit", "after-commit") * 3:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), app_url, step,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await stream.write(f"{written}")
        written += 1
        await Poster(process).until(step)
        process.kill()
        await process.wait()
    killed_at = loop.time()
    async with sequencing(database):
        await stream.until(written)
        assert loop.time() - killed_at < LEASE.total_seconds() + 5
    assert [each.seq for each in stream.seen] == list(range(1, written + 1))
    assert stream.subjects == [str(number) for number in range(written)]


async def test_a_sequencer_that_was_overtaken_numbers_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read what was pending, then slept while another numbered it."""
    stream = Stream(database)
    slow, quick = Sequencer(database, CLOCK, IDS), Sequencer(database, CLOCK, IDS)
    await stream.write("zero")
    await quick._number(stream.tenant_id)
    await stream.write("one")
    write = slow._write

    async def overtaken(*given: object) -> bool:
        monkeypatch.undo()
        await quick._number(stream.tenant_id)
        await stream.write("two")
        return await write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(slow, "_write", overtaken)
    assert await slow._number(stream.tenant_id) == 0
    assert await slow._number(stream.tenant_id) == 1
    await stream.read()
    assert [each.seq for each in stream.seen] == [1, 2, 3]
    assert stream.subjects == ["zero", "one", "two"]


async def test_subscribers_rows_commit_with_the_numbers(database: Database) -> None:
    """A job for each event, in the order of the stream."""
    office = Office(database, errands("test.subscribed"))
    stream = Stream(database)
    office.tenant_id = stream.tenant_id

    def tell(tenant_id: UUID, events: object) -> list[Row]:
        assert isinstance(events, list)
        return [
            office.kind.row(
                IDS.new(),
                tenant_id,
                Errand(each.subject),
                at=CLOCK.now(),
                order=each.seq,
                key="all",
            )
            for each in events
            if tenant_id == stream.tenant_id
        ]

    async with (
        sequencing(database, subscribers=[tell]) as sequencer,
        running(database, Handling(office.kind, does)),
    ):
        for number in range(10):
            await stream.write(str(number))
        sequencer.wake()
        await office.until(done=10)


async def test_a_reader_who_is_too_late_is_told_where_to_begin(database: Database) -> None:
    stream = Stream(database)
    for number in range(5):
        await stream.write(str(number))
    clock = ManualClock(CLOCK.now())
    sequencer = Sequencer(database, clock, IDS)
    await sequencer._number(stream.tenant_id)
    await stream.write("new")
    clock.advance(seconds=60)
    await sequencer._number(stream.tenant_id)
    before = clock.now() - timedelta(seconds=30)
    assert await remove_old(database, stream.tenant_id, before, 3) == 3
    with pytest.raises(EventsExpired) as expired:
        await stream.read()
    assert expired.value.facts == {"oldest": 4}
    assert await remove_old(database, stream.tenant_id, before, 3) == 2
    assert await remove_old(database, stream.tenant_id, before, 3) == 0
    assert [each.seq for each in await stream.reader.read(stream.tenant_id, 5)] == [6]
    # Also when there is nothing newer to show the gap by.
    later = clock.now() + timedelta(seconds=1)
    assert await remove_old(database, stream.tenant_id, later, 3) == 1
    with pytest.raises(EventsExpired):
        await stream.reader.read(stream.tenant_id, 3)
    assert await stream.reader.read(stream.tenant_id, 6) == []


async def test_a_subscribers_fault_stops_one_stream_and_no_other(database: Database) -> None:
    faulty, sound = Stream(database), Stream(database)

    def tell(tenant_id: UUID, _: object) -> list[Row]:
        if tenant_id == faulty.tenant_id:
            raise ValueError("secret")
        return []

    await faulty.write("stuck")
    async with sequencing(database, subscribers=[tell]):
        await sound.write("fine")
        await sound.until(1)
    async with sequencing(database):
        await faulty.until(1)
