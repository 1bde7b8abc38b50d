"""Whatever a statement holds: every format tells the same figures, or says that it cannot."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bezant.formats.camt053 import Entry, StatementHeader, audit_statements, read_statements
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units, parse_units
from bezant.ledger.history import Axis, Sums
from bezant.ledger.schemas import AccountType
from bezant.ledger.statements.csv_file import COLUMNS, meant, shown
from bezant.ledger.statements.domain import Content, Tally, Totals
from bezant.ledger.statements.errors import StatementBroken, StatementNotRepresentable
from bezant.ledger.statements.pdf_text import grouped, wrapped
from statement_lines import DAY, Move, Told, entry_of

XSD = "payments/iso20022/xsd/camt.053.001.08.xsd"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
long_texts = st.text("abc =+-@'\n\té漢", max_size=600)
contents = st.builds(
    Content,
    reason=st.none() | texts | long_texts,
    metadata=st.dictionaries(st.text(min_size=1, max_size=10), texts | long_texts, max_size=3),
)
account_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9:._@-]{0,127}", fullmatch=True)
codes = st.from_regex(r"[A-Za-z0-9_.-]{0,32}", fullmatch=True)
days = st.integers(0, 30).map(lambda number: DAY + timedelta(days=number))
currencies = st.sampled_from([("EUR", 2), ("JPY", 0), ("KWD", 3)])


def moves(amounts: st.SearchStrategy[int]) -> st.SearchStrategy[list[Move]]:
    return st.lists(
        st.builds(
            Move,
            direction=st.sampled_from(["debit", "credit"]),
            amount=amounts,
            day=days,
            value_day=st.none() | days,
            code=codes,
            counterparty=account_ids,
            content=contents,
        ),
        max_size=8,
    )


def told(
    amounts: st.SearchStrategy[int], assets: st.SearchStrategy[tuple[str, int]] = currencies
) -> st.SearchStrategy[Told]:
    def build(
        moved: list[Move], debits: int, credits_: int, asset: tuple[str, int], axis: Axis
    ) -> Told:
        # A statement is in the order of its axis.
        key = (lambda move: move.day) if axis is Axis.BOOKING else (
            lambda move: move.value_day or move.day
        )  # fmt: skip
        ordered = sorted(moved, key=key)
        return Told(ordered, Sums(debits, credits_), asset=asset[0], scale=asset[1], axis=axis)

    return st.builds(
        replace,
        st.builds(
            build,
            moves(amounts),
            st.integers(0, 10**12),
            st.integers(0, 10**12),
            assets,
            st.sampled_from([Axis.BOOKING, Axis.VALUE]),
        ),
        account=account_ids,
        type=st.sampled_from(AccountType),
        book_name=st.text(min_size=1, max_size=200).filter(lambda name: "\0" not in name),
    )


small = st.integers(1, 10**15)
sides = st.sampled_from(["debits", "credits"])
few = settings(max_examples=30)
"""For what parses or prints a whole file."""


@pytest.fixture(scope="module")
def schema(vectors: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(vectors / XSD))


@few
@given(told(small))
def test_camt053_is_valid_and_reads_back_to_the_same_statement(
    schema: etree.XMLSchema, told: Told
) -> None:
    xml = told.printed("camt053")
    schema.assertValid(etree.fromstring(xml))
    header, *entries = read_statements(BytesIO(xml))
    assert isinstance(header, StatementHeader)
    statement = told.statement
    # A credit is positive there, whatever the account's type.
    sign = -1 if statement.is_debit_normal else 1
    assert [balance.amount for balance in header.balances] == [
        sign * statement.opening_balance,
        sign * statement.closing_balance,
    ]
    assert [balance.date for balance in header.balances] == [DAY, statement.period.end]
    assert header.id == statement.id
    assert header.currency == told.asset
    if len(told.account) <= 34:
        assert (header.account.id, header.account.scheme) == (told.account, "BEZANT")
    for read, move in zip(entries, told.moves, strict=True):
        assert isinstance(read, Entry)
        assert read.movement == (move.amount if move.direction == "credit" else -move.amount)
        assert (read.booking_date, read.value_date) == (move.day, move.value_day or move.day)
        assert read.code.proprietary == move.code
        assert read.moves_money
        [detail] = read.details
        party = detail.debtor if move.direction == "credit" else detail.creditor
        if len(move.counterparty) <= 34:
            assert party.account == move.counterparty
        else:
            assert detail.information == f"Account {move.counterparty}"


@few
@given(told(small))
def test_camt053_adds_up_for_who_audits_it(told: Told) -> None:
    [audited] = audit_statements(BytesIO(told.printed("camt053")))
    assert audited.booked == len(told.moves)
    assert audited.closing.amount - audited.opening.amount == sum(
        move.amount if move.direction == "credit" else -move.amount for move in told.moves
    )


finer = st.sampled_from([("EUR", 4), ("JPY", 2), ("USD", 18), ("CLF", 2)])


@few
@given(told(st.integers(1, 10**30), finer))
def test_camt053_says_exactly_what_it_can_say_and_refuses_the_rest(told: Told) -> None:
    scale = scale_of(told.asset)
    amounts = [move.amount for move in told.moves]
    statement = told.statement
    figures = [*amounts, abs(statement.opening_balance), abs(statement.closing_balance)]
    is_exact = all(figure * 10**scale % 10**told.scale == 0 for figure in figures)
    is_short = sum(amounts) * 10**scale // 10**told.scale < 10**18 and all(
        figure * 10**scale // 10**told.scale < 10**18 for figure in figures
    )
    # The sums of the summary are exact where their parts are, so that they refuse nothing more.
    if is_exact and is_short:
        _, *entries = read_statements(BytesIO(told.printed("camt053")))
        for read, amount in zip(entries, amounts, strict=True):
            assert isinstance(read, Entry)
            assert read.amount * 10**told.scale == amount * 10**scale
    else:
        with pytest.raises(StatementNotRepresentable):
            told.printed("camt053")


@pytest.mark.parametrize("asset", ["BTC2", "BITCOIN", "E", "E2R"])
def test_camt053_knows_no_assets_but_currencies(asset: str) -> None:
    with pytest.raises(StatementNotRepresentable, match=asset):
        Told([], asset=asset).printed("camt053")


def test_camt053_knows_no_effective_dates() -> None:
    with pytest.raises(StatementNotRepresentable, match="booking or by value"):
        Told([], axis=Axis.EFFECTIVE).printed("camt053")


wide = st.integers(1, 2**128 - 1) | small
any_scale = st.sampled_from([("EUR", 2), ("JPY", 0), ("ETH", 18), ("SHARES", 9)])


@few
@given(told(wide, any_scale))
def test_csv_tells_every_entry_and_the_balance_after_it(told: Told) -> None:
    text = told.printed("csv").decode()
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    opening, *entries, closing = rows
    statement = told.statement
    balance = statement.opening_balance
    assert (opening["record"], opening["balance_minor"]) == ("opening", str(balance))
    for row, move in zip(entries, told.moves, strict=True):
        adds = (move.direction == "debit") == statement.is_debit_normal
        balance += move.amount if adds else -move.amount
        assert (row["record"], row["account"], row["asset"]) == ("entry", told.account, told.asset)
        assert (row["amount_minor"], row["balance_minor"]) == (str(move.amount), str(balance))
        assert parse_units(row["amount"], told.scale) == move.amount
        assert parse_units(row["balance"], told.scale) == balance
        assert row["booking_date"] == str(move.day)
        assert meant(row["code"]) == move.code
        assert row["counterparty"] == move.counterparty
        assert meant(row["reason"]) == (move.content.reason or "")
        assert (json.loads(row["metadata"]) if row["metadata"] else {}) == move.content.metadata
    assert (closing["record"], closing["balance_minor"]) == ("closing", str(balance))
    assert balance == statement.closing_balance


@few
@given(told(wide, any_scale))
def test_no_cell_of_csv_is_a_formula_but_negative_figures_of_ours(told: Told) -> None:
    figures = {"amount_minor", "amount", "balance_minor", "balance"}
    for row in csv.DictReader(StringIO(told.printed("csv").decode(), newline="")):
        for column, cell in row.items():
            if column in figures:
                assert not cell or cell.lstrip("-").replace(".", "", 1).isdecimal()
            else:
                assert not cell.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))


@given(texts | st.text("=+-@'a\t\r\n", max_size=5))
def test_a_cell_means_what_it_was_made_of(text: str) -> None:
    assert meant(shown(text)) == text


@settings(few, deadline=None)
@given(told(wide, any_scale))
def test_the_pdf_says_every_figure_and_numbers_its_pages(told: Told) -> None:
    printed = told.printed("pdf")
    assert printed == told.printed("pdf")
    document = pypdfium2.PdfDocument(printed)
    pages = [page.get_textpage().get_text_bounded() for page in document]
    text = "\n".join(pages)
    statement = told.statement
    for figure in (statement.opening_balance, statement.closing_balance):
        assert grouped(figure, told.scale) in text
    for line in told.lines():
        assert grouped(line.entry.amount, told.scale) in text
        assert grouped(line.balance, told.scale) in text
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page.replace("\r\n", " ")
        assert f"Statement {statement.id}" in page


def test_names_are_printed_in_embedded_fonts_as_far_as_those_go() -> None:
    content = Content("Ms M\u00fcller-\u0141ukaszewicz, \u20ac", {"to": "Dvo\u0159\u00e1k \u6f22"})
    printed = Told([Move("credit", 5, content=content)]).printed("pdf")
    assert printed.count(b"/FontFile2") == 2
    [page] = pypdfium2.PdfDocument(printed)
    text = page.get_textpage().get_text_bounded()
    assert "Ms M\u00fcller-\u0141ukaszewicz, \u20ac" in text
    assert "to: Dvor\u00e1k ?" in text


def test_statements_that_are_printed_at_once_do_not_mix() -> None:
    all_ = [
        Told(
            [Move("credit", 5, content=Content(chr(0xC0 + number) * 9))] * 40, account=f"a{number}"
        )
        for number in range(8)
    ]
    alone = [told.printed("pdf") for told in all_]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda told: told.printed("pdf"), all_)) == alone


def test_long_texts_end_and_take_no_page_for_themselves() -> None:
    content = Content("word " * 400, {str(number): "x" * 1_000 for number in range(50)})
    printed = Told([Move("credit", 5, content=content)] * 3).printed("pdf")
    [page] = pypdfium2.PdfDocument(printed)
    assert page.get_textpage().get_text_bounded().count("\u2026") == 3


@given(st.integers(-(2**130), 2**130), st.integers(0, 18))
def test_figures_are_grouped_and_lose_nothing(amount: int, scale: int) -> None:
    text = grouped(amount, scale)
    assert text.replace(",", "").replace("\u2212", "-") == format_units(amount, scale)
    whole = text.lstrip("\u2212").partition(".")[0].split(",")
    assert 1 <= len(whole[0]) <= 3
    assert all(len(group) == 3 for group in whole[1:])


@given(texts | long_texts, st.integers(1, 50))
def test_wrapping_loses_no_character_and_no_line_is_wider(text: str, room: int) -> None:
    lines = wrapped(text, room, len)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(0 < len(line) <= room for line in lines)


@given(told(small), st.integers(-(10**6), 10**6).filter(bool), sides)
def test_figures_that_do_not_join_are_never_a_statement(told: Told, error: int, side: str) -> None:
    statement, totals = told.statement, told.totals
    statement.check(totals)
    off = replace(totals)
    setattr(off, side, getattr(off, side) + error)
    with pytest.raises(StatementBroken):
        statement.check(off)


@given(told(small), st.data())
def test_an_entry_that_is_missing_doubled_or_changed_is_noticed(
    told: Told, data: st.DataObject
) -> None:
    if not told.moves:
        return
    entries = [entry_of(number, move) for number, move in enumerate(told.moves, 1)]
    at = data.draw(st.integers(0, len(entries) - 1))
    changed = replace(entries[at], amount=entries[at].amount + 1)
    turned = replace(
        entries[at], direction="debit" if entries[at].direction == "credit" else "credit"
    )
    rest = entries[:at] + entries[at + 1 :]
    for faulty in (rest, [*entries, entries[at]], [*rest, changed], [*rest, turned]):
        tally = Tally(told.statement)
        for entry in faulty:
            tally.take(entry)
        with pytest.raises(StatementBroken):
            tally.check(told.totals)


def test_nothing_moved_is_a_statement_too() -> None:
    nothing = Told([])
    nothing.statement.check(Totals())
    [audited] = audit_statements(BytesIO(nothing.printed("camt053")))
    assert audited.opening.amount == audited.closing.amount == 100_000
    assert audited.header.period is not None
    assert audited.header.period[0].startswith(str(date(2026, 3, 2)))
