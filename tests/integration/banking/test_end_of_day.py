"""Days end one after the other: interest accrues, is booked, corrected; fees are charged."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from bezant.banking.end_of_day.riders import EndDayOfAccounts
from bezant.banking.end_of_day.schemas import Run, RunStatus
from bezant.banking.interest.domain import PARTS
from bezant.banking.terms.fees import FeeEvent
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.ledger import Decision, Rider, Seen
from fixtures_ledger import code
from savings import BEGIN, OVERDRAWN, SAVINGS, Savings, open_savings

FIRST = BEGIN.date()
LATE = BEGIN.replace(day=28)


def january(day: int) -> date:
    return date(2026, 1, day)


async def test_a_day_earns_by_the_balance_that_counts_on_it(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        rich, late, empty = await bank.open(1_000_000), await bank.open(), await bank.open()
        await bank.pay_in(late, 500_000, on=january(2))
        run = await bank.end_day(FIRST)
        assert (run.status, run.accounts) == (RunStatus.COMPLETED, 3)
        assert await bank.accrued(rich) == [(FIRST, 0, 100 * PARTS)]
        assert await bank.accrued(late) == [(FIRST, 0, 0)]
        assert await bank.accrued(empty) == [(FIRST, 0, 0)]
        await bank.end_day(january(2))
        assert await bank.total(late) == 50 * PARTS
        assert await bank.booked(rich) == 1_000_000, "nothing is booked before the month is over"


async def test_a_month_is_booked_whole_and_what_is_left_is_carried(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE) as bank:
        account = await bank.open(123_456)
        await bank.end_days(LATE.date(), january(31))
        # 123,456 / 10,000 a day, four times: 49.3824.
        assert await bank.booked(account) == 123_456 + 49
        assert await bank.teller.posted("interest:expense:EUR") == 49
        await bank.end_day(date(2026, 2, 1))
        [*_, (_, _, parts)] = await bank.accrued(account)
        assert parts == 123_505 * PARTS // 10_000, "interest earns interest from the day after"


async def test_an_overdraft_costs_and_what_cannot_be_paid_stays_due(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE, **OVERDRAWN) as bank:
        owing, broke = await bank.open(-500_000), await bank.open(-1_000_000)
        await bank.end_days(LATE.date(), january(31))
        assert await bank.booked(owing) == -500_000 - 4 * 100
        assert await bank.booked(broke) == -1_000_000, "the line is used up"
        assert await bank.teller.posted("interest:income:EUR") == 4 * 100 + 4 * 200
        await bank.pay_in(broke, 20_000)
        await bank.end_days(date(2026, 2, 1), date(2026, 2, 28))
        assert await bank.booked(broke) == -980_000 - 4 * 200 - 28 * 196


async def test_a_backdated_posting_is_corrected_in_the_day_that_is_open(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        account, other = await bank.open(1_000_000), await bank.open(7)
        await bank.end_days(FIRST, january(10))
        await bank.pay_in(account, 500_000, on=january(8))
        await bank.end_day(january(11))
        found = await bank.accrued(account)
        assert found[:7] == [(january(day), 0, 100 * PARTS) for day in range(1, 8)]
        assert found[7:] == [
            *((january(day), no, (100, 50)[no] * PARTS) for day in (8, 9, 10) for no in (0, 1)),
            (january(11), 0, 150 * PARTS),
        ]
        assert {revision for _, revision, _ in await bank.accrued(other)} == {0}
        # Taken back: the same days change again, and what was known before stays.
        await bank.pay_in(account, -500_000, on=january(8))
        await bank.end_day(january(12))
        assert [parts for day, _, parts in await bank.accrued(account) if day == january(8)] == [
            100 * PARTS, 50 * PARTS, -50 * PARTS,
        ]  # fmt: skip
        assert await bank.total(account) == 12 * 100 * PARTS


async def test_a_correction_may_turn_what_is_earned_into_what_is_owed(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, **OVERDRAWN) as bank:
        account = await bank.open(10_000)
        await bank.end_day(FIRST)
        assert await bank.teller.posted("interest:expense:EUR") == 1
        await bank.pay_in(account, -20_000, on=FIRST)
        await bank.end_day(january(2))
        assert await bank.teller.posted("interest:expense:EUR") == 0
        assert await bank.teller.posted("interest:income:EUR") == 2 + 2
        assert await bank.total(account) == -4 * PARTS


async def test_what_is_posted_after_a_run_began_belongs_to_the_next(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        account = await bank.open(1_000_000)
        bank.wind_to(BEGIN.replace(day=2))
        run = (await bank.begin_day(FIRST)).value(Run)
        await bank.pay_in(account, 9_000_000, on=FIRST)
        await bank.ends.carry_out(bank.teller.tenant_id, run.id)
        assert await bank.total(account) == 100 * PARTS
        await bank.end_day(january(2))
        assert await bank.total(account) == (1_000 + 1_000) * PARTS


async def test_days_are_ended_in_order_once_and_when_they_are_over(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, time_zone="America/New_York") as bank:
        bank.wind_to(BEGIN.replace(day=2, hour=4))
        assert code(await bank.begin_day(FIRST)) == "DAY_NOT_OVER", "it is 23 o'clock there"
        bank.wind_to(BEGIN.replace(day=2, hour=6))
        run = (await bank.begin_day(FIRST)).value(Run)
        bank.wind_to(BEGIN.replace(day=5))
        assert code(await bank.begin_day(january(2))) == "PREVIOUS_DAY_RUNNING"
        await bank.ends.carry_out(bank.teller.tenant_id, run.id)
        await bank.ends.carry_out(bank.teller.tenant_id, run.id)
        for day in (FIRST, january(3), date(2025, 12, 31)):
            assert code(await bank.begin_day(day)) == "DAY_OUT_OF_ORDER"
        assert (await bank.end_day(january(2))).status is RunStatus.COMPLETED


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1_000])
async def test_the_size_of_chunks_changes_nothing(
    database: Database, run_folder: Path, chunk: int
) -> None:
    async with open_savings(database, run_folder, begin=LATE, chunk=chunk) as bank:
        amounts = range(10_000, 10_000 + 7 * 4_999, 4_999)
        accounts = [await bank.open(amount) for amount in amounts]
        await bank.end_days(LATE.date(), january(31))
        booked = [await bank.booked(account) for account in accounts]
        assert booked == [amount + 4 * amount // 10_000 for amount in amounts]
        total = 4 * sum(amounts) // 10_000
        assert await bank.teller.posted("interest:expense:EUR") == total


async def booked_interest(bank: Savings, account: UUID) -> list[tuple[date, int]]:
    """Days, and minor units."""
    rows = await bank.teller.database.fetch(
        "SELECT day, amount FROM interest_booking WHERE tenant_id = $1 AND account_id = $2"
        " ORDER BY day",
        bank.teller.tenant_id,
        account,
    )
    return [(row["day"], int(row["amount"])) for row in rows]


async def test_what_has_accrued_is_booked_when_an_account_earns_nothing_any_more(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, **OVERDRAWN) as bank:
        saver, owing, broke = [await bank.open(each) for each in (1_000_009, -500_000, -1_000_000)]
        await bank.end_days(FIRST, january(10))
        silent = await bank.revise(overdraft=OVERDRAWN["overdraft"])
        for account in (saver, owing, broke):
            assert (await bank.move(account, silent)).status == 200
        await bank.end_day(january(11))
        assert await booked_interest(bank, saver) == [(january(11), 1_000)]
        assert await booked_interest(bank, owing) == [(january(11), -1_000)]
        assert await booked_interest(bank, broke) == [], "the line is used up"
        assert len(await bank.accrued(saver)) == 10
        await bank.pay_in(broke, 20_000)
        await bank.end_days(january(12), january(13))
        assert await booked_interest(bank, broke) == [(january(12), -2_000)]
        assert await bank.booked(saver) == 1_001_009, "once"


async def test_a_move_between_two_rates_in_mid_month_is_booked_with_the_month(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=LATE) as bank:
        moved, back = await bank.open(1_000_000), await bank.open(1_000_000)
        await bank.end_days(LATE.date(), january(29))
        twice = await bank.revise(interest={"EUR": {**SAVINGS, "tiers": [{"rate": "7.3"}]}})
        none = await bank.revise()
        assert (await bank.move(moved, twice)).status == 200
        assert (await bank.move(back, none)).status == 200
        await bank.end_day(january(30))
        assert (await bank.move(back, twice)).status == 200
        await bank.end_day(january(31))
        assert await booked_interest(bank, moved) == [(january(31), 2 * 100 + 2 * 200)]
        assert await booked_interest(bank, back) == [(january(30), 200), (january(31), 200)]


async def test_an_account_that_is_moved_while_a_run_looks_at_it_is_looked_at_again(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_savings(database, run_folder) as bank:
        account, other = await bank.open(1_000_000), await bank.open(1_000_000)
        twice = await bank.revise(interest={"EUR": {**SAVINGS, "tiers": [{"rate": "7.3"}]}})
        submit, codes = bank.teller.ledger.submit, list[int]()

        async def moving(call: Call, book_id: UUID, rider: Rider) -> Answer:
            if isinstance(rider, EndDayOfAccounts) and not codes:
                assert (await bank.move(account, twice)).status == 200
            answer = await submit(call, book_id, rider)
            if isinstance(rider, EndDayOfAccounts):
                codes.append(answer.status)
            return answer

        monkeypatch.setattr(bank.teller.ledger, "submit", moving)
        await bank.end_day(FIRST)
        assert codes == [409, 200]
        assert await bank.accrued(account) == [(FIRST, 0, 200 * PARTS)]
        assert await bank.accrued(other) == [(FIRST, 0, 100 * PARTS)]


async def test_a_fee_is_charged_waived_or_refused_and_vat_is_apart(
    database: Database, run_folder: Path
) -> None:
    fee = {
        "code": "keeping", "asset": "EUR", "gross": "490", "every": "month", "vat": "19",
        "waived_from": "100000",
    }  # fmt: skip
    async with open_savings(database, run_folder, begin=LATE, fees=[fee]) as bank:
        payer, rich, poor = await bank.open(99_999), await bank.open(100_000), await bank.open(489)
        await bank.end_days(LATE.date(), january(31))
        assert [await bank.booked(each) for each in (payer, rich, poor)] == [99_509, 100_000, 489]
        assert await bank.teller.posted("fees:income:EUR") == 412
        assert await bank.teller.posted("fees:vat:EUR") == 78
        rows = await database.fetch(
            "SELECT account_id, outcome, reason FROM fee_charge WHERE tenant_id = $1",
            bank.teller.tenant_id,
        )
        assert {row["account_id"]: (row["outcome"], row["reason"]) for row in rows} == {
            payer: ("charged", None),
            rich: ("waived", None),
            poor: ("refused", "OVERDRAFT_EXCEEDED"),
        }


async def test_a_chunk_in_which_something_cannot_be_paid_is_decided_once(
    database: Database, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fee = {"code": "keeping", "asset": "EUR", "gross": "490", "every": "month", "vat": "19"}
    async with open_savings(database, run_folder, begin=LATE, fees=[fee]) as bank:
        await bank.open(100_000)
        poor = await bank.open(489)
        await bank.end_days(LATE.date(), january(30))
        decided = []
        steps = EndDayOfAccounts.steps

        def counted(chunk: EndDayOfAccounts, seen: Seen) -> Iterator[Decision | None]:
            decided.append(chunk)
            return steps(chunk, seen)

        monkeypatch.setattr(EndDayOfAccounts, "steps", counted)
        await bank.end_day(january(31))
        assert await bank.booked(poor) == 489
        assert len(decided) == 1


async def test_a_fee_that_could_not_be_paid_is_asked_for_once_more(
    database: Database, run_folder: Path
) -> None:
    fees = [{"code": "paper", "asset": "EUR", "gross": "119", "event": "statement", "vat": "19"}]
    async with open_savings(database, run_folder, fees=fees) as bank:
        late, broke = await bank.open(), await bank.open()
        for account in (late, broke):
            [refused] = await bank.charge(account, FeeEvent.STATEMENT, "one")
            assert (refused.outcome, refused.day) == ("refused", FIRST)
        await bank.end_day(FIRST)
        await bank.pay_in(late, 1_000)
        await bank.end_day(january(2))
        await bank.pay_in(broke, 1_000)
        await bank.end_days(january(3), january(5))
        assert await bank.booked(late) == 881
        assert await bank.booked(broke) == 1_000, "once more, and not for ever"
        assert await bank.teller.posted("fees:income:EUR") == 100
        assert await bank.teller.posted("fees:vat:EUR") == 19
        for account, outcome in ((late, "charged"), (broke, "refused")):
            listed = await bank.banking.fees.charges(bank.teller.tenant_id, account)
            found = [(fee.outcome, fee.day, fee.gross, fee.net) for fee in listed.charges]
            assert found == [
                ("refused", FIRST, "119", "100"),
                (outcome, FIRST, "119", "100"),
            ]
