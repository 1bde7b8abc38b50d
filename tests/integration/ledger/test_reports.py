"""Trial balance, balance sheet and income statement, by the chart, at any pair of times."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.errors import Malformed
from bezant.ledger import Ledger, schemas
from bezant.ledger.chart.errors import ChartVersionNotFound
from bezant.ledger.chart.schemas import Chart, ChartQuery, NewChart, Node
from bezant.ledger.chart.service import Charts
from bezant.ledger.errors import BookNotFound
from bezant.ledger.history import Axis
from bezant.ledger.reports.schemas import AccountLine, At, AtPage, FromTo, Line
from fixtures_ledger import IDS, code
from fixtures_periods import Office, day, new_office

ASSET, LIABILITY = schemas.AccountType.ASSET, schemas.AccountType.LIABILITY
INCOME, EXPENSE = schemas.AccountType.INCOME, schemas.AccountType.EXPENSE

CHART = NewChart(
    0,
    [
        Node("2000", "Owed", LIABILITY),
        Node("2000.20", "Wallets", LIABILITY, "2000", ["wallet*", "customers:*"]),
        Node("2000.10", "Big ones", LIABILITY, "2000", ["customers:big:*", "customers:7"]),
        Node("1000", "Cash", ASSET, None, ["bank"]),
        Node("4000", "Earned", INCOME, None, ["*"]),
    ],
)


@pytest.fixture
async def trading(office: Office) -> Office:
    """Customers large and small, and one account that the chart does not know."""
    for name in ("customers:7", "customers:70", "customers:big:1", "other"):
        await office.bank.open(name)
    for name, amount in (
        ("wallet", 1),
        ("customers:7", 10),
        ("customers:70", 100),
        ("customers:big:1", 1_000),
        ("other", 10_000),
        ("fees", 100_000),
    ):
        await office.pay("bank", name, amount, day(1, 10))
    await office.pay("rent", "bank", 7, day(1, 10))
    return office


def shape(lines: list[Line]) -> list[tuple[str | None, int, str]]:
    return [(line.code, line.depth, line.balance) for line in lines]


async def test_lines_are_in_the_charts_order_with_subtotals(trading: Office) -> None:
    await trading.set_chart(CHART)
    trial = await trading.trial()
    [euros] = trial.assets
    assert shape(euros.lines) == [
        ("1000", 0, "111104"),
        ("2000", 0, "1111"),
        ("2000.10", 1, "1010"),
        ("2000.20", 1, "101"),
        ("4000", 0, "100000"),
        (None, 0, "10000"),
        (None, 0, "7"),
    ]
    assert (euros.debits, euros.credits) == ("111118", "111118")
    assert trial.basis.chart_version == 1
    assert [line.type for line in euros.lines if line.code is None] == [LIABILITY, EXPENSE]


async def test_without_a_chart_everything_is_unassigned_and_nothing_is_lost(
    trading: Office,
) -> None:
    [euros] = (await trading.trial()).assets
    assert {line.code for line in euros.lines} == {None}
    assert sum(int(line.debits) for line in euros.lines) == int(euros.debits) == 111_118


async def test_a_balance_sheet_balances_by_the_result_so_far(trading: Office) -> None:
    await trading.set_chart(CHART)
    sheet = await trading.sheet()
    assert (sheet.assets.total, sheet.liabilities.total) == ("111104", "11111")
    assert (sheet.equity.total, sheet.net_income) == ("99993", "99993")
    assert shape(sheet.liabilities.lines)[0] == ("2000", 0, "1111")


async def test_an_income_statement_is_of_its_days(trading: Office) -> None:
    await trading.pay("wallet", "fees", 5, day(1, 5))
    month = await trading.income(date(2060, 1, 1), date(2060, 1, 31))
    assert (month.income.total, month.expenses.total, month.net_income) == ("100005", "7", "99998")
    [days] = (
        await trading.reports.income_statement(
            *trading.key, FromTo(date(2060, 1, 5), date(2060, 1, 9), axis=Axis.BOOKING)
        )
    ).assets
    assert (days.income.total, days.net_income) == ("5", "5")
    none = FromTo(date(2060, 1, 6), date(2060, 1, 9))
    assert (await trading.reports.income_statement(*trading.key, none)).assets == []
    by_default = await trading.reports.income_statement(*trading.key, FromTo())
    assert by_default.start == date(2060, 1, 1)
    assert by_default.assets[0].net_income == "99998"


async def test_a_report_is_repeated_as_it_was_known_with_the_chart_of_then(
    trading: Office,
) -> None:
    await trading.set_chart(CHART)
    trading.goes_on_to(day(1, 15))
    known_at = trading.clock.now()
    first = await trading.trial("2060-01-12")
    trading.goes_on_to(day(1, 16))
    await trading.pay("bank", "wallet", 50, day(1, 11))
    await trading.set_chart(msgspec.structs.replace(CHART, replaces=1, nodes=[]))
    now = await trading.trial("2060-01-12")
    assert now != first
    assert await trading.trial("2060-01-12", known_at=known_at) == first
    before = datetime(2060, 1, 1, tzinfo=UTC)
    assert (await trading.trial(known_at=before)).assets == []


async def test_what_lies_ahead_does_not_count_yet(trading: Office) -> None:
    await trading.pay("bank", "wallet", 1_000_000, day(1, 25))
    assert (await trading.trial()).assets[0].debits == "111118"
    assert (await trading.trial("2060-01-25")).assets[0].debits == "1111118"
    instant = "2060-01-25T12:00:00Z"
    assert (await trading.trial(instant)).assets[0].debits == "1111118"
    just_before = await trading.trial("2060-01-25T12:59:59.999999+01:00")
    assert just_before.assets[0].debits == "111118"
    for axis, at in (("booking", instant), ("value", instant), ("effective", "2060-13-01")):
        with pytest.raises(Malformed):
            await trading.trial(at, axis=Axis(axis))
    assert (await trading.trial("2060-01-24", axis=Axis.BOOKING)).assets[0].debits == "111118"


async def test_accounts_come_in_pages_of_one_state(trading: Office) -> None:
    await trading.set_chart(CHART)
    pages: list[AccountLine] = []
    after: str | None = None
    while True:
        page = await trading.reports.account_trial_balance(
            *trading.key, AtPage(), after=after, limit=3
        )
        pages += page.accounts
        after = page.next
        if after is None:
            break
        await trading.pay("bank", "wallet", 9, day(1, 10))  # known only to who begins anew
    assert [(line.account, line.code, line.balance) for line in pages] == [
        ("bank", "1000", "111104"),
        ("customers:7", "2000.10", "10"),
        ("customers:70", "2000.20", "100"),
        ("customers:big:1", "2000.10", "1000"),
        ("fees", "4000", "100000"),
        ("other", None, "10000"),
        ("rent", None, "7"),
        ("wallet", "2000.20", "1"),
    ]
    debits = sum(int(line.debits) for line in pages)
    assert debits == sum(int(line.credits) for line in pages) == 111_118


async def test_accounts_opened_later_are_in_the_next_report(trading: Office) -> None:
    assert (await trading.trial()).assets[0].debits == "111118"
    await trading.bank.open("till", ASSET)
    await trading.pay("till", "wallet", 2, day(1, 10))
    [euros] = (await trading.trial()).assets
    assert (euros.debits, euros.credits) == ("111120", "111120")
    assert shape(euros.lines)[0] == (None, 0, "111106")


async def test_numbers_that_a_failover_gave_to_others_are_read_anew(
    slow_ledger: Ledger,
    database: Database,
    clock: ManualClock,
    owner: Any,  # noqa: ANN401 - the driver's
) -> None:
    office = await new_office(slow_ledger, database, clock)
    await office.bank.open("till", ASSET)
    await office.pay("till", "wallet", 2, day(1, 10))
    assert shape((await office.trial()).assets[0].lines) == [(None, 0, "2"), (None, 0, "2")]
    tag = await owner.execute(
        "UPDATE account SET account_id = 'debts', type = 'expense' WHERE tenant_id = $1"
        " AND book_id = $2 AND account_id = 'till'",
        *office.key,
    )
    assert tag == "UPDATE 1"
    [euros] = (await office.trial()).assets
    assert [line.type for line in euros.lines] == [LIABILITY, EXPENSE]


async def test_a_chart_changes_by_versions_that_stay(office: Office) -> None:
    first = await office.set_chart(CHART)
    second = await office.set_chart(
        msgspec.structs.replace(CHART, replaces=1, nodes=CHART.nodes[:1])
    )
    assert (first.version, second.version) == (1, 2)
    charts = Charts(office.bank.ledger)

    async def found(**asked: int) -> Chart:
        return await charts.chart(*office.key, ChartQuery(**asked))  # type: ignore[arg-type]

    assert await found() == second
    assert await found(version=1) == first
    with pytest.raises(ChartVersionNotFound):
        await found(version=3)
    late = await charts.replace(
        office.bank.call(), office.bank.book_id, msgspec.structs.replace(CHART, replaces=1)
    )
    assert (late.status, code(late)) == (409, "CHART_CHANGED")
    with pytest.raises(BookNotFound):
        await charts.chart(office.bank.tenant_id, IDS.new(), ChartQuery())
    with pytest.raises(BookNotFound):
        await office.reports.trial_balance(office.bank.tenant_id, IDS.new(), At())


async def test_two_who_replace_a_chart_at_once_do_not_both(office: Office) -> None:
    charts = Charts(office.bank.ledger)
    answers = await asyncio.gather(
        *(charts.replace(office.bank.call(), office.bank.book_id, CHART) for _ in range(8))
    )
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


@pytest.mark.parametrize(
    ("nodes", "field"),
    [
        ([Node("1", "A", ASSET), Node("1", "B", ASSET)], "nodes[0].code"),
        ([Node("1", "A", ASSET, "2")], "nodes[0].parent"),
        ([Node("1", "A", ASSET), Node("2", "B", INCOME, "1")], "nodes[1].type"),
        ([Node("1", "A", ASSET, "2"), Node("2", "B", ASSET, "1")], "nodes[0].parent"),
        (
            [Node("1", "A", ASSET, None, ["x:*"]), Node("2", "B", ASSET, None, ["y", "x:*"])],
            "nodes[1].accounts[1]",
        ),
    ],
)
async def test_nodes_that_make_no_chart_are_refused(
    office: Office, nodes: list[Node], field: str
) -> None:
    charts = Charts(office.bank.ledger)
    answer = await charts.replace(office.bank.call(), office.bank.book_id, NewChart(0, nodes))
    assert code(answer) == "CHART_INVALID"
    assert f'"field":"{field}"'.encode() in answer.body
