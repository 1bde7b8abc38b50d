"""An account is closed with its last interest and its payout, in one commit or not at all."""

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bezant.banking.accounts import AccountStatus, ledger_account
from bezant.banking.accounts.domain import BlockKind, Direction
from bezant.banking.accounts.schemas import NewBlock, StatusChange
from bezant.banking.closing.schemas import ClosedAccount
from bezant.banking.end_of_day.schemas import Run
from bezant.banking.interest.domain import PARTS
from bezant.banking.statements.errors import BalanceNotFinal
from bezant.banking.statements.schemas import BalanceConfirmation, NewBalanceConfirmation
from bezant.formats.camt053 import Entry, StatementHeader, read_statements
from bezant.kernel.database import Database
from bezant.ledger import statements
from fixtures_ledger import code
from savings import BEGIN, OVERDRAWN, Savings, noon, open_savings

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


async def left_in_march(bank: Savings) -> tuple[UUID, ClosedAccount]:
    """An account that is opened on 20 January and closed on 15 March; a day later."""
    leaving, staying = await bank.open(1_234_567), await bank.open()
    bank.wind_to(noon(date(2026, 3, 15)))
    closed = (await bank.close(leaving, staying)).value(ClosedAccount)
    assert await stated_periods(bank, leaving) == JANUARY_ON, "the day of the closing is not over"
    bank.wind_to(noon(date(2026, 3, 16)))
    return leaving, closed


JANUARY_ON = [
    (1, date(2026, 1, 20), date(2026, 1, 31)),
    (2, date(2026, 2, 1), date(2026, 2, 28)),
]


async def stated_periods(bank: Savings, account: UUID) -> list[tuple[int, date, date]]:
    found = await bank.banking.statements.page(
        bank.teller.tenant_id, account, after=None, limit=100
    )
    return [(each.number, each.from_, each.to) for each in found.statements]


async def test_the_last_statement_has_the_last_interest_and_the_payout(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=noon(date(2026, 1, 20))) as bank:
        account, closed = await left_in_march(bank)
        march = (3, date(2026, 3, 1), date(2026, 3, 15))
        assert await stated_periods(bank, account) == [*JANUARY_ON, march]
        bank.wind_to(noon(date(2026, 5, 1)))
        assert await stated_periods(bank, account) == [*JANUARY_ON, march]
        part = statements.Part("booked", None, 100)
        stated = await bank.banking.statements.statement(
            bank.teller.call(), account, 3, "EUR", part
        )
        assert (stated.opening.balance, stated.closing.balance) == ("1234567", "0")
        interest, payout = closed.interest["EUR"], closed.paid_out["EUR"]
        found = {(each.code, each.direction, each.amount) for each in stated.entries}
        assert found == {("interest", "credit", interest), ("closing", "debit", payout)}
        file = await bank.banking.statements.file(bank.teller.call(), account, 3, "EUR", "camt053")
        with file.file as content:
            header, *entries = read_statements(content)
        assert isinstance(header, StatementHeader)
        balances = {each.type: (each.amount, each.date) for each in header.balances}
        assert balances["OPBD"][0] == 1_234_567
        assert balances["CLBD"] == (0, date(2026, 3, 15))
        amounts = [each.amount for each in entries if isinstance(each, Entry)]
        assert amounts == [int(interest), int(payout)]


async def test_only_days_until_the_closing_are_confirmed(
    database: Database, run_folder: Path
) -> None:
    async with open_savings(database, run_folder, begin=noon(date(2026, 1, 20))) as bank:
        account, _ = await left_in_march(bank)
        bank.wind_to(noon(date(2026, 5, 1)))
        balances = []
        for day in (14, 15):
            new = NewBalanceConfirmation(date(2026, 3, day), "auditor")
            answer = await bank.banking.statements.confirm(bank.teller.call(), account, new)
            [of_euros] = answer.value(BalanceConfirmation).balances
            balances.append(of_euros.balance)
        assert balances == ["1234567", "0"]
        late = NewBalanceConfirmation(date(2026, 3, 16), "auditor")
        with pytest.raises(BalanceNotFinal):
            await bank.banking.statements.confirm(bank.teller.call(), account, late)
