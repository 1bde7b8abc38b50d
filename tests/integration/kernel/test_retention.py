"""Retention removes what is due, keeps what is not, and stops no posting."""

import asyncio
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.jobs import PLATFORM, Again, Handling, Job, Outcome
from bezant.kernel.outbox import EventReader, Sequencer, event
from bezant.kernel.retention import SWEEP, Keep, Retention
from bezant.kernel.telemetry import ABORTS
from fixtures_ledger import Bank
from jobbers import CLOCK, IDS, Errand, Office, does, errands, running

if TYPE_CHECKING:
    import asyncpg

    Owner = asyncpg.Connection[asyncpg.Record]

FILL = """
    INSERT INTO idempotency_record (tenant_id, key, salt, fingerprint, status, body, created_at)
    SELECT $1, 'old-' || md5(number::text), '', '', 201, convert_to(repeat('x', 200), 'UTF8'),
        now() - interval '30 days' + number * interval '1 millisecond'
    FROM generate_series(1, $2::integer) AS new (number)
"""


def retention(database: Database, bank: Bank | None = None) -> Retention:
    answers = {} if bank is None else {"refused": bank.ledger.remove_old_refusals}
    return Retention(database, CLOCK, Keep(), answers)


async def test_an_id_stays_refused_as_long_as_its_answer_is_kept(
    database: Database, bank: Bank
) -> None:
    names = uuid4(), uuid4()
    for name, age_h in zip(names, (71, 73), strict=True):
        await bank.post(bank.leg("alice", "world", 1), id=name)
        await database.transaction(
            lambda connection, name=name, age_h=age_h: connection.execute(  # type: ignore[misc]
                "INSERT INTO refused_transaction SELECT tenant_id, book_id, $2, code, $3"
                " FROM refused_transaction WHERE tenant_id = $1 AND transaction_id = $4",
                bank.tenant_id,
                uuid4(),
                CLOCK.now() - timedelta(hours=age_h),
                name,
            )
        )
    removed = await retention(database, bank).sweep()
    assert removed["refused"] == 1


async def records_of(database: Database, bank: Bank) -> int:
    row = await database.fetchrow(
        "SELECT count(*) AS count FROM idempotency_record WHERE tenant_id = $1", bank.tenant_id
    )
    assert row is not None
    return int(row["count"])


async def test_answers_are_kept_as_long_as_promised(database: Database, bank: Bank) -> None:
    kept = await records_of(database, bank)
    for age_h, key in ((71, "young"), (73, "old")):
        await database.transaction(
            lambda connection, key=key, age_h=age_h: connection.execute(  # type: ignore[misc]
                "INSERT INTO idempotency_record"
                " (tenant_id, key, salt, fingerprint, status, body, created_at)"
                " VALUES ($1, $2, '', '', 201, '', $3)",
                bank.tenant_id,
                key,
                CLOCK.now() - timedelta(hours=age_h),
            )
        )
    await retention(database).sweep()
    assert await records_of(database, bank) == kept + 1


@pytest.mark.parametrize("records", [20_000, pytest.param(1_000_000, marks=pytest.mark.campaign)])
async def test_postings_go_on_while_answers_are_removed(
    database: Database, bank: Bank, owner: "Owner", records: int
) -> None:
    kept = await records_of(database, bank)
    await owner.execute(FILL, bank.tenant_id, records)
    aborts = ABORTS._value.get()
    sweeping = asyncio.create_task(retention(database).sweep())
    started = perf_counter()
    waits = []
    while not sweeping.done():
        began = perf_counter()
        assert (await bank.pay("world", "alice", 1)).status == 201
        waits.append(perf_counter() - began)
    removed = await sweeping
    took_s = perf_counter() - started
    waits.sort()
    print(  # noqa: T201 - figures of a campaign
        f"removed {removed} in {took_s:.1f} s beside {len(waits)} postings:"
        f" p50 {1e3 * waits[len(waits) // 2]:.1f} ms, p99 {1e3 * waits[len(waits) * 99 // 100]:.1f}"
        f" ms, max {1e3 * waits[-1]:.1f} ms; aborts {ABORTS._value.get() - aborts:.0f}"
    )
    assert removed["idempotency_record"] >= records
    assert await records_of(database, bank) == kept + len(waits)
    assert ABORTS._value.get() - aborts <= 0.03 * len(waits)
    # On a busy machine both take longer.
    assert waits[-1] < max(1, took_s / 4), "no posting waits for the whole of it"


async def test_jobs_that_are_done_go_before_dead_letters(
    database: Database, owner: "Owner"
) -> None:
    office = Office(database, errands("test.kept"))

    async def handle(job: Job[Errand]) -> Outcome:
        return Again("never") if job.payload.name == "dead" else await does(job)

    await office.make("done", "dead", "done", "dead")
    async with running(database, Handling(office.kind, handle)):
        await office.until(done=2, dead=2)
    for days in (8, 81):
        await owner.execute(
            "UPDATE job SET ended_at = ended_at - $2 * interval '1 day' WHERE tenant_id = $1",
            office.tenant_id,
            days,
        )
        await retention(database).sweep()
        assert await office.states() == {"dead": 2}
    await owner.execute(
        "UPDATE job SET ended_at = ended_at - interval '2 days' WHERE tenant_id = $1",
        office.tenant_id,
    )
    await retention(database).sweep()
    assert await office.states() == {}


async def test_a_job_whose_key_was_not_looked_at_since_stays(
    database: Database, owner: "Owner"
) -> None:
    """Otherwise the next job of its key would wait for ever."""
    office = Office(database, errands("test.unseen"))
    await office.make("one", "two", key="same")
    async with running(database, Handling(office.kind, does)):
        await office.until(done=2)
    await owner.execute(
        "UPDATE job SET ended_at = ended_at - interval '9 days', is_unseen = true"
        " WHERE tenant_id = $1",
        office.tenant_id,
    )
    await retention(database).sweep()
    assert await office.states() == {"done": 2}


async def test_events_are_removed_when_they_were_numbered_long_ago(
    database: Database, bank: Bank
) -> None:
    clock = ManualClock(CLOCK.now() - timedelta(days=31))
    reader, stream = EventReader(database), Office(database, errands(""), bank.tenant_id)
    await Sequencer(database, clock, IDS)._number(bank.tenant_id)  # its book's creation
    await stream.write([event(IDS.new(), "note.written", "/notes/new", CLOCK.now())])
    await Sequencer(database, CLOCK, IDS)._number(bank.tenant_id)
    [book, note] = await reader.read(bank.tenant_id, 0)
    assert (book.kind, book.subject) == ("book.created", f"/v1/books/{bank.book_id}")
    await retention(database).sweep()
    assert await reader.read(bank.tenant_id, book.seq) == [note]


async def test_it_runs_as_a_scheduled_job(database: Database, owner: "Owner") -> None:
    # Another test may have had a whole application here, which scheduled this very occurrence.
    await owner.execute("DELETE FROM job WHERE tenant_id = $1 AND kind = $2", PLATFORM, SWEEP.name)
    office = Office(database, SWEEP, PLATFORM)  # type: ignore[arg-type]
    due = retention(database)
    async with running(database, due.handling(), schedules=[due.schedule()]):
        await office.until(done=1)
