"""The verifier finds corruptions of reversals."""

from typing import Any

import pytest

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.verify import Kind
from fixtures_ledger import Bank, new_bank

OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"

CORRUPTIONS = {
    "a link deleted": (f"DELETE FROM reversal {OF_BOOK} AND seq = 7", {Kind.BATCH_ROOT}),
    "a link to another transaction": (
        (
            "UPDATE reversal SET original_id = (SELECT transaction_id FROM transfer"
            f" {OF_BOOK} AND seq = 6) {OF_BOOK} AND seq = 7"
        ),
        {Kind.BATCH_ROOT},
    ),
    "a link to no transaction": (
        f"UPDATE reversal SET original_id = gen_random_uuid() {OF_BOOK} AND seq = 7",
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
    "a link to another leg": (
        f"UPDATE reversal SET original_leg = 1 {OF_BOOK} AND seq = 7",
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
    "a payment made a reversal": (
        (
            "INSERT INTO reversal SELECT tenant_id, book_id, 6, 0, original_id, original_leg"
            f" FROM reversal {OF_BOOK} AND seq = 7"
        ),
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
    "a link without its leg": (
        (
            "INSERT INTO reversal SELECT tenant_id, book_id, seq, 9, original_id, original_leg"
            f" FROM reversal {OF_BOOK} AND seq = 7"
        ),
        {Kind.REVERSAL_BROKEN},
    ),
    "a reversal enlarged": (
        f"UPDATE transfer SET amount = 61 {OF_BOOK} AND seq = 8",
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN, Kind.BALANCE},
    ),
    "the original cut": (
        f"UPDATE transfer SET amount = 99 {OF_BOOK} AND seq = 5 AND leg = 0",
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN, Kind.BALANCE},
    ),
    "a reversal that does not swap the sides": (
        (f"UPDATE transfer SET debit_no = credit_no, credit_no = debit_no {OF_BOOK} AND seq = 7"),
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
    "a reversal dated before its original": (
        f"UPDATE transfer SET effective_at = '2020-01-01' {OF_BOOK} AND seq = 7",
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
    "a reversal of what was only reserved": (
        (
            "UPDATE reversal SET original_leg = 0, original_id = (SELECT transaction_id FROM"
            f" transfer {OF_BOOK} AND seq = 9) {OF_BOOK} AND seq = 11"
        ),
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
    "a reversal of a reversal": (
        (
            "UPDATE reversal SET original_leg = 0, original_id = (SELECT transaction_id FROM"
            f" transfer {OF_BOOK} AND seq = 7) {OF_BOOK} AND seq = 8"
        ),
        {Kind.BATCH_ROOT, Kind.REVERSAL_BROKEN},
    ),
}


@pytest.fixture
async def book(ledger: Ledger, database: Database) -> Bank:
    """A payment of two legs that is taken back in two parts, and a captured hold that is."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world")
    await bank.open("alice")  # seq 4
    legs = [bank.leg("world", "alice", 100), bank.leg("world", "alice", 7, code="fee")]
    paid = (await bank.post(*legs)).value(schemas.PostedTransaction)  # seq 5
    await bank.pay("alice", "world", 1)  # seq 6
    [first, _] = paid.postings
    await bank.reverse(paid.id, (first.transfer_id, 40))  # seq 7
    await bank.reverse(paid.id, (first.transfer_id, None))  # seq 8
    hold = await bank.reserve("world", "alice", 10)  # seq 9
    captured = (await bank.capture(hold)).value(schemas.SettledHold).transaction
    await bank.reverse(captured.id)
    await bank.pay("world", "alice", 1)
    assert (await bank.verify()).findings == []
    return bank


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_a_corruption_of_a_reversal_is_found(
    book: Bank,
    owner: Any,  # noqa: ANN401 - the driver's
    corruption: str,
) -> None:
    statement, kinds = CORRUPTIONS[corruption]
    tag = await owner.execute(statement, book.tenant_id, book.book_id)
    assert tag not in {"UPDATE 0", "DELETE 0", "INSERT 0 0"}
    findings = (await book.verify()).findings
    assert kinds <= {finding.kind for finding in findings}, findings
