"""The verifier lays snapshots out anew: what was changed in one is found, and where."""

from typing import Any

import pytest

from bezant.ledger.verify import Finding, Kind
from integration.ledger.history.conftest import Life, snapshots_of

OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"
OF_CHUNK = f"{OF_BOOK} AND account_no = 3 AND after_seq = 0 AND level = 1"

CORRUPTIONS = {
    "a sum": (
        (
            f"UPDATE history_chunk SET credits_posted_before = credits_posted_before + 1 {OF_CHUNK}"
            " AND axis = 'value' AND legs_before = 8"
        ),
        "level 1, after seq 0, value axis, chunk 2",
    ),
    "a leg's amount": (
        (
            f"UPDATE history_chunk SET posted[2] = posted[2] + 1 {OF_CHUNK}"
            " AND axis = 'booking' AND legs_before = 4"
        ),
        "level 1, after seq 0, booking axis, chunk 1",
    ),
    "a leg's time": (
        (
            f"UPDATE history_chunk SET ats[4] = ats[4] + interval '1 us' {OF_CHUNK}"
            " AND axis = 'effective' AND legs_before = 0"
        ),
        "level 1, after seq 0, effective axis, chunk 0",
    ),
    "where a chunk is found": (
        (
            f"UPDATE history_chunk SET first_leg = first_leg + 1 {OF_CHUNK}"
            " AND axis = 'effective' AND legs_before = 4"
        ),
        "level 1, after seq 0, effective axis, chunk 1",
    ),
    "a chunk is gone": (
        f"DELETE FROM history_chunk {OF_CHUNK} AND axis = 'effective' AND legs_before = 4",
        "level 1, after seq 0, effective axis, chunk 1",
    ),
    "a block's length": (
        f"UPDATE history_block SET through = through + 1 {OF_CHUNK}",
        "level 1, after seq 0",
    ),
    "a block is gone": (
        f"DELETE FROM history_block {OF_BOOK} AND account_no = 3 AND after_seq = 0 AND level = 0",
        "level 0, after seq",
    ),
}


@pytest.fixture
async def written(life: Life) -> Life:
    """A life with blocks of several levels."""
    for _ in range(50):
        await life.post()
    bank = life.bank
    await snapshots_of(bank.database).write_book(bank.tenant_id, bank.book_id, 1)
    return life


@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_a_changed_snapshot_is_found_and_located(
    written: Life,
    owner: Any,  # noqa: ANN401 - the driver's
    name: str,
) -> None:
    statement, place = CORRUPTIONS[name]
    bank = written.bank
    transaction = owner.transaction()
    await transaction.start()
    tag = await owner.execute(statement, bank.tenant_id, bank.book_id)
    assert tag in {"UPDATE 1", "DELETE 1"}
    await transaction.commit()
    findings: list[Finding] = (await bank.verify()).findings
    assert {finding.kind for finding in findings} == {Kind.SNAPSHOT}
    assert findings[0].place.startswith(f"snapshot of account world, {place}")
    # Derived data are made anew by removing them.
    for table in ("history_chunk", "history_block"):
        await owner.execute(f"DELETE FROM {table} {OF_BOOK}", bank.tenant_id, bank.book_id)
    assert await snapshots_of(bank.database).write_book(bank.tenant_id, bank.book_id, 1) > 0
