"""Postings that come late change days, and what was booked of them, as if they had been in time."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from bezant.banking.interest.domain import PARTS
from bezant.kernel.database import Database
from savings import BEGIN, OVERDRAWN, Savings, noon, open_savings

LATE = BEGIN.replace(day=28)
SINCE = date(2026, 1, 29)
UNTIL = date(2026, 3, 10)


async def earned(bank: Savings, account: UUID) -> dict[date, int]:
    """What each day earned, as is known now; parts."""
    days: dict[date, int] = {}
    for day, _, parts in await bank.accrued(account):
        days[day] = days.get(day, 0) + parts
    return days


async def bookings(bank: Savings, account: UUID) -> list[tuple[date, int, int]]:
    """Days, revisions, and minor units."""
    rows = await bank.teller.database.fetch(
        "SELECT day, revision, amount FROM interest_booking WHERE tenant_id = $1"
        " AND account_id = $2 ORDER BY day, revision",
        bank.teller.tenant_id,
        account,
    )
    return [(row["day"], row["revision"], int(row["amount"])) for row in rows]


async def movements(bank: Savings, account: UUID) -> dict[date, int]:
    """What was posted to an account by the days from which it counts, minor units."""
    rows = await bank.teller.database.fetch(
        "SELECT t.value_date, sum(CASE WHEN t.credit_no = a.account_no THEN t.amount"
        " ELSE -t.amount END) AS amount FROM account a"
        " JOIN transfer t ON t.tenant_id = a.tenant_id AND t.book_id = a.book_id"
        " AND a.account_no IN (t.credit_no, t.debit_no)"
        " WHERE a.tenant_id = $1 AND a.account_id = $2 GROUP BY t.value_date",
        bank.teller.tenant_id,
        f"accounts:{account}:EUR",
    )
    return {row["value_date"]: int(row["amount"]) for row in rows if row["amount"]}


@pytest.mark.parametrize("amount", [700_000_000, -700_000_000])
async def test_a_late_posting_corrects_what_was_booked_and_what_that_has_earned(
    database: Database, run_folder: Path, amount: int
) -> None:
    terms = OVERDRAWN | {"overdraft": {"EUR": "1000000000"}}
    async with open_savings(database, run_folder, begin=LATE, **terms) as bank:
        timely, late = await bank.open(300_000_000), await bank.open(300_000_000)
        await bank.pay_in(timely, amount, on=SINCE)
        await bank.end_days(LATE.date(), date(2026, 3, 5))
        await bank.pay_in(late, amount, on=SINCE)
        await bank.end_days(date(2026, 3, 6), UNTIL)
        assert await earned(bank, late) == await earned(bank, timely)
        assert await movements(bank, late) == await movements(bank, timely)
        kept = await bookings(bank, timely)
        corrected = await bookings(bank, late)
        assert [revision for _, revision, _ in corrected] == [0, 1, 0, 1]
        for day, _, booked in kept:
            assert sum(part for of, _, part in corrected if of == day) == booked


async def test_what_was_corrected_is_corrected_again(database: Database, run_folder: Path) -> None:
    async with open_savings(database, run_folder, begin=LATE) as bank:
        untouched, account = await bank.open(300_000_000), await bank.open(300_000_000)
        poor = await bank.open()
        await bank.end_days(LATE.date(), date(2026, 2, 2))
        for day, amount in ((3, 90_000_000), (4, -50_000_000), (5, -40_000_000)):
            await bank.pay_in(account, amount, on=SINCE)
            await bank.pay_in(poor, abs(amount), on=SINCE)
            await bank.pay_in(poor, -abs(amount), on=SINCE)
            await bank.end_day(date(2026, 2, day))
        assert await earned(bank, account) == await earned(bank, untouched)
        assert await movements(bank, account) == await movements(bank, untouched)
        [_, *revised] = await bookings(bank, account)
        assert [(revision, amount) for _, revision, amount in revised] == [
            (1, 27_000), (2, -15_000), (3, -12_000),
        ]  # fmt: skip
        rows = await database.fetch(
            "SELECT count(*) AS reversals FROM reversal WHERE tenant_id = $1",
            bank.teller.tenant_id,
        )
        assert rows[0]["reversals"] == 3, "each takes back the one before"
        assert await bookings(bank, poor) == [], "what came and went earned nothing"


async def test_interest_that_was_spent_is_not_taken_back_but_counted(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE) as bank:
        account = await bank.open(300_000_000)
        await bank.end_days(LATE.date(), date(2026, 2, 1))
        booked = await bank.booked(account)
        assert await bookings(bank, account) == [(date(2026, 1, 31), 0, 120_000)]
        # All of it is paid out, most of it as if it had been in January: nothing is left to take.
        await bank.pay_in(account, -200_000_000, on=SINCE)
        await bank.pay_in(account, 200_000_000 - booked)
        await bank.end_day(date(2026, 2, 2))
        assert await bookings(bank, account) == [(date(2026, 1, 31), 0, 120_000)]
        assert await bank.booked(account) == 0
        days = await earned(bank, account)
        assert [days[date(2026, 1, day)] for day in (28, 29, 30, 31)] == [
            30_000 * PARTS, *[10_000 * PARTS] * 3,
        ]  # fmt: skip


async def test_a_late_posting_corrects_what_was_booked_when_the_account_was_moved(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE) as bank:
        timely, late = await bank.open(300_000_000), await bank.open(300_000_000)
        await bank.pay_in(timely, 700_000_000, on=SINCE)
        await bank.end_days(LATE.date(), date(2026, 1, 29))
        silent = await bank.revise()
        for account in (timely, late):
            assert (await bank.move(account, silent)).status == 200
        await bank.end_days(date(2026, 1, 30), date(2026, 2, 2))
        assert await bookings(bank, late) == [(date(2026, 1, 30), 0, 60_000)]
        await bank.pay_in(late, 700_000_000, on=SINCE)
        await bank.end_days(date(2026, 2, 3), date(2026, 2, 4))
        assert await earned(bank, late) == await earned(bank, timely)
        assert await movements(bank, late) == await movements(bank, timely)
        assert await bookings(bank, late) == [
            (date(2026, 1, 30), 0, 60_000), (date(2026, 1, 30), 1, 70_000),
        ]  # fmt: skip


async def test_an_account_is_closed_with_what_a_late_posting_would_have_earned(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE) as bank:
        timely, late = await bank.open(300_000_000), await bank.open(300_000_000)
        heir, other = await bank.open(), await bank.open()
        await bank.pay_in(timely, 700_000_000, on=SINCE)
        await bank.end_days(LATE.date(), date(2026, 2, 10))
        bank.wind_to(noon(date(2026, 2, 15)))
        await bank.pay_in(late, 700_000_000, on=SINCE)
        assert (await bank.close(timely, heir)).status == 200
        assert (await bank.close(late, other)).status == 200
        assert await earned(bank, late) == await earned(bank, timely)
        assert await bank.booked(other) == await bank.booked(heir) > 1_000_000_000
