"""Killed at any moment, the end of a day comes to the same as one that nobody killed."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bezant.banking.end_of_day.riders import EndDayOfAccounts
from bezant.banking.end_of_day.schemas import Run
from bezant.kernel.database import Database
from forking import Forks, forks
from processes.day_ender import Task
from savings import SAVINGS, Savings, noon, open_savings

SCRIPT = Path(__file__).parents[2] / "processes" / "day_ender.py"
KILLS = 24
ACCOUNTS = 60
CHUNK = 3
LAST_OF_MONTH = date(2026, 1, 31)
DAY = timedelta(days=1)
FEE = {"code": "keeping", "asset": "EUR", "gross": "119", "every": "month", "vat": "19"}

TERMS: dict[str, Any] = {
    "overdraft": {"EUR": "50000"},
    "interest": {"EUR": SAVINGS},
    "fees": [FEE],
}


@pytest.fixture(scope="module")
async def enders() -> AsyncIterator[Forks]:
    """A process that ends days."""
    async with forks(SCRIPT) as enders:
        yield enders


async def filled(bank: Savings, day: date) -> list[UUID]:
    """Accounts of all kinds, whose days before one are ended; the first then changes for some."""
    dice = random.Random(5)
    accounts = [await bank.open(dice.randrange(-50_000, 900_000)) for _ in range(ACCOUNTS)]
    await bank.end_days(LAST_OF_MONTH - DAY, day - DAY)
    for account in accounts[::7]:
        await bank.pay_in(account, 77_777, on=LAST_OF_MONTH - DAY)
    return accounts


async def outcome(bank: Savings, accounts: list[UUID]) -> object:
    """All that a run leaves: what accrued, what is on the accounts, and what the bank has."""
    names = ("interest:accrued", "interest:expense", "interest:income", "fees:income", "fees:vat")
    return (
        [(await bank.accrued(each), await bank.booked(each)) for each in accounts],
        {name: await bank.teller.posted(f"{name}:EUR") for name in names},
        await bank.teller.database.fetch(
            "SELECT gross, net, vat, outcome, reason, count(*) FROM fee_charge"
            " WHERE tenant_id = $1 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
            bank.teller.tenant_id,
        ),
        await bank.teller.database.fetch(
            "SELECT day, revision, amount, count(*) FROM interest_booking"
            " WHERE tenant_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            bank.teller.tenant_id,
        ),
    )


async def ended_by_killed(
    bank: Savings, enders: Forks, url: str, run_folder: Path, day: date
) -> int:
    """Have a day ended by processes that are killed; the kills that left work to do."""
    dice, left = random.Random(7), 0
    bank.wind_to(noon(day + DAY))
    run = (await bank.begin_day(day)).value(Run)
    for kill in range(KILLS):
        step = ("before", "after", "")[kill % 3]
        tenant_id, now = bank.teller.tenant_id, bank.clock.now()
        task = Task(url, str(run_folder), tenant_id, run.id, now, CHUNK, step, kill % 2)
        await enders.begin(task)
        if step and left == kill:
            # Those killed at a moment of chance may have left fewer chunks than it would pass.
            await enders.until(step, "done")
        else:
            await enders.until("ready")
            await asyncio.sleep(dice.uniform(0, 0.1))
        await enders.kill()
        left += (await bank.ends.run(tenant_id, run.id)).status == "running"
    await bank.ends.carry_out(bank.teller.tenant_id, run.id)
    return left


async def ended(
    database: Database, run_folder: Path, day: date, enders: Forks | None, url: str = ""
) -> tuple[object, int]:
    """A day that was ended with kills, or without any: what it left, and kills with work left."""
    begin, left = noon(LAST_OF_MONTH - DAY), 0
    async with open_savings(database, run_folder, begin=begin, chunk=CHUNK, **TERMS) as bank:
        accounts = await filled(bank, day)
        if enders is None:
            await bank.end_day(day)
        else:
            left = await ended_by_killed(bank, enders, url, run_folder, day)
        return await outcome(bank, accounts), left


# On the day after, what was booked of the month is booked anew for those that have changed.
@pytest.mark.parametrize("day", [LAST_OF_MONTH, LAST_OF_MONTH + DAY])
async def test_a_killed_end_of_day_comes_to_the_same_as_one_that_nobody_killed(
    database: Database, app_url: str, run_folder: Path, enders: Forks, day: date
) -> None:
    control, _ = await ended(database, run_folder, day, None)
    killed, left = await ended(database, run_folder, day, enders, app_url)
    assert left >= 12, "most kills left something to do"
    assert killed == control


async def test_a_chunk_that_is_sent_again_after_it_was_done_changes_nothing(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = noon(LAST_OF_MONTH)
    async with open_savings(database, run_folder, begin=begin, fees=[FEE]) as bank:
        account = await bank.open(10_000)
        bank.wind_to(noon(LAST_OF_MONTH + timedelta(days=1)))
        run = (await bank.begin_day(LAST_OF_MONTH)).value(Run)
        riders = []
        submit = bank.teller.ledger.submit

        async def watched(call: object, book_id: UUID, rider: object) -> object:
            riders.append(rider)
            return await submit(call, book_id, rider)  # type: ignore[arg-type]

        monkeypatch.setattr(bank.teller.ledger, "submit", watched)
        await bank.ends.carry_out(bank.teller.tenant_id, run.id)
        [chunk] = riders
        assert isinstance(chunk, EndDayOfAccounts)
        answer = await submit(bank.teller.call(), bank.teller.book_id, chunk)
        assert answer.value(Run).accounts == 1, "a repeat finds that it was done"
        assert await bank.booked(account) == 10_000 - 119
