"""Several processes on one book: one writes at a time, whatever happens to the one that does."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bezant.kernel.database import Database, TooContended, pool
from bezant.kernel.database.statements import SESSION_TIMEOUTS
from bezant.kernel.errors import Busy
from bezant.ledger import Ledger, PostTransaction, schemas
from bezant.ledger.errors import LaneElsewhere
from bezant.ledger.lane import LaneLost, lanes, store
from fixtures_ledger import Bank, new_bank, open_ledger
from posters import posting
from processes.poster import Job

TOUCH = "UPDATE lane SET seq = seq WHERE tenant_id = $1 AND book_id = $2"


def job(bank: Bank, url: str, run_folder: Path, prefix: str, **more: Any) -> Job:  # noqa: ANN401 - members by name
    return Job(url, str(run_folder), bank.tenant_id, bank.book_id, prefix, **more)


async def test_two_processes_post_to_one_book(bank: Bank, app_url: str, run_folder: Path) -> None:
    one = job(bank, app_url, run_folder, "one", count=300, concurrency=20)
    two = job(bank, app_url, run_folder, "two", count=300, concurrency=20)
    async with posting(one) as first, posting(two) as second:
        await asyncio.gather(first.finish(), second.finish())
    assert len(first.answered()) == len(second.answered()) == 300
    assert await bank.posted("alice") == 600


async def test_the_same_keys_from_two_processes_take_effect_once(
    bank: Bank, app_url: str, run_folder: Path
) -> None:
    same = job(bank, app_url, run_folder, "same", count=200, concurrency=10)
    async with posting(same) as first, posting(same) as second:
        await asyncio.gather(first.finish(), second.finish())
    assert first.answered() == second.answered()
    assert await bank.posted("alice") == 200


async def test_a_holder_stopped_in_its_batch_past_its_lease_writes_nothing_more(
    bank: Bank, app_url: str, database: Database, run_folder: Path
) -> None:
    """The lane goes to another process, which posts; then the stopped one wakes up."""
    stalled = job(bank, app_url, run_folder, "stalled", count=3, stall_s=0.5)
    async with posting(stalled) as holder:
        await holder.until("stalling")
        await _until_batch_is_open(database)
        holder.process.send_signal(signal.SIGSTOP)
        # A process that has no part in the stopped one's lane takes it over.
        async with open_ledger(database, run_folder) as other:
            bank.ledger = other
            answer = await bank.pay("world", "alice", 1000)
            assert answer.status == 201
            assert await bank.posted("alice") == 1000
            epoch = await _epoch(database, bank)
            holder.process.send_signal(signal.SIGCONT)
            await holder.finish()
            assert await _epoch(database, bank) == epoch
            assert (await bank.verify()).findings == []
    # Its three payments went to the new holder, once each.
    assert holder.answered() == {"stalled-0", "stalled-1", "stalled-2"}
    assert await bank.posted("alice") == 1003


async def test_a_stopped_holder_with_another_batch_decided_writes_neither(
    bank: Bank, app_url: str, database: Database, run_folder: Path
) -> None:
    """As above with the pipeline full: one batch in its transaction, one decided on top of it."""
    stalled = job(
        bank,
        app_url,
        run_folder,
        "stalled",
        count=2,
        concurrency=2,
        stall_s=1,
        is_second_heavy=True,
    )
    async with posting(stalled) as holder:
        await holder.until("decided")
        await _until_batch_is_open(database)
        holder.process.send_signal(signal.SIGSTOP)
        async with open_ledger(database, run_folder) as other:
            bank.ledger = other
            assert (await bank.pay("world", "alice", 1000)).status == 201
            assert await bank.posted("alice") == 1000
            epoch = await _epoch(database, bank)
            holder.process.send_signal(signal.SIGCONT)
            await holder.finish()
            assert await _epoch(database, bank) == epoch
            assert (await bank.verify()).findings == []
    assert holder.answered() == {"stalled-0", "stalled-1"}
    assert await bank.posted("alice") == 1002


async def test_a_lane_that_is_locked_for_longer_than_a_wait_is_taken_once_it_is_free(
    bank: Bank, database: Database, run_folder: Path, impatient: Database
) -> None:
    key = bank.tenant_id, bank.book_id
    async with open_ledger(impatient, run_folder) as other, database.connection() as keeper:
        await keeper.execute("BEGIN")
        await keeper.execute(TOUCH, *key)
        with pytest.raises(TooContended):
            await impatient.transaction(lambda one: one.execute(TOUCH, *key))
        bank.ledger = other
        paying = asyncio.create_task(bank.pay("world", "alice", 1000))
        await asyncio.sleep(0.5)
        assert not paying.done()
        await keeper.execute("ROLLBACK")
        assert (await paying).status == 201


async def test_a_holder_that_stopped_within_the_messages_of_a_statement_is_ended(
    bank: Bank,
    database: Database,
    run_folder: Path,
    impatient: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its session is active to the server, which ends idle ones only: it would wait for ever."""
    monkeypatch.setattr(pool, "SILENT_MAX", timedelta(seconds=0.5))
    async with open_ledger(impatient, run_folder) as other, database.connection() as stopped:
        await stopped.execute("BEGIN")
        await stopped.execute(TOUCH, bank.tenant_id, bank.book_id)
        await stopped.prepare("SELECT 1")
        bank.ledger = other
        assert (await bank.pay("world", "alice", 1000)).status == 201
        with pytest.raises(asyncpg.InterfaceError, match="released back"):
            await stopped.execute("COMMIT")  # the session is gone


