"""The verifier finds what was posted into a closed period, and periods that never closed so."""

from typing import Any

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger
from bezant.ledger.verify import Kind
from fixtures_periods import EQUITY, Office, day, new_office

OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"

CLOSED, REOPENED = 12, 15
"""Numbers of the story below: February's close, and its reopening."""

CORRUPTIONS = {
    "a posting dated into the period": (
        f"UPDATE transfer SET effective_at = '2060-01-20' {OF_BOOK} AND seq = 14",
        Kind.PERIOD_CLOSED,
        "seq 14, leg 0",
    ),
    "a booking date moved into it": (
        f"UPDATE transfer SET booking_date = '2060-01-20' {OF_BOOK} AND seq = 14",
        Kind.PERIOD_CLOSED,
        "seq 14, leg 0",
    ),
    "a close moved to before a posting of the period": (
        f"UPDATE period_event SET period = '2060-03' {OF_BOOK} AND seq = {CLOSED}",
        Kind.PERIOD_BROKEN,
        f"seq {CLOSED}",
    ),
    "a close of a closed period": (
        f"UPDATE period_event SET period = '2060-01' {OF_BOOK} AND seq = {CLOSED}",
        Kind.PERIOD_BROKEN,
        f"seq {CLOSED}",
    ),
    "a period that is none": (
        f"UPDATE period_event SET period = 'soon' {OF_BOOK} AND seq = {CLOSED}",
        Kind.PERIOD_BROKEN,
        f"seq {CLOSED}",
    ),
    "other closing entries": (
        f"UPDATE period_event SET transaction_id = gen_random_uuid() {OF_BOOK} AND seq = {CLOSED}",
        Kind.PERIOD_BROKEN,
        f"seq {CLOSED}",
    ),
    "other entries that take them back": (
        (
            "UPDATE period_event SET transaction_id = gen_random_uuid()"
            f" {OF_BOOK} AND seq = {REOPENED}"
        ),
        Kind.PERIOD_BROKEN,
        f"seq {REOPENED + 1}",
    ),
    "another actor": (
        f"UPDATE period_event SET actor = 'key:carl' {OF_BOOK} AND seq = {REOPENED}",
        Kind.BATCH_ROOT,
        f"seq {REOPENED}",
    ),
    "a close deleted": (
        f"DELETE FROM period_event {OF_BOOK} AND seq = {CLOSED}",
        Kind.SEQUENCE_GAP,
        f"seq {CLOSED}",
    ),
}


@pytest.fixture
async def story(slow_ledger: Ledger, database: Database, clock: ManualClock) -> Office:
    """January closed, then February with closing entries; then February is reopened.

    In between the month after is posted to.
    """
    office = await new_office(slow_ledger, database, clock)
    await office.pay("bank", "wallet", 1_000, day(1, 10))  # seq 8
    office.goes_on_to(day(3, 2))
    await office.closed("2060-01")  # 9
    await office.pay("wallet", "fees", 5, day(2, 10))  # 10
    await office.closed("2060-02", EQUITY)  # 11 and 12
    await office.pay("wallet", "fees", 5, day(3, 1))  # 13
    await office.pay("bank", "wallet", 5, day(3, 1))  # 14
    await office.reopened("2060-02")  # 15 and 16
    return office


@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_a_corruption_is_found(
    story: Office,
    owner: Any,  # noqa: ANN401 - the driver's
    name: str,
) -> None:
    statement, kind, place = CORRUPTIONS[name]
    sound = await story.bank.verify()
    assert (sound.findings, sound.transactions) == ([], 16)
    tag = await owner.execute(statement, *story.key)
    assert tag in {"UPDATE 1", "DELETE 1"}
    findings = (await story.bank.verify()).findings
    assert [each for each in findings if each.kind is kind and place in each.place], findings
