"""An account is closed with its last interest and its payout, in one commit or not at all."""

from datetime import timedelta
from pathlib import Path

from bezant.banking.accounts import AccountStatus, ledger_account
from bezant.banking.accounts.domain import BlockKind, Direction
from bezant.banking.accounts.schemas import NewBlock, StatusChange
from bezant.banking.closing.schemas import ClosedAccount
from bezant.banking.end_of_day.schemas import Run
from bezant.banking.interest.domain import PARTS
from bezant.kernel.database import Database
from fixtures_ledger import code
from savings import BEGIN, OVERDRAWN, noon, open_savings

FIRST = BEGIN.date()
DAY = timedelta(days=1)


async def test_the_last_interest_is_booked_and_what_is_left_is_paid_out(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        leaving, staying = await bank.open(1_234_567), await bank.open()
        await bank.end_day(FIRST)
        # Two days that no run has ended: 123.4567 each; with the first 370.3701 in all.
        bank.wind_to(noon(FIRST + 3 * DAY))
        closed = (await bank.close(leaving, staying)).value(ClosedAccount)
        assert closed.account.status is AccountStatus.CLOSED
        assert (closed.interest, closed.paid_out) == ({"EUR": "370"}, {"EUR": "1234937"})
        assert await bank.booked(leaving) == 0
        assert await bank.booked(staying) == 1_234_937
        assert len(await bank.accrued(leaving)) == 3
        # The runs of these days leave it alone, and have the other.
        await bank.end_days(FIRST + DAY, FIRST + 3 * DAY)
        assert await bank.total(leaving) == 3 * 1_234_567 * PARTS // 10_000
        assert [parts for _, _, parts in await bank.accrued(staying)][-1] == 1_234_937 * 10**8
        assert code(await bank.close(leaving, staying)) == "STATUS_NOT_ALLOWED"


async def test_days_that_changed_after_they_were_accrued_are_corrected_at_the_end(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        leaving, staying = await bank.open(10_000), await bank.open()
        await bank.end_days(FIRST, FIRST + DAY)
        await bank.pay_in(leaving, 10_000, on=FIRST)
        closed = (await bank.close(leaving, staying)).value(ClosedAccount)
        assert closed.interest == {"EUR": "4"}
        assert [revision for _, revision, _ in await bank.accrued(leaving)] == [0, 1, 0, 1]


async def test_half_a_cent_is_rounded_to_the_even_one_and_the_books_know(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        accounts = [await bank.open(amount) for amount in (5_000, 15_000, 24_999)]
        staying = await bank.open()
        bank.wind_to(noon(FIRST + DAY))
        booked = [
            (await bank.close(each, staying)).value(ClosedAccount).interest["EUR"]
            for each in accounts
        ]
        assert booked == ["0", "2", "2"]
        assert await bank.teller.posted("interest:expense:EUR") == 4


async def test_who_owes_or_names_nobody_to_pay_to_keeps_the_account(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, **OVERDRAWN) as bank:
        rich, owing, staying = await bank.open(1_000), await bank.open(-1_000), await bank.open()
        elsewhere = bank.teller.call().id
        for payout_to in (None, rich, elsewhere):
            assert code(await bank.close(rich, payout_to)) == "PAYOUT_NOT_POSSIBLE"
        assert code(await bank.close(owing, staying)) == "ACCOUNT_OVERDRAWN"
        name = ledger_account(rich, "EUR")
        hold = await bank.teller.reserve(name, "world", 400)
        assert code(await bank.close(rich, staying)) == "ACCOUNT_NOT_EMPTY"
        assert await bank.booked(staying) == 0, "nothing of a refused closing is left"
        await bank.teller.void(hold)
        block = NewBlock(BlockKind.LEGAL, Direction.CREDIT, "attachment")
        await bank.banking.accounts.place_block(bank.teller.call(), staying, block)
        assert code(await bank.close(rich, staying)) == "ACCOUNT_BLOCKED"
        assert code(await bank.close(staying)) == "BLOCKS_STAND"
        assert await bank.booked(rich) == 1_000


async def test_what_has_accrued_is_not_lost_by_a_plain_closing(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        account = await bank.open(1_000_000)
        await bank.end_day(FIRST)
        await bank.pay_in(account, -1_000_000)
        plain = StatusChange(AccountStatus.CLOSED, "customer_left")
        answer = await bank.banking.accounts.change_status(bank.teller.call(), account, plain)
        assert code(answer) == "INTEREST_ACCRUED"
        staying = await bank.open()
        closed = (await bank.close(account, staying)).value(ClosedAccount)
        assert closed.paid_out == {"EUR": "100"}


async def test_a_run_that_goes_on_after_a_closing_leaves_the_account_alone(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder) as bank:
        leaving, staying = await bank.open(1_000_000), await bank.open()
        bank.wind_to(noon(FIRST + DAY))
        run = (await bank.begin_day(FIRST)).value(Run)
        closed = (await bank.close(leaving, staying)).value(ClosedAccount)
        assert closed.interest == {"EUR": "100"}
        await bank.ends.carry_out(bank.teller.tenant_id, run.id)
        assert await bank.total(leaving) == 100 * PARTS
