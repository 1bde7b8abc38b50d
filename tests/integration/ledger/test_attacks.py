"""Whoever owns the database can change everything in it, and is found by what was signed outside.

Each attack is made as superuser, judged against the last checkpoint that was kept elsewhere, and
has to be located. The controls show which of them nothing but a checkpoint finds.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import asyncpg
import msgspec
import pytest

from attackers import Target, rewrite
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.export.records import Record, TransferRecord
from bezant.ledger.proof import Checkpoint
from bezant.ledger.verify import BookReport, Finding, Kind, verify
from bezant.server.embedded import EmbeddedServers
from bezant.server.embedded.postgres import superuser_password
from bezant.server.embedded.postgres_config import DATABASE, PORT, SUPERUSER
from fixtures_exports import Library
from fixtures_ledger import new_bank, open_ledger

OF_BOOK = "WHERE tenant_id = $1 AND book_id = $2"


@pytest.fixture
async def target(
    ledger: Ledger,
    database: Database,
    app_url: str,  # noqa: ARG001 - the schema has to be there
    embedded_servers: EmbeddedServers,
    session_data: Path,
    tmp_path: Path,
) -> AsyncIterator[Target]:
    """A book of eleven numbers in ten batches: signed at seq 7 (T), and at the end."""
    [sockets] = parse_qs(urlsplit(embedded_servers.postgres.owner_url).query)["host"]
    query = urlencode({"host": sockets, "port": PORT})
    password = quote(superuser_password(session_data))
    superuser = await asyncpg.connect(f"postgresql://{SUPERUSER}:{password}@/{DATABASE}?{query}")
    bank = await (await new_bank(ledger, database)).create()
    target = Target(bank, superuser, Library(bank, tmp_path))
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    for amount in range(100, 103):
        await bank.post(bank.leg("world", "alice", amount), metadata={"who": "Ann"})
    await target.sign()
    for amount in range(103, 107):
        await bank.post(bank.leg("world", "alice", amount), metadata={"who": "Bob"})
    signed = await target.sign()
    assert (signed.seq, signed.size) == (11, 10)
    report = await target.verify(target.checkpoints())
    assert (report.findings, report.checkpoints) == ([], 2)
    yield target
    await superuser.close()


def only(report: BookReport, kind: Kind) -> Finding:
    [finding] = [each for each in report.findings if each.kind is kind]
    return finding


# What changes rows and leaves what follows from them. Found by replaying, and located by it.
CLUMSY = {
    "an amount edited": (
        [f"UPDATE transfer SET amount = 999 {OF_BOOK} AND seq = 9"],
        "seq 9",
    ),
    "an amount edited, and the balances to match": (
        [
            f"UPDATE transfer SET amount = 203 {OF_BOOK} AND seq = 9",
            f"UPDATE balance SET debits_posted = debits_posted + 99 {OF_BOOK} AND account_no = 3",
            f"UPDATE balance SET credits_posted = credits_posted + 99 {OF_BOOK} AND account_no = 4",
        ],
        "seq 9",
    ),
    "a transfer deleted": ([f"DELETE FROM transfer {OF_BOOK} AND seq = 9"], "seq 9"),
    "a transfer inserted in the middle": (
        [
            (
                "INSERT INTO transfer SELECT tenant_id, book_id, seq, 1, transaction_id, kind,"
                " debit_no, credit_no, 50, code, booking_date, value_date, effective_at,"
                f" recorded_at, content_hash FROM transfer {OF_BOOK} AND seq = 9"
            )
        ],
        "seq 9",
    ),
    "a transfer inserted at the end": (
        [
            (
                "INSERT INTO transfer SELECT tenant_id, book_id, 12, leg, gen_random_uuid(), kind,"
                " debit_no, credit_no, amount, code, booking_date, value_date, effective_at,"
                f" recorded_at + interval '1 hour', NULL FROM transfer {OF_BOOK} AND seq = 11"
            ),
            f"UPDATE lane SET seq = 12, recorded_at = recorded_at + interval '1 hour' {OF_BOOK}",
        ],
        "seq 12",
    ),
    "two transfers swapped, with their instants": (
        [
            f"UPDATE transfer SET seq = 1000 + seq {OF_BOOK} AND seq IN (9, 10)",
            (
                "UPDATE transfer SET seq = 1019 - seq, recorded_at = (SELECT o.recorded_at"
                " FROM transfer o WHERE o.tenant_id = $1 AND o.book_id = $2 AND o.seq = 2019 -"
                f" transfer.seq) {OF_BOOK} AND seq IN (1009, 1010)"
            ),
            f"DELETE FROM transaction_content {OF_BOOK} AND seq IN (9, 10)",
        ],
        "seq 9",
    ),
    "the last transfers and batches deleted": (
        [
            f"DELETE FROM transfer {OF_BOOK} AND seq > 9",
            f"DELETE FROM transaction_content {OF_BOOK} AND seq > 9",
            f"DELETE FROM batch {OF_BOOK} AND last_seq > 9",
        ],
        "seq 8 to 11",
    ),
    "content edited": (
        [f"UPDATE transaction_content SET content = '{{}}' {OF_BOOK} AND seq = 9"],
        "seq 9",
    ),
    "a salt edited": (
        [f"UPDATE transaction_content SET salt = sha256('x') {OF_BOOK} AND seq = 9"],
        "seq 9",
    ),
    "content edited, and the hash that commits to it": (
        [
            f"UPDATE transaction_content SET content = '{{}}' {OF_BOOK} AND seq = 9",
            (
                "UPDATE transfer SET content_hash = sha256((SELECT e.salt || e.content"
                " FROM transaction_content e WHERE e.tenant_id = $1 AND e.book_id = $2"
                f" AND e.seq = 9)) {OF_BOOK} AND seq = 9"
            ),
        ],
        "seq 9",
    ),
}


@pytest.mark.parametrize("attack", CLUMSY)
async def test_a_clumsy_attack_is_found_and_located(target: Target, attack: str) -> None:
    statements, place = CLUMSY[attack]
    for statement in statements:
        await target.run(statement)
    findings = (await target.verify(target.checkpoints())).findings
    assert any(place in finding.place for finding in findings), findings


def more_for_alice(record: Record) -> Record:
    """Ten times what was paid under seq 9."""
    if isinstance(record, TransferRecord) and record.seq == 9:
        return msgspec.structs.replace(record, amount="1040")
    return record


async def rewritten_since_t(target: Target) -> None:
    export = await target.library.export("rewritten")
    rewrite(export, more_for_alice)
    await target.put_in_place(export)


async def truncated(target: Target) -> None:
    await target.put_in_place(await target.library.export("cut", last_seq=9))


async def forked(target: Target) -> None:
    """An old copy takes the book's place, and other things happen on it."""
    bank = target.bank
    await target.put_in_place(await target.library.export("old", last_seq=8))
    async with another_ledger(target) as ledger:
        fork = replace(bank, ledger=ledger)
        for amount in (1, 2, 3, 4):
            await fork.post(fork.leg("world", "alice", amount))


