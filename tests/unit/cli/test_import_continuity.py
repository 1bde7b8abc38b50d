"""Statements in their order: repeated, missing, interrupted, changed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bezant.cli.client import ApiError
from bezant.cli.statement_import import booking
from bezant.cli.statement_import.comparison import Verdict
from bezant.cli.statement_import.decision import ImportRefused
from bezant.formats.camt053 import StatementError
from bezant.ledger.schemas import Book, Entry, NewBook
from recorded_platform import Desk
from statements import DAY, Balance, Movement, Payment, Statement, xml

MARCH_2 = Statement([Movement(500), Movement(-200), Movement(500)])
MARCH_3 = Statement(
    [Movement(70, booked=DAY + timedelta(days=1))],
    opening=100_800,
    id="STATEMENT-2",
    number=2,
    day=DAY + timedelta(days=1),
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_importing_again_changes_nothing(desk: Desk) -> None:
    first = desk.load(MARCH_2)
    before = desk.platform.state()
    again = desk.load(MARCH_2)
    assert desk.platform.state() == before
    assert again.agrees
    assert (first.statements[0].posted, again.statements[0].posted) == (3, 0)
    assert again.statements[0].balances == first.statements[0].balances


@pytest.mark.parametrize(
    "delivery",
    [
        {"message": "MESSAGE-2"},
        {"version": "02"},
        {"statement": replace(MARCH_2, id="ANOTHER-ID")},
    ],
)
def test_a_statement_that_is_sent_again_is_recognized(desk: Desk, delivery: dict[str, str]) -> None:
    desk.load(MARCH_2)
    before = desk.platform.state()
    statement = delivery.pop("statement", MARCH_2)
    assert desk.load(statement, **delivery).agrees  # type: ignore[arg-type]  # popped above
    assert desk.platform.state() == before


def test_a_statement_that_a_file_holds_twice_is_booked_once(desk: Desk) -> None:
    result = desk.load(MARCH_2, MARCH_2)
    assert result.agrees
    assert [each.posted for each in result.statements] == [3, 0]


def test_the_next_statement_continues_the_book(desk: Desk) -> None:
    desk.load(MARCH_2)
    result = desk.load(MARCH_3)
    assert result.agrees
    assert result.statements[0].continues_by == "booking date"
    assert desk.platform.balance(desk.bank_account) == 100_870


def test_an_older_statement_still_agrees_after_newer_ones(desk: Desk) -> None:
    first = desk.load(MARCH_2)
    desk.load(MARCH_3)
    again = desk.load(MARCH_2)
    assert again.agrees
    assert again.statements[0].balances == first.statements[0].balances


def test_a_missing_statement_is_told_with_the_difference(desk: Desk) -> None:
    desk.load(MARCH_2)
    before = desk.platform.state()
    late = replace(MARCH_3, opening=100_850)
    with pytest.raises(ImportRefused, match=r"opens at 1008\.50 EUR .* has 1008\.00, .* 0\.50"):
        desk.load(late)
    assert desk.platform.state() == before


def test_a_gap_within_a_file_leaves_no_book_behind(desk: Desk) -> None:
    with pytest.raises(ImportRefused):
        desk.load(MARCH_2, replace(MARCH_3, opening=1))
    assert not desk.platform.held


def test_a_statement_from_before_the_books_first_is_refused(desk: Desk) -> None:
    desk.load(MARCH_3)
    with pytest.raises(ImportRefused):
        desk.load(MARCH_2)


def test_a_statement_that_the_bank_changed_is_refused(desk: Desk) -> None:
    desk.load(MARCH_2)
    before = desk.platform.state()
    moved = [[Movement(300), Movement(0 + 200), *MARCH_2.movements[1:]],
             [Movement(500), Movement(-100), Movement(400)],
             [Movement(499), Movement(-199), Movement(500)]]  # fmt: skip
    for movements in moved:
        with pytest.raises(ImportRefused):
            desk.load(replace(MARCH_2, movements=movements))
    assert desk.platform.state() == before


def test_a_statement_that_the_bank_changed_without_its_balances_is_told_to_be_changed(
    desk: Desk,
) -> None:
    there_and_back = Statement([Movement(500), Movement(-500)])
    other_way = replace(there_and_back, movements=[Movement(600), Movement(-600)])
    desk.load(there_and_back)
    with pytest.raises(ImportRefused, match="with 2 entries that the file does not have"):
        desk.load(other_way)
    with pytest.raises(ImportRefused):
        Desk(desk.folder).load(there_and_back, other_way)


def test_statements_without_number_are_told_apart_by_their_identifiers(desk: Desk) -> None:
    there_and_back = Statement([Movement(500), Movement(-500)], number=None)
    desk.load(there_and_back)
    desk.load(replace(there_and_back, id="STATEMENT-2"))
    assert len(desk.platform.recorded()) == 5
    desk.load(there_and_back)
    assert len(desk.platform.recorded()) == 5


@pytest.mark.parametrize("batches", range(5))
def test_an_interrupted_import_is_completed_by_importing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    monkeypatch.setattr(booking, "BATCH_TRANSACTIONS_MAX", 1)
    whole, cut = Desk(tmp_path), Desk(tmp_path)
    whole.load(MARCH_2, MARCH_3)
    cut.platform.batches_left = batches
    with pytest.raises(ApiError):
        cut.load(MARCH_2, MARCH_3)
    assert len(cut.platform.recorded()) == batches
    cut.platform.batches_left = 100
    assert cut.load(MARCH_2, MARCH_3).agrees
    assert cut.platform.state() == whole.platform.state()


def test_an_import_that_was_declined_in_part_is_completed_once_that_is_put_right(
    desk: Desk,
) -> None:
    statement = Statement(
        [Movement(500), Movement(-200, (Payment(name="Bob"),)), Movement(300)], opening=0
    )
    elsewhere = Desk(desk.folder)
    elsewhere.load(statement)
    [bob] = elsewhere.platform.accounts_of("counterparty:")
    desk.platform.declined.add(bob)
    with pytest.raises(ImportRefused, match=r"line \d+ was declined: ACCOUNT_FROZEN"):
        desk.load(statement)
    desk.platform.declined.clear()
    desk.platform.received = 0
    result = desk.load(statement)
    assert desk.platform.received == 1
    assert result.agrees
    assert result.statements[0].posted == 1
    assert desk.platform.balance(desk.bank_account) == 600


def test_what_is_booked_by_others_on_the_bank_account_is_noticed(desk: Desk) -> None:
    desk.load(MARCH_2)
    elsewhere = Desk(desk.folder)
    elsewhere.load(Statement([Movement(1)], opening=0, id="X", number=9))
    other = elsewhere.platform.recorded()[0]
    desk.platform.transactions[desk.platform.held[0].id][other.id] = other
    with pytest.raises(ImportRefused, match=r"a difference of -0\.01"):
        desk.load(MARCH_3)


def test_a_statement_without_entries_is_compared_and_changes_nothing(desk: Desk) -> None:
    desk.load(MARCH_2)
    before = desk.platform.state()
    empty = Statement([], opening=100_800, id="EMPTY", number=3)
    assert desk.load(empty).agrees
    desk.load(MARCH_3)
    assert desk.load(empty).agrees
    with pytest.raises(ImportRefused):
        desk.load(replace(empty, opening=100_801))
    assert len(desk.platform.recorded()) == len(before[2][desk.platform.held[0].id]) + 1  # type: ignore[index]  # a mapping


def test_an_account_may_begin_empty(desk: Desk) -> None:
    assert desk.load(Statement([], opening=0)).agrees
    assert desk.load(Statement([Movement(500)], opening=0, number=2)).agrees
    assert desk.platform.balance(desk.bank_account) == 500


def test_a_value_date_basis_is_carried_over_to_the_next_statement(desk: Desk) -> None:
    tomorrow = DAY + timedelta(days=1)
    put_off = Movement(900, valued=tomorrow)
    assert desk.load(Statement([Movement(500), put_off], closing=100_500)).agrees
    following = Statement([Movement(1)], number=2)
    following.balances = [Balance("PRCD", 100_500, DAY), Balance("CLBD", 100_501, DAY)]
    result = desk.load(following)
    assert result.agrees
    assert result.statements[0].continues_by == "value date"


def test_a_bank_that_never_counts_what_it_put_off_is_noticed_before_anything_is_booked(
    desk: Desk,
) -> None:
    tomorrow = DAY + timedelta(days=1)
    put_off = Movement(900, valued=tomorrow)
    assert desk.load(Statement([Movement(500), put_off], closing=100_500)).agrees
    before = desk.platform.state()
    following = Statement([Movement(1, booked=tomorrow)], number=2)
    following.balances = [Balance("PRCD", 100_500, DAY), Balance("CLBD", 100_501, tomorrow)]
    with pytest.raises(ImportRefused, match=r"closes at 1005\.01 .* a difference of -9\.00"):
        desk.load(following)
    assert desk.platform.state() == before


def test_several_accounts_and_currencies_go_into_one_book(desk: Desk) -> None:
    result = desk.load(
        MARCH_2,
        Statement([Movement(3)], currency="JPY", opening=7),
        Statement([Movement(5)], account="DE02100100100006820101", opening=9),
    )
    assert result.agrees
    assert len(desk.platform.accounts_of("bank:")) == 3
    assert {asset.code: asset.scale for asset in desk.platform.held[0].assets} == {
        "EUR": 2,
        "JPY": 0,
    }


def test_a_book_is_found_by_its_id_or_its_name(desk: Desk) -> None:
    book = desk.create_book("EUR")
    assert desk.load(MARCH_2).book_id == book.id
    assert desk.load(MARCH_3, book=str(book.id)).book_id == book.id
    assert not desk.load(MARCH_3).is_new_book
    desk.create_book("EUR")
    with pytest.raises(ImportRefused, match="2 books are named"):
        desk.load(MARCH_2)


def test_a_book_without_the_currency_is_refused(desk: Desk) -> None:
    desk.create_book("USD")
    with pytest.raises(ImportRefused, match="does not hold EUR"):
        desk.load(MARCH_2)
    desk.create_book("EUR", name="Thousandths", scale=3)
    with pytest.raises(ImportRefused, match="counts EUR at 3 fraction digits"):
        desk.load(MARCH_2, book="Thousandths")


def test_a_broken_file_writes_nothing(desk: Desk) -> None:
    broken = xml(MARCH_2, replace(MARCH_3, closing=7))
    with pytest.raises(StatementError):
        desk.load_bytes(broken)
    assert not desk.platform.held


def test_a_file_that_changes_meanwhile_is_not_booked_further(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = desk.platform.create_book

    def create_and_change(new: NewBook) -> Book:
        other = replace(MARCH_2, movements=[Movement(500), Movement(-201), Movement(501)])
        (desk.folder / "statement.xml").write_bytes(xml(other))
        return create(new)

    monkeypatch.setattr(desk.platform, "create_book", create_and_change)
    with pytest.raises(ImportRefused, match="changed while"):
        desk.load(MARCH_2)
    assert not desk.platform.recorded()


def test_every_balance_is_told_with_the_basis_that_gives_it(desk: Desk) -> None:
    tomorrow = DAY + timedelta(days=1)
    statement = Statement([Movement(500), Movement(900, valued=tomorrow)], opening=1_000)
    statement.balances = [
        Balance("OPBD", 1_000),
        Balance("CLBD", 2_400, credit_line=5_000),
        Balance("CLAV", 7_400),
        Balance("FWAV", 2_400, tomorrow),
        Balance("ITAV", 1_500),
        Balance("FWAV", 4_321, tomorrow),
        Balance("INFO", 99),
    ]
    rows = desk.load(statement).statements[0].balances
    assert [(row.type, row.basis, row.agrees) for row in rows] == [
        ("OPBD", "booking date", Verdict.AGREES),
        ("CLBD", "booking date", Verdict.AGREES),
        ("CLAV", "booking date + credit line 50.00", Verdict.AGREES),
        ("FWAV", "value date", Verdict.AGREES),
        ("ITAV", "value date", Verdict.AGREES),
        ("FWAV", "", Verdict.LISTED),
        ("INFO", "", Verdict.LISTED),
    ]
    assert "By value date it would be 15.00" in rows[2].note
    assert "the difference is 19.21" in rows[5].note


def test_a_book_that_lost_an_entry_does_not_agree(desk: Desk) -> None:
    desk.load(MARCH_2)
    posted = desk.platform.transactions[desk.platform.held[0].id]
    lost = desk.platform.recorded()[2]
    entries = desk.platform.entries

    def without(book: UUID, account: str) -> Iterator[Entry]:
        return (each for each in entries(book, account) if each.transaction_id != lost.id)

    desk.platform.entries = without  # type: ignore[method-assign]  # the fault
    assert lost.id in posted
    result = desk.load(MARCH_2)
    assert not result.agrees
    assert result.statements[0].balances[-1].note == "1 of its entries are not in the book."
