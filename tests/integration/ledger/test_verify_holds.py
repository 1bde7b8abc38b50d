"""The verifier finds corruptions of holds and limit groups."""

from typing import Any

import pytest

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.verify import Kind
from fixtures_ledger import Bank, new_bank

OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"

CORRUPTIONS = {
    "an open hold said to be voided": (
        f"UPDATE hold SET state = 'voided' {OF_BOOK} AND state = 'open'",
        Kind.HOLD,
    ),
    "a capture undone": (
        f"UPDATE hold SET captured = 0 {OF_BOOK} AND state = 'captured'",
        Kind.HOLD,
    ),
    "a hold deleted": (f"DELETE FROM hold {OF_BOOK} AND state = 'open'", Kind.HOLD),
    "a hold slipped in": (
        (
            "INSERT INTO hold SELECT tenant_id, book_id, gen_random_uuid(), group_id,"
            " transaction_id, seq, debit_no, credit_no, amount, captured, state, code, closes,"
            f" expires_at FROM hold {OF_BOOK} AND state = 'open'"
        ),
        Kind.HOLD,
    ),
    "an expiry moved": (
        f"UPDATE hold_event SET expires_at = expires_at + interval '1 h' {OF_BOOK} AND seq = 6",
        Kind.BATCH_ROOT,
    ),
    "an event of a hold deleted": (
        f"DELETE FROM hold_event {OF_BOOK} AND seq = 7",
        Kind.HOLD_BROKEN,
    ),
    "an event of a hold without its leg": (
        (
            "INSERT INTO hold_event SELECT tenant_id, book_id, 4, leg, hold_id, group_id, closes,"
            f" expires_at FROM hold_event {OF_BOOK} AND seq = 6"
        ),
        Kind.HOLD_BROKEN,
    ),
    "more captured than was reserved": (
        f"UPDATE transfer SET amount = 1000 {OF_BOOK} AND seq = 7",
        Kind.HOLD_BROKEN,
    ),
    "a void made of an expiry": (
        f"UPDATE transfer SET kind = 'expired' {OF_BOOK} AND seq = 9",
        Kind.HOLD_BROKEN,
    ),
    "a joint limit lifted": (
        f"UPDATE limit_group SET overdraft = 5000 {OF_BOOK}",
        Kind.LIMIT_GROUP,
    ),
    "the sum of a group edited": (
        f"UPDATE limit_group SET debits_posted = debits_posted + 1 {OF_BOOK}",
        Kind.LIMIT_GROUP,
    ),
    "a group deleted": (f"DELETE FROM limit_group {OF_BOOK}", Kind.LIMIT_GROUP),
    "a group's event edited": (
        f"UPDATE limit_group_event SET overdraft = 5000 {OF_BOOK}",
        Kind.BATCH_ROOT,
    ),
    "an account taken out of its group": (
        f"UPDATE account SET limit_group = NULL {OF_BOOK} AND limit_group IS NOT NULL",
        Kind.ACCOUNT_TERMS,
    ),
}


@pytest.fixture
async def book(ledger: Ledger, database: Database) -> Bank:
    """Holds of each kind, and an account in a limit group."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world")
    await bank.open("alice")  # seq 4
    new = schemas.NewLimitGroup("g", "EUR", schemas.AccountType.LIABILITY, schemas.Limits("0"))
    await bank.ledger.open_limit_group(bank.call(), bank.book_id, new)  # seq 5
    hold = await bank.reserve("world", "alice", 100, expires_in_s=600)  # seq 6
    await bank.capture(hold, 60)  # seq 7
    other = await bank.reserve("world", "alice", 10)  # seq 8
    await bank.void(other)  # seq 9
    done = await bank.reserve("world", "alice", 10)
    await bank.capture(done)
    await bank.change("alice", limit_group="g")
    await bank.pay("world", "alice", 1)
    assert (await bank.verify()).findings == []
    return bank


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_a_corruption_of_a_hold_or_group_is_found(
    book: Bank,
    owner: Any,  # noqa: ANN401 - the driver's
    corruption: str,
) -> None:
    statement, kind = CORRUPTIONS[corruption]
    tag = await owner.execute(statement, book.tenant_id, book.book_id)
    assert tag not in {"UPDATE 0", "DELETE 0", "INSERT 0 0"}
    findings = (await book.verify()).findings
    assert kind in {finding.kind for finding in findings}, findings
