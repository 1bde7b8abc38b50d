"""CSV statements by their mapping: what is read, and what is refused by row and column."""

import io
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.formats.bank_statement import (
    Part,
    StatementClosed,
    StatementLine,
    StatementOpened,
    StatementUnreadable,
    checked,
)
from bezant.formats.statement_csv import Columns, CsvMapping, read_csv
from bezant.kernel.money import format_units

SIMPLE = CsvMapping("EUR", Columns("Date", amount="Amount", remittance="Text"))
DAY = date(2026, 3, 2)


def read(text: str, mapping: CsvMapping = SIMPLE) -> list[Part]:
    source = io.BytesIO(text.encode(mapping.encoding))
    return list(checked(read_csv(source, mapping)))


def lines(text: str, mapping: CsvMapping = SIMPLE) -> list[StatementLine]:
    return [part for part in read(text, mapping) if isinstance(part, StatementLine)]


@pytest.mark.parametrize(
    ("cell", "decimal", "thousands", "amount"),
    [("1234.5", ".", "", 123450), ("-1.234,56", ",", ".", -123456), ("(7)", ".", "", -700),
     ("7,00-", ",", "", -700), ("+1 000,10", ",", " ", 100010), ("\u22123", ".", "", -300)],
)  # fmt: skip
def test_amounts_as_banks_write_them(cell: str, decimal: str, thousands: str, amount: int) -> None:
    mapping = msgspec.structs.replace(SIMPLE, decimal=decimal, thousands=thousands)
    assert lines(f'Date,Amount,Text\n2026-03-02,"{cell}",x\n', mapping)[0].amount == amount


@pytest.mark.parametrize(
    ("form", "cell"),
    [("DD.MM.YYYY", "2.3.2026"), ("MM/DD/YY", "03/02/26"), ("YYYYMMDD", "20260302")],
)
def test_dates_by_their_form(form: str, cell: str) -> None:
    mapping = msgspec.structs.replace(SIMPLE, date_format=form)
    assert lines(f"Date,Amount,Text\n{cell},1,x\n", mapping)[0].booking_date == DAY


def test_amounts_in_two_columns_and_columns_by_number() -> None:
    columns = Columns("1", credit="3", debit="2", reference="4")
    mapping = CsvMapping("EUR", columns, delimiter=";", has_headings=False, lines_before=1)
    found = lines("Bank\n2026-03-02;5.00;;NONREF\n2026-03-02;;6;R1\n", mapping)
    assert [(each.amount, each.reference, each.at) for each in found] == [
        (-500, "", 2), (600, "R1", 3),
    ]  # fmt: skip


@given(
    amounts=st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=8),
    newest_first=st.booleans(),
)
def test_balances_are_those_that_the_rows_tell(amounts: list[int], *, newest_first: bool) -> None:
    columns = Columns("Date", amount="Amount", balance="Balance")
    mapping = CsvMapping("EUR", columns, newest_first=newest_first)
    balances = [1_000 + sum(amounts[: at + 1]) for at in range(len(amounts))]
    rows = [
        f"2026-03-02,{format_units(amount, 2)},{format_units(balance, 2)}"
        for amount, balance in zip(amounts, balances, strict=True)
    ]
    rows = rows[::-1] if newest_first else rows
    opened, *_, closed = read("\n".join(["Date,Amount,Balance", *rows]), mapping)
    assert isinstance(opened, StatementOpened)
    assert isinstance(closed, StatementClosed)
    assert closed.closing is not None
    assert closed.closing.amount == balances[-1]
    if not newest_first:
        assert opened.opening is not None
        assert opened.opening.amount == 1_000


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [
        ("", 1, "Date"),
        ("Date,Amount,Text\n", 1, "-"),
        ("Date,Amount,Amount,Text\n2026-03-02,1,1,x\n", 1, "Amount"),
        ("Date,Amount,Text\n2026-03-02,1,x\n2026-13-02,1,x\n", 3, "Date"),
        ("Date,Amount,Text\n2026-03-02,1.001,x\n", 2, "Amount"),
        ("Date,Amount,Text\n2026-03-02,,x\n", 2, "Amount"),
        ("Date,Amount,Text\n2026-03-02,1e3,x\n", 2, "Amount"),
        ('Date,Amount,Text\n2026-03-02,1,"x\n', 3, "-"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(text: str, at: int, place: str) -> None:
    with pytest.raises(StatementUnreadable) as refused:
        read(text)
    assert (refused.value.line, refused.value.place) == (at, place)


def test_a_balance_that_does_not_follow_is_refused() -> None:
    mapping = CsvMapping("EUR", Columns("Date", amount="Amount", balance="Balance"))
    with pytest.raises(StatementUnreadable, match=r"come to 3\.00"):
        read("Date,Amount,Balance\n2026-03-02,1,1\n2026-03-02,2,4\n", mapping)


@pytest.mark.parametrize(
    "mapping",
    [
        '{"currency":"EUR","columns":{"booking_date":"D"}}',
        '{"currency":"EUR","columns":{"booking_date":"D","amount":"A","credit":"C","debit":"B"}}',
        '{"currency":"EUR","columns":{"booking_date":"D","amount":"A"},"date_format":"YYYY-MM"}',
        '{"currency":"EUR","columns":{"booking_date":"D","amount":"A"},"thousands":"."}',
        '{"currency":"eur","columns":{"booking_date":"D","amount":"A"}}',
    ],
)
def test_a_mapping_that_says_nothing_certain_is_refused(mapping: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(mapping, type=CsvMapping)
