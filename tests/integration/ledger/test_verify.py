"""The verifier finds each kind of corruption, and says where."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.verify import Finding, Kind
from fixtures_ledger import Bank, new_bank


@dataclass
class Corrupted:
    """A book with some history, and a way to change it that the application does not have."""

    bank: Bank
    owner: Any

    async def find(self, statement: str) -> list[Finding]:
        """Run a statement on the book as the schema's owner, verify, and say what was found."""
        tag = await self.owner.execute(statement, self.bank.tenant_id, self.bank.book_id)
        assert tag not in {"UPDATE 0", "DELETE 0", "INSERT 0 0"}
        return (await self.bank.verify()).findings


@pytest.fixture
async def book(ledger: Ledger, database: Database, owner: Any) -> Corrupted:  # noqa: ANN401 - the driver's
    """Seven transactions in batches of their own, the fourth with metadata."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    for amount in range(100, 107):
        await bank.post(
            bank.leg("world", "alice", amount),
            metadata={"who": "Ann"} if amount == 103 else None,
        )
    assert (await bank.verify()).findings == []
    return Corrupted(bank, owner)


OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"

CORRUPTIONS = {
    "an amount edited": (
        f"UPDATE transfer SET amount = 999 {OF_BOOK} AND seq = 7",
        Kind.BATCH_ROOT,
        "seq 7",
    ),
    "an account swapped": (
        f"UPDATE transfer SET debit_no = credit_no, credit_no = debit_no {OF_BOOK} AND seq = 8",
        Kind.BATCH_ROOT,
        "seq 8",
    ),
    "a code edited": (
        f"UPDATE transfer SET code = 'x' {OF_BOOK} AND seq = 6",
        Kind.BATCH_ROOT,
        "seq 6",
    ),
    "a date edited": (
        f"UPDATE transfer SET value_date = value_date - 1 {OF_BOOK} AND seq = 6",
        Kind.BATCH_ROOT,
        "seq 6",
    ),
    "a transfer deleted": (
        f"DELETE FROM transfer {OF_BOOK} AND seq = 9",
        Kind.SEQUENCE_GAP,
        "seq 9",
    ),
    "the last transfer deleted": (
        f"DELETE FROM transfer {OF_BOOK} AND seq = 11",
        Kind.BATCH_RANGE,
        "batch 9",
    ),
    "a transfer inserted": (
        (
            "INSERT INTO transfer SELECT tenant_id, book_id, 12, leg, gen_random_uuid(), kind,"
            " debit_no, credit_no, amount, code, booking_date, value_date, effective_at,"
            f" recorded_at + interval '1 hour', NULL FROM transfer {OF_BOOK} AND seq = 11"
        ),
        Kind.BATCH_RANGE,
        "seq 12",
    ),
    "a leg added": (
        (
            "INSERT INTO transfer SELECT tenant_id, book_id, seq, 2, transaction_id, kind,"
            " debit_no, credit_no, amount, code, booking_date, value_date, effective_at,"
            f" recorded_at, content_hash FROM transfer {OF_BOOK} AND seq = 11"
        ),
        Kind.LEG_GAP,
        "seq 11",
    ),
    "two transfers reordered": (
        (
            "UPDATE transfer SET seq = CASE seq WHEN 6 THEN 1007 ELSE 1006 END"
            f" {OF_BOOK} AND seq IN (6, 7)"
        ),
        Kind.SEQUENCE_GAP,
        "seq 6",
    ),
    "an instant moved back": (
        f"UPDATE transfer SET recorded_at = recorded_at - interval '1 day' {OF_BOOK} AND seq = 7",
        Kind.TIME_ORDER,
        "seq 7",
    ),
    "a balance edited": (
        f"UPDATE balance SET credits_posted = credits_posted + 1 {OF_BOOK} AND account_no = 4",
        Kind.BALANCE,
        "account alice",
    ),
    "a version edited": (
        f"UPDATE balance SET version = version + 1 {OF_BOOK} AND account_no = 4",
        Kind.BALANCE,
        "account alice",
    ),
    "a balance deleted": (
        f"DELETE FROM balance {OF_BOOK} AND account_no = 4",
        Kind.BALANCE,
        "account alice",
    ),
    "a limit lifted": (
        f"UPDATE account SET overdraft = 1000000 {OF_BOOK} AND account_no = 4",
        Kind.ACCOUNT_TERMS,
        "account alice",
    ),
    "an account's event edited": (
        f"UPDATE account_event SET overdraft = 5 {OF_BOOK} AND account_no = 4",
        Kind.BATCH_ROOT,
        "seq 4",
    ),
    "an account reopened": (
        f"UPDATE account SET status = 'closed' {OF_BOOK} AND account_no = 3",
        Kind.ACCOUNT_TERMS,
        "account world",
    ),
    "content edited": (
        f"UPDATE transaction_content SET content = '{{}}' {OF_BOOK} AND seq = 8",
        Kind.CONTENT_CHANGED,
        "seq 8",
    ),
    "content slipped in": (
        (
            "INSERT INTO transaction_content SELECT tenant_id, book_id, 9, salt, content"
            f" FROM transaction_content {OF_BOOK}"
        ),
        Kind.CONTENT_STRAY,
        "seq 9",
    ),
    "a batch's root edited": (
        f"UPDATE batch SET root = sha256('x') {OF_BOOK} AND batch_no = 5",
        Kind.BATCH_ROOT,
        "batch 5",
    ),
    "a batch deleted": (
        f"DELETE FROM batch {OF_BOOK} AND batch_no = 5",
        Kind.BATCH_RANGE,
        "batch 6",
    ),
    "the log's root edited": (
        f"UPDATE lane SET root = sha256('x') {OF_BOOK}",
        Kind.LOG_ROOT,
        "log of 10 batches",
    ),
    "the frontier edited": (
        f"UPDATE lane SET frontier = sha256('x') || sha256('y') {OF_BOOK}",
        Kind.LOG_ROOT,
        "log of 10 batches",
    ),
    "the head set back": (f"UPDATE lane SET seq = seq - 1 {OF_BOOK}", Kind.HEAD, "lane"),
    "the head's instant edited": (
        f"UPDATE lane SET recorded_at = recorded_at + interval '1 s' {OF_BOOK}",
        Kind.HEAD,
        "lane",
    ),
}


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_a_corruption_is_found_and_located(book: Corrupted, corruption: str) -> None:
    statement, kind, place = CORRUPTIONS[corruption]
    findings = await book.find(statement)
    assert any(finding.kind is kind and place in finding.place for finding in findings), findings


async def test_every_kind_of_finding_has_a_seeded_corruption() -> None:
    shown_elsewhere = {
        Kind.BOOKS_UNBALANCED,  # an edited balance is found as such; below
        Kind.LIMIT_BROKEN,  # below
        Kind.TRANSACTION_TORN,  # below
        Kind.UNKNOWN_ACCOUNT,  # below
        Kind.ASSET_MIXED,  # below
        Kind.HOLD,  # test_verify_holds.py, as the next two
        Kind.HOLD_BROKEN,
        Kind.LIMIT_GROUP,
        Kind.PERIOD_CLOSED,  # test_verify_periods.py, as the next
        Kind.PERIOD_BROKEN,
        Kind.REVERSAL_BROKEN,  # reversals/test_verify_reversals.py
        Kind.SNAPSHOT,  # history/test_verify.py
        Kind.CHECKPOINT,  # test_attacks.py, as the next three
        Kind.BOOK_TERMS,
        Kind.BOOK_MISSING,
        Kind.LOG_NODE,
        Kind.EXPORT_FILES,  # export/test_offline.py
    }
    assert {kind for _, kind, _ in CORRUPTIONS.values()} == set(Kind) - shown_elsewhere


async def test_a_one_sided_change_unbalances_the_books(book: Corrupted) -> None:
    findings = await book.find(
        f"UPDATE balance SET credits_posted = credits_posted + 1 {OF_BOOK} AND account_no = 4"
    )
    assert Kind.BOOKS_UNBALANCED in {finding.kind for finding in findings}


async def test_a_book_outside_its_limits_is_found(book: Corrupted) -> None:
    findings = await book.find(
        f"UPDATE transfer SET debit_no = 4, credit_no = 3 {OF_BOOK} AND seq = 5"
    )
    findings = await book.find(f"UPDATE transfer SET amount = 100000 {OF_BOOK} AND seq = 5")
    assert Kind.LIMIT_BROKEN in {finding.kind for finding in findings}


async def test_a_torn_transaction_is_found(book: Corrupted) -> None:
    await book.bank.post(book.bank.leg("world", "alice", 1), book.bank.leg("world", "alice", 2))
    findings = await book.find(
        f"UPDATE transfer SET effective_at = effective_at - interval '1 s' {OF_BOOK}"
        " AND seq = 12 AND leg = 1"
    )
    assert Kind.TRANSACTION_TORN in {finding.kind for finding in findings}


async def test_a_transfer_of_an_account_that_was_never_opened_is_found(book: Corrupted) -> None:
    findings = await book.find(f"UPDATE transfer SET debit_no = 99 {OF_BOOK} AND seq = 5")
    assert Kind.UNKNOWN_ACCOUNT in {finding.kind for finding in findings}


async def test_mixed_assets_are_found(ledger: Ledger, database: Database, owner: Any) -> None:  # noqa: ANN401 - the driver's
    bank = await new_bank(ledger, database)
    await bank.create(schemas.Asset("EUR", 2), schemas.Asset("JPY", 0))
    await bank.post(bank.leg("suspense:EUR", "position:EUR", 1))
    findings = await Corrupted(bank, owner).find(f"UPDATE transfer SET credit_no = 4 {OF_BOOK}")
    assert Kind.ASSET_MIXED in {finding.kind for finding in findings}


async def test_erased_content_leaves_the_proof_whole(book: Corrupted) -> None:
    assert await book.find(f"DELETE FROM transaction_content {OF_BOOK}") == []


async def test_a_head_behind_history_is_found(book: Corrupted) -> None:
    assert isinstance(book.bank.book_id, UUID)
    findings = await book.find(f"UPDATE lane SET accounts = accounts - 1 {OF_BOOK}")
    assert [finding.kind for finding in findings] == [Kind.HEAD]