async def deleted_and_closed(target: Target) -> None:
    """The payment under seq 9 never was: those after it have moved up."""

    def up(record: Record) -> Record:
        if isinstance(record, TransferRecord) and record.seq == 9:
            return msgspec.structs.replace(record, amount="1", debit_no=4, credit_no=3)
        return record

    export = await target.library.export("deleted")
    rewrite(export, up)
    await target.put_in_place(export)


@asynccontextmanager
async def another_ledger(target: Target) -> AsyncIterator[Ledger]:
    """One that remembers nothing of the book."""
    folder = target.library.folder / "run"
    folder.mkdir()
    async with open_ledger(target.bank.database, folder) as ledger:
        yield ledger


# Sound in itself: leaves, roots, frontier, lane and balances are as if it had always been so.
Attack = Callable[[Target], Awaitable[None]]
CONSISTENT: dict[str, tuple[Attack, str]] = {
    "everything since T rewritten": (rewritten_since_t, "seq 8 to 11"),
    "a payment turned round, and all since rewritten": (deleted_and_closed, "seq 8 to 11"),
    "the tail cut off": (truncated, "seq 8 to 11"),
    "a fork": (forked, "seq 8 to 11"),
}


@pytest.mark.parametrize("attack", CONSISTENT)
async def test_a_consistent_attack_is_found_by_the_checkpoint_and_located(
    target: Target, attack: str
) -> None:
    carry_out, place = CONSISTENT[attack]
    await carry_out(target)
    # The control: nothing but what is outside tells.
    assert (await target.verify([])).findings == []
    found = only(await target.verify(target.checkpoints()), Kind.CHECKPOINT)
    assert found.place == place
    assert found.detail.startswith("checkpoint 2 is not in this history")
    assert found.detail.endswith("checkpoint 1 holds")
    # With the last one alone it is found too, and cannot be placed as closely.
    found = only(await target.verify(target.checkpoints()[-1:]), Kind.CHECKPOINT)
    assert found.place == "seq 1 to 11"


async def test_a_rewrite_from_the_beginning_on_is_found(target: Target) -> None:
    def first_payment(record: Record) -> Record:
        if isinstance(record, TransferRecord) and record.seq == 5:
            return msgspec.structs.replace(record, amount="1000")
        return record

    export = await target.library.export("rewritten")
    rewrite(export, first_payment)
    await target.put_in_place(export)
    assert (await target.verify([])).findings == []
    found = only(await target.verify(target.checkpoints()), Kind.CHECKPOINT)
    assert found.place == "seq 1 to 7"


async def test_other_terms_of_the_book_are_found(target: Target) -> None:
    await target.run(f"UPDATE asset SET scale = 0 {OF_BOOK} AND code = 'EUR'")
    assert (await target.verify([])).findings == []
    only(await target.verify(target.checkpoints()), Kind.BOOK_TERMS)


class Kept:
    """Checkpoints of one book."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def books(self) -> set[object]:
        return {self._target.bank.book_id}

    def of(self, book_id: object) -> list[Checkpoint]:
        return self._target.checkpoints() if book_id == self._target.bank.book_id else []


async def test_a_book_that_is_gone_is_found(target: Target) -> None:
    await target.wipe()
    found = [
        report
        async for report in verify(target.bank.database, outside=Kept(target))  # type: ignore[arg-type] # of one book
        if report.book_id == target.bank.book_id
    ]
    assert [only(report, Kind.BOOK_MISSING).place for report in found] == [
        f"book {target.bank.book_id}"
    ]


async def test_a_stored_node_of_the_log_that_was_edited_is_found(target: Target) -> None:
    await target.superuser.execute(
        "INSERT INTO log_node (tenant_id, book_id, level, node_no, hash)"
        " VALUES ($1, $2, 1, 0, sha256('x'))",
        target.bank.tenant_id,
        target.bank.book_id,
    )
    assert only(await target.verify([]), Kind.LOG_NODE).place == "node 0 of level 1"


async def test_erasing_leaves_every_checkpoint_true(target: Target) -> None:
    await target.run(f"DELETE FROM transaction_content {OF_BOOK}")
    assert (await target.verify(target.checkpoints())).findings == []