async def test_a_killed_holder_is_replaced_at_once_and_nothing_is_lost_or_doubled(
    bank: Bank, app_url: str, database: Database, run_folder: Path
) -> None:
    endless = job(bank, app_url, run_folder, "endless", count=100_000, concurrency=20)
    async with posting(endless) as holder:
        for _ in range(200):
            await holder.until("answered")
        holder.process.kill()
        await holder.finish()
    repeated = job(bank, app_url, run_folder, "endless", count=1_000, concurrency=20)
    async with posting(repeated) as successor:
        await successor.finish()
    acknowledged = {key for key in holder.answered() if int(key.split("-")[1]) < 1_000}
    replays = {line.split()[1] for line in successor.lines if line.endswith("replay")}
    assert acknowledged <= replays
    assert successor.answered() == {f"endless-{number}" for number in range(1_000)}
    beyond = await database.fetchrow(
        "SELECT count(*) AS count FROM idempotency_record WHERE tenant_id = $1"
        " AND key LIKE 'endless-%' AND split_part(key, '-', 2)::int >= 1000",
        bank.tenant_id,
    )
    assert beyond is not None
    assert await bank.posted("alice") == 1_000 + beyond["count"]


@pytest.mark.parametrize("kind", [Busy, LaneElsewhere])
async def test_a_process_that_is_asked_declines_as_it_would_here(
    database: Database,
    run_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Busy] | type[LaneElsewhere],
) -> None:
    """Which refusal it is, and when to come back, survive the way between processes."""
    async with open_ledger(database, run_folder) as holder, open_ledger(database, run_folder) as by:
        bank = await _bank(holder, database)
        lane = holder._lanes._lanes[bank.tenant_id, bank.book_id]

        async def decline(*_: object) -> None:
            raise kind("Not now.", retry_after_s=7)

        monkeypatch.setattr(lane, "submit", decline)
        bank.ledger = by
        with pytest.raises(kind) as declined:
            await bank.pay("world", "alice", 1)
    assert declined.value.problem()["detail"] == "Not now."
    assert declined.value.problem()["retry_after_s"] == "7"


async def test_a_process_holds_a_bounded_number_of_lanes(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane longest idle is let go, and taken again when it is needed."""
    monkeypatch.setattr(lanes, "LANES_HELD_MAX", 2)
    async with open_ledger(database, run_folder) as ledger:
        banks = [await _bank(ledger, database) for _ in range(4)]
        for _ in range(3):
            for bank in banks:
                assert (await bank.pay("world", "alice", 1)).status == 201
                assert len(ledger._lanes._lanes) <= 2
        answers = await asyncio.gather(*(bank.pay("world", "alice", 1) for bank in banks * 5))
        assert {answer.status for answer in answers} == {201}
        for bank in banks:
            assert await bank.posted("alice") == 8
            assert (await bank.verify()).findings == []


async def test_without_the_compare_and_set_a_stale_holder_corrupts_the_book(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the fence stops a stale holder; the same holder without it does damage."""
    async with open_ledger(database, run_folder) as stale, open_ledger(database, run_folder) as new:
        bank = await _bank(stale, database)
        await bank.pay("world", "alice", 1)
        lane = stale._lanes._lanes[bank.tenant_id, bank.book_id]
        await stale._lanes._server.close()  # unreachable: the other takes the lane over
        bank.ledger = new
        await bank.pay("world", "alice", 10)
        late = PostTransaction(schemas.NewTransaction([bank.leg("world", "alice", 1)]))
        with pytest.raises(LaneLost):
            await lane.submit(late, bank.call())
        assert (await bank.verify()).findings == []

        unfenced = store.ADVANCE.split("AND epoch")[0]
        never = " AND $3::bigint IS NOT NULL AND $4::bigint IS NOT NULL"
        monkeypatch.setattr(store, "ADVANCE", unfenced + never)
        victim = new._lanes._lanes[bank.tenant_id, bank.book_id]
        victim._book.accounts["alice"].credits_posted -= 10  # as it was before the last batch
        await bank.pay("world", "alice", 1)
        assert (await bank.verify()).findings


async def _bank(ledger: Ledger, database: Database) -> Bank:
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    return bank


@pytest.fixture
async def bank(database: Database, run_folder: Path, ledger: Ledger) -> AsyncIterator[Bank]:
    """A bank whose lane is free: the process that created it has let go."""
    async with open_ledger(database, run_folder) as creator:
        bank = await _bank(creator, database)
    bank.ledger = ledger
    yield bank
    assert (await bank.verify()).findings == []


@pytest.fixture
async def impatient(app_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The database to somebody who waits for locks for 0.1 s."""
    short = SESSION_TIMEOUTS.replace("lock_timeout = '8s'", "lock_timeout = '100ms'")
    assert short != SESSION_TIMEOUTS
    monkeypatch.setattr(pool, "SESSION_TIMEOUTS", short)
    impatient = await Database.open(app_url, name="impatient")
    yield impatient
    await impatient.close()


async def _epoch(database: Database, bank: Bank) -> int:
    row = await database.fetchrow(
        "SELECT epoch FROM lane WHERE tenant_id = $1 AND book_id = $2", bank.tenant_id, bank.book_id
    )
    assert row is not None
    return int(row["epoch"])


async def _until_batch_is_open(database: Database) -> None:
    """Wait until a session sleeps inside the stalled batch, past its compare-and-set."""
    for _ in range(500):
        row = await database.fetchrow(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(seconds)%'"
            " AND state = 'active' AND application_name = 'stalled'"
        )
        if row is not None:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the stalled batch never began")
