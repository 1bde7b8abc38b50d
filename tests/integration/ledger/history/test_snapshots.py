"""The past is exact at any pair of times, however far the snapshots are."""

import asyncio
from datetime import UTC, datetime, timedelta

from bezant.ledger.history import Axis, History, Moment, Span, Sums
from bezant.ledger.history.blocks import Shape
from integration.ledger.history.conftest import (
    DAYS,
    NAMES,
    SMALL,
    START,
    Life,
    snapshots_of,
)
from past import Past

BLOCKS = """
    SELECT level, after_seq, last_seq, through FROM history_block
    WHERE tenant_id = $1 AND book_id = $2 AND account_no = $3 ORDER BY level, after_seq
"""
HEAD = "SELECT seq FROM lane WHERE tenant_id = $1 AND book_id = $2"


async def head(life: Life) -> int:
    row = await life.bank.database.fetchrow(HEAD, life.bank.tenant_id, life.bank.book_id)
    assert row is not None
    return int(row["seq"])


async def read_past(life: Life) -> Past:
    return await Past.read(life.bank.database, life.bank.tenant_id, life.bank.book_id)


async def write(life: Life) -> int:
    bank = life.bank
    writer = snapshots_of(bank.database)
    return await writer.write_book(bank.tenant_id, bank.book_id, await head(life))


async def test_sums_and_entries_are_exact_before_within_and_after_snapshots(life: Life) -> None:
    for _ in range(4):
        for _ in range(30):
            await life.post()
        await life.check(await read_past(life), await head(life), 15)
        assert await write(life) > 0
        await life.check(await read_past(life), await head(life), 25)


async def test_blocks_follow_each_other_and_are_gathered_in_larger_ones(life: Life) -> None:
    for _ in range(80):
        await life.post()
    await write(life)
    past = await read_past(life)
    world = past.no("world")
    rows = await life.bank.database.fetch(BLOCKS, life.bank.tenant_id, life.bank.book_id, world)
    by_level = {level: [r for r in rows if r["level"] == level] for level in range(3)}
    assert all(by_level.values())
    for blocks in by_level.values():
        ends = [block["last_seq"] for block in blocks]
        assert [block["after_seq"] for block in blocks] == [0, *ends[:-1]]
    assert len(by_level[1]) == len(by_level[0]) // 3
    assert len(by_level[2]) == len(by_level[0]) // 9
    last = by_level[0][-1]
    at = Moment(Axis.EFFECTIVE, datetime(9000, 1, 1, tzinfo=UTC), last["last_seq"])
    assert last["through"] == past.sums(world, at).version
    assert await write(life) == 0


async def test_blocks_may_have_other_sizes_than_those_before_them(life: Life) -> None:
    """As after an upgrade; what was written stays as it is."""
    bank = life.bank
    for shape in (SMALL, Shape(block_legs=3, fan_out=2, levels=3, chunk_legs=9), SMALL):
        for _ in range(40):
            await life.post()
        seq = await head(life)
        writer = snapshots_of(bank.database, shape)
        assert await writer.write_book(bank.tenant_id, bank.book_id, seq) > 0
        await life.check(await read_past(life), seq, 20)
    assert (await bank.verify()).findings == []


async def test_a_backdated_posting_leaves_old_pairs_as_they_were_and_makes_new_ones_right(
    life: Life,
) -> None:
    bank = life.bank
    for _ in range(60):
        await life.post()
    await write(life)
    key, history = (bank.tenant_id, bank.book_id), History(bank.database)
    world, before = (await read_past(life)).no("world"), await head(life)
    moments = [life.moment(before) for _ in range(20)]
    known = [await history.sums(*key, world, at) for at in moments]
    answer = await bank.post(
        bank.leg("world", "alice", 5, booking_date=START.date(), value_date=START.date()),
        effective_at=START - timedelta(days=1),
    )
    assert answer.status == 201
    now = await head(life)
    for is_written in (False, True):
        if is_written:
            for _ in range(10):
                await life.post()
            assert await write(life) > 0
        assert [await history.sums(*key, world, at) for at in moments] == known
        at = Moment(Axis.EFFECTIVE, START - timedelta(days=1), now)
        assert await history.sums(*key, world, at) == Sums(debits_posted=5, version=1)
        assert await history.sums(*key, world, Moment(at.axis, at.until, before)) == Sums()
        span = Span(Axis.EFFECTIVE, START - timedelta(days=9), START - timedelta(days=1), now)
        [entry] = await history.entries(*key, world, span, after=None, limit=9)
        assert entry.amount == 5


async def test_an_account_without_entries_has_sums_of_nothing(life: Life) -> None:
    bank, history = life.bank, History(life.bank.database)
    key = (bank.tenant_id, bank.book_id)
    at = Moment(Axis.BOOKING, START.date(), await head(life))
    no = (await read_past(life)).no("alice")
    assert await history.sums(*key, no, at) == Sums()
    assert await history.sums_of_book(*key, at) == {}
    span = Span(Axis.BOOKING, START.date(), START.date(), at.seq)
    assert await history.entries(*key, no, span, after=None, limit=9) == []
    assert await write(life) == 0


async def test_before_the_first_entry_there_is_nothing(life: Life) -> None:
    for _ in range(40):
        await life.post()
    await write(life)
    bank, history, past = life.bank, History(life.bank.database), await read_past(life)
    first = min(leg["effective_at"] for leg in past.legs)
    key, world = (bank.tenant_id, bank.book_id), past.no("world")
    early = Moment(Axis.EFFECTIVE, first - timedelta(microseconds=1), await head(life))
    assert await history.sums(*key, world, early) == Sums()
    assert await history.sums_of_book(*key, early) == {}
    unknown = Moment(Axis.EFFECTIVE, START + timedelta(days=DAYS), 0)
    assert await history.sums(*key, world, unknown) == Sums()


async def test_what_was_known_at_an_instant_is_found_by_its_number(life: Life) -> None:
    for _ in range(12):
        await life.post()
    bank, history = life.bank, History(life.bank.database)
    key = (bank.tenant_id, bank.book_id)
    events = await bank.ledger.feed(*key, 0, 1000)
    instants = [(event.seq, event.recorded_at) for event in events.events]
    assert len(instants) > len(NAMES)
    for seq, at in instants:
        assert await history.known_seq(*key, at) == seq
        assert await history.known_seq(*key, at - timedelta(microseconds=1)) == seq - 1
    assert await history.known_seq(*key, datetime(9000, 1, 1, tzinfo=UTC)) == instants[-1][0]


async def test_the_past_is_exact_while_snapshots_are_written_and_their_writers_die(
    life: Life,
) -> None:
    """Writers race for the same blocks, and are cancelled wherever they are, while all is read."""
    stop = asyncio.Event()

    async def post() -> None:
        for _ in range(150):
            await life.post()
        stop.set()

    async def write_and_die() -> None:
        while not stop.is_set():
            task = asyncio.create_task(write(life))
            await asyncio.wait([task], timeout=life.dice.uniform(0, 0.05))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def ask() -> None:
        asked = 0
        while not stop.is_set() or asked < 20:
            seq = await head(life)
            await life.check(await read_past(life), seq, 2)
            asked += 1

    async with asyncio.TaskGroup() as group:
        for work in (post, write_and_die, write_and_die, ask):
            group.create_task(work())
    assert await write(life) >= 0
    await life.check(await read_past(life), await head(life), 30)
