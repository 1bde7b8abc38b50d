"""Closing entries: what a year earned goes to equity, with the close, and comes back with it."""

from datetime import date

import pytest

from bezant.ledger import schemas
from bezant.ledger.chart.schemas import FinancialYear, NewChart
from bezant.ledger.periods.schemas import PeriodClosing
from fixtures_ledger import code
from fixtures_periods import EQUITY, Office, day

RETAINED = f"{EQUITY}:EUR"
YEAR = date(2060, 1, 1), date(2060, 12, 31)
YEAR_END = "2060-12-31"


@pytest.fixture
async def year(office: Office) -> Office:
    """2060 earned 700 and spent 200; in January 2061, where we are, 50 more came in."""
    await office.pay("bank", "wallet", 5_000, day(1, 10))
    await office.pay("wallet", "fees", 700, day(6, 1))
    await office.pay("rent", "bank", 200, day(12, 31))
    office.goes_on_to(day(1, 5, year=2061))
    await office.pay("wallet", "fees", 50, day(1, 2, year=2061))
    return office


async def test_results_go_to_equity_as_of_the_periods_end(year: Office) -> None:
    before = await year.sheet(YEAR_END)
    assert (before.net_income, before.equity.total) == ("500", "500")
    earned = await year.income(*YEAR)
    closed = await year.closed("2060-12", EQUITY)
    assert await year.bank.posted(RETAINED) == 500
    assert await year.bank.posted("fees") == 50
    assert await year.bank.posted("rent") == 0
    after = await year.sheet(YEAR_END)
    assert (after.net_income, after.equity.total) == ("0", "500")
    assert (after.assets.total, after.liabilities.total) == ("4800", "4300")
    # The year's income statement is what it was: closing entries do not count.
    assert await year.income(*YEAR) == earned
    assert (earned.income.total, earned.expenses.total, earned.net_income) == ("700", "200", "500")
    assert closed.closing_transaction is not None
    posted = await year.bank.ledger.transaction(*year.key, closed.closing_transaction)
    assert posted.effective_at.isoformat() == "2060-12-31T23:59:59.999999+00:00"
    assert {(leg.code, leg.booking_date, leg.value_date) for leg in posted.postings} == {
        ("closing", YEAR[1], YEAR[1])
    }


async def test_reopening_takes_the_closing_entries_back_by_postings(year: Office) -> None:
    earned, sheet = await year.income(*YEAR), await year.sheet(YEAR_END)
    closed = await year.closed("2060-12", EQUITY)
    opened = await year.reopened("2060-12")
    assert await year.bank.posted(RETAINED) == 0
    assert await year.income(*YEAR) == earned
    again = await year.sheet(YEAR_END)
    assert (again.net_income, again.equity.total) == (sheet.net_income, sheet.equity.total)
    assert closed.closing_transaction is not None
    standing = await year.bank.ledger.transaction(*year.key, closed.closing_transaction)
    assert [leg.amount for leg in standing.postings] == ["700", "200"]
    assert (await year.period("2060-12")).closing_transaction is None
    # Late truth, and the year is closed anew.
    await year.pay("wallet", "fees", 40, day(12, 30))
    await year.closed("2060-12", EQUITY)
    assert await year.bank.posted(RETAINED) == 540
    assert (await year.income(*YEAR)).net_income == "540"
    assert opened.seq is not None


async def test_a_period_without_results_has_no_closing_entries(office: Office) -> None:
    await office.pay("bank", "wallet", 5, day(1, 10))
    office.goes_on_to(day(2, 1))
    assert (await office.closed("2060-01", EQUITY)).closing_transaction is None
    assert (await office.reopened("2060-01")).reopenings[0].decided_by == "key:bob"


async def test_a_refused_closing_closes_nothing(year: Office) -> None:
    bank = year.bank
    assert code(await year.close("2060-12", "equity:other")) == "UNKNOWN_ACCOUNT"
    await bank.open("debts:EUR", schemas.AccountType.LIABILITY)
    assert code(await year.close("2060-12", "debts")) == "CLOSING_ACCOUNT_MISMATCH"
    await bank.change("fees", status=schemas.AccountStatus.FROZEN)
    assert code(await year.close("2060-12", EQUITY)) == "ACCOUNT_FROZEN"
    assert (await year.pay("wallet", "rent", 1, day(12, 1))).status == 201
    await bank.change("fees", status=schemas.AccountStatus.OPEN)
    limits = schemas.Limits(maximum="10")
    assert (await bank.change(RETAINED, limits=limits)).status == 200
    assert code(await year.close("2060-12", EQUITY)) == "MAXIMUM_EXCEEDED"
    assert (await year.pay("wallet", "rent", 1, day(12, 1))).status == 201


async def test_every_asset_has_its_own_equity(office: Office) -> None:
    bank = office.bank
    await bank.create(schemas.Asset("EUR", 2), schemas.Asset("USD", 2))
    for asset in ("EUR", "USD"):
        await bank.open(f"till:{asset}", schemas.AccountType.ASSET, asset)
        await bank.open(f"sales:{asset}", schemas.AccountType.INCOME, asset)
        await bank.open(f"{EQUITY}:{asset}", schemas.AccountType.EQUITY, asset)
    await bank.post(
        schemas.Posting("till:EUR", "sales:EUR", "EUR", "3"),
        schemas.Posting("till:USD", "sales:USD", "USD", "4"),
    )
    office.goes_on_to(day(2, 1))
    await office.closed("2060-01", EQUITY)
    assert [await bank.posted(f"{EQUITY}:{asset}") for asset in ("EUR", "USD")] == [3, 4]
    assert (await bank.verify()).findings == []


async def test_the_chart_says_which_month_ends_a_financial_year(office: Office) -> None:
    await office.set_chart(NewChart(0, [], FinancialYear(3, EQUITY)))
    await office.pay("wallet", "fees", 9, day(1, 10))
    office.goes_on_to(day(5, 1))

    async def close(period: str) -> None:
        call = office.bank.call()
        answer = await office.keeping.close(call, office.bank.book_id, period, PeriodClosing())
        assert answer.status == 200

    await close("2060-02")
    assert await office.bank.posted(RETAINED) == 0
    await close("2060-03")
    assert await office.bank.posted(RETAINED) == 9
