"""Killed while it carries out collections: whoever survives debits each once, and presents it."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Again
from bezant.payments.direct_debits import schemas
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.domain import presents_on
from debiting import DUE, ELSEWHERE, Collecting, open_collecting
from forking import Forks, forks
from processes.collector import Task

SCRIPT = Path(__file__).parents[2] / "processes" / "collector.py"
KILLS = 8
COLLECTIONS = 5


@pytest.fixture(scope="module")
async def collectors() -> AsyncIterator[Forks]:
    """A process that collects."""
    async with forks(SCRIPT) as collectors:
        yield collectors


@pytest.fixture
async def desk(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    async with open_collecting(database, run_folder) as desk:
        yield desk


async def test_kills_at_any_moment_of_the_day_debit_each_collection_once(
    desk: Collecting, collectors: Forks, app_url: str, run_folder: Path
) -> None:
    dice = random.Random(7)
    payer, payee = await desk.open(1_000_000), await desk.open()
    mandate = await desk.mandate(payee, payer)
    debits = [await desk.collect(mandate, 100) for _ in range(KILLS * COLLECTIONS)]
    desk.clock.advance(seconds=(DUE - desk.clock.now().date()).days * 86_400)
    for kill in range(KILLS):
        mine = debits[kill * COLLECTIONS : (kill + 1) * COLLECTIONS]
        task = Task(app_url, str(run_folder), desk.bank.tenant_id, mine)
        await collectors.begin(task)
        await collectors.until("ready")
        await asyncio.sleep(dice.uniform(0, 0.1))
        await collectors.kill()
    # What the last one had sent may be committed after it is gone: the mandate has changed then
    # since it was read, and the runner looks again.
    while any(isinstance(outcome, Again) for outcome in await desk.work()):
        continue
    states = {(await desk.state(debit))[0] for debit in debits}
    assert states == {DebitState.SETTLED}
    assert await desk.booked(payee) == 100 * len(debits)
    assert await desk.booked(payer) == 1_000_000 - 100 * len(debits)


async def test_what_was_to_be_presented_by_whom_was_killed_is_presented_by_a_survivor(
    desk: Collecting, collectors: Forks, app_url: str, run_folder: Path
) -> None:
    payee = await desk.open()
    debit = await desk.collect(await desk.mandate(payee, ELSEWHERE))
    desk.clock.advance(seconds=((DUE - desk.clock.now().date()).days - 1) * 86_400)
    await collectors.begin(Task(app_url, str(run_folder), desk.bank.tenant_id, [debit]))
    await collectors.until("before present")
    await collectors.kill()
    assert (await desk.state(debit))[0] is DebitState.PRESENTED
    assert desk.scheme.presented == {}
    # By the clock of the process that was killed, which decided when its message is due.
    desk.clock.advance(seconds=int((datetime.now(UTC) - desk.clock.now()).total_seconds()) + 10)
    await desk.work()
    assert set(desk.scheme.presented) == {debit}
    assert desk.scheme.asked == {debit: 1}


async def test_what_was_to_be_told_by_whom_was_killed_is_told_by_a_survivor(
    desk: Collecting, collectors: Forks, app_url: str, run_folder: Path
) -> None:
    payer = await desk.open(5_000)
    await desk.block(payer)
    debit = await desk.taken(await desk.incoming(payer))
    assert await desk.state(debit) == (DebitState.REJECTED, "AC06")
    await collectors.begin(Task(app_url, str(run_folder), desk.bank.tenant_id, told=[debit]))
    await collectors.until("before tell")
    await collectors.kill()
    assert desk.scheme.told == {}
    await desk.work()
    assert desk.scheme.told[debit].code == "AC06"
    assert desk.scheme.asked == {debit: 1}


async def test_what_was_to_be_stopped_by_whom_was_killed_is_stopped_by_a_survivor(
    desk: Collecting, collectors: Forks, app_url: str, run_folder: Path
) -> None:
    debit = await desk.collect(await desk.mandate(await desk.open(), ELSEWHERE))
    await desk.wind_to(presents_on(DUE))
    await desk.direct.debits.cancel(desk.bank.call(), debit, schemas.DebitReason("CUST"))
    await collectors.begin(Task(app_url, str(run_folder), desk.bank.tenant_id, withdrawn=[debit]))
    await collectors.until("before withdraw")
    await collectors.kill()
    assert (await desk.state(debit))[0] is DebitState.PRESENTED
    assert desk.scheme.withdrawn == {}
    await desk.work()
    assert desk.scheme.withdrawn == {debit: "CUST"}
    assert await desk.state(debit) == (DebitState.CANCELLED, "CUST")


async def test_control_a_step_that_is_taken_twice_is_refused_by_the_schema(
    desk: Collecting,
) -> None:
    _, _, debit = await desk.settled()
    answer = await desk.bank.database.fetch(
        "SELECT seq, to_state FROM direct_debit_step WHERE tenant_id = $1 AND debit_id = $2"
        " ORDER BY seq",
        desk.bank.tenant_id,
        debit,
    )
    assert [(row["seq"], row["to_state"]) for row in answer] == [(1, "announced"), (2, "settled")]
    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.bank.database.transaction(
            lambda connection: connection.execute(
                "INSERT INTO direct_debit_step (tenant_id, debit_id, seq, before_seq, from_state,"
                " to_state, at, actor)"
                " VALUES ($1, $2, 2, 1, 'announced', 'settled', now(), 'twice')",
                desk.bank.tenant_id,
                debit,
            )
        )
