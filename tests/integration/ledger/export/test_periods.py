"""Closed periods are part of a book: exported, restored to the bit, and still closed."""

from pathlib import Path
from typing import Any

import pytest

from bezant.ledger.export import Encoding
from bezant.ledger.periods.schemas import PeriodStatus
from fixtures_exports import ENCODINGS, Library, content_of
from fixtures_ledger import code
from fixtures_periods import EQUITY, Office, day
from integration.ledger.export.test_tampering import Export

LATE = 15
"""The number of the payment that is posted while February is open again."""


@pytest.fixture
async def books(office: Office, tmp_path: Path) -> Library:
    """January closed, February closed with entries, reopened, and closed again."""
    await office.pay("bank", "wallet", 1_000, day(1, 10))
    await office.pay("wallet", "fees", 5, day(2, 10))
    office.goes_on_to(day(3, 2))
    await office.closed("2060-01")
    await office.closed("2060-02", EQUITY)
    await office.reopened("2060-02")
    await office.pay("wallet", "fees", 6, day(2, 11))
    await office.closed("2060-02", EQUITY)
    return Library(office.bank, tmp_path)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_restored_book_is_closed_where_it_was(
    books: Library, office: Office, encoding: Encoding
) -> None:
    folder = await books.export(encoding=encoding)
    other = await books.elsewhere()
    restored = await books.restore(other, folder)
    assert await content_of(other) == await content_of(books.bank)
    report = await other.verify()
    assert (report.findings, report.root) == ([], restored.root)

    there = Office(other, office.clock)
    assert code(await there.pay("bank", "wallet", 1, day(2, 20))) == "ACCOUNTING_CLOSED"
    assert (await there.pay("bank", "wallet", 1, day(3, 1))).status == 201
    period = await there.period("2060-02")
    assert period.status is PeriodStatus.CLOSED
    assert period.closing_transaction == (await office.period("2060-02")).closing_transaction
    # What closing entries stand is known there as well: reopening takes them back.
    await there.reopened("2060-02")
    assert await other.posted("fees") == 11
    assert (await other.verify()).findings == []


async def test_a_posting_moved_into_a_closed_period_is_not_restored(books: Library) -> None:
    export = Export(books, await books.export())

    def move(lines: list[dict[str, Any]]) -> None:
        [late] = [line for line in lines if line.get("amount") == "6" and line["seq"] == LATE]
        late["effective_at"] = "2060-01-20T12:00:00Z"

    export.change(move)
    export.make_up()
    assert f"period_closed at seq {LATE}, leg 0" in await export.refused()
