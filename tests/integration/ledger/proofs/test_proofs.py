"""Proofs from a real book hold, offline, for every transaction and every size of the log."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from attackers import KEY, PUBLIC, Target
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.errors import BookNotFound, TransactionNotFound
from bezant.ledger.proof import (
    FANOUT,
    InclusionProof,
    ProofInvalid,
    Span,
    check_proof,
    is_consistent,
    leaf_hash,
    merkle_root,
    sign,
)
from bezant.ledger.proofs import LogReader, ProofReader
from bezant.ledger.proofs.errors import LogSizeOutOfRange
from bezant.ledger.proofs.log import LogBroken, store_nodes
from fixtures_exports import Library
from fixtures_ledger import Bank, new_bank


async def transactions(bank: Bank) -> dict[int, Any]:
    """The ids of a book's transactions, by their numbers."""
    rows = await bank.database.fetch(
        "SELECT seq, transaction_id FROM transfer"
        " WHERE tenant_id = $1 AND book_id = $2 AND leg = 0 ORDER BY seq",
        bank.tenant_id,
        bank.book_id,
    )
    return {row["seq"]: row["transaction_id"] for row in rows}


async def prove(bank: Bank, transaction_id: Any, size: int | None = None) -> InclusionProof:  # noqa: ANN401 - a UUID
    reader = ProofReader(bank.database)
    return await reader.inclusion(bank.tenant_id, bank.book_id, transaction_id, size)


def log_of(bank: Bank) -> LogReader:
    return LogReader(bank.database, bank.tenant_id, bank.book_id)


async def test_every_transaction_of_a_full_book_is_proven(library: Library) -> None:
    bank = library.bank
    head = await log_of(bank).head()
    for seq, transaction_id in (await transactions(bank)).items():
        proof = await prove(bank, transaction_id)
        # As a client keeps it: as JSON.
        kept = msgspec.json.decode(msgspec.json.encode(proof), type=InclusionProof)
        proven = check_proof(kept, [PUBLIC])
        assert (proven.seq, proven.transaction_id) == (seq, transaction_id)
        assert (kept.log.size, kept.log.root) == (head.size, head.root.hex())


async def test_a_transaction_is_proven_in_every_log_that_holds_it(library: Library) -> None:
    bank = library.bank
    head = await log_of(bank).head()
    [_, seq, *_] = await transactions(bank)
    transaction_id = (await transactions(bank))[seq]
    first = (await prove(bank, transaction_id)).batch.no + 1
    for size in range(first, head.size + 1):
        proof = await prove(bank, transaction_id, size)
        check_proof(proof, None)
        assert proof.log.root == (await log_of(bank).root_at(size)).hex()
    for size in (1, first - 1, head.size + 1):
        with pytest.raises(LogSizeOutOfRange):
            await prove(bank, transaction_id, size)


async def test_each_log_of_a_book_is_shown_to_extend_each_before_it(bank: Bank) -> None:
    for amount in range(1, 9):
        await bank.pay("world", "alice", amount)
    reader, head = ProofReader(bank.database), await log_of(bank).head()
    for older in range(1, head.size + 1):
        for newer in range(older, head.size + 1):
            proof = await reader.consistency(bank.tenant_id, bank.book_id, older, newer)
            roots = bytes.fromhex(proof.older_root), bytes.fromhex(proof.newer_root)
            path = list(map(bytes.fromhex, proof.path))
            assert is_consistent(older, newer, *roots, path)
    assert proof.newer_root == head.root.hex()
    for older, until in ((3, 2), (1, head.size + 1)):
        with pytest.raises(LogSizeOutOfRange):
            await reader.consistency(bank.tenant_id, bank.book_id, older, until)
    assert (await reader.consistency(bank.tenant_id, bank.book_id, 1, None)).newer == head.size


async def test_a_proof_outlives_the_erasure_of_what_it_is_about(library: Library) -> None:
    bank = library.bank
    before = {
        seq: await prove(bank, transaction_id)
        for seq, transaction_id in (await transactions(bank)).items()
    }
    await bank.database.transaction(
        lambda connection: connection.execute(
            "DELETE FROM transaction_content WHERE tenant_id = $1 AND book_id = $2",
            bank.tenant_id,
            bank.book_id,
        )
    )
    after = {
        seq: await prove(bank, transaction_id)
        for seq, transaction_id in (await transactions(bank)).items()
    }
    assert after == before
    assert (await bank.verify()).findings == []


async def test_a_proof_comes_with_the_checkpoint_that_covers_it(
    bank: Bank,
    owner: Any,  # noqa: ANN401 - the driver's
    tmp_path: Path,
) -> None:
    answer = (await bank.pay("world", "alice", 5)).value(schemas.PostedTransaction)
    target = Target(bank, owner, Library(bank, tmp_path))
    signed = await target.sign()
    await owner.execute(
        "INSERT INTO checkpoint (tenant_id, book_id, checkpoint_no, log_size, seq, root, note,"
        " signed_at) VALUES ($1, $2, 1, $3, $4, $5, $6, $7)",
        *(bank.tenant_id, bank.book_id, signed.size, signed.seq, signed.root),
        *(target.notes[0], signed.signed_at),
    )
    later = (await bank.pay("world", "alice", 6)).value(schemas.PostedTransaction)
    proof = await prove(bank, answer.id)
    assert (proof.log.size, proof.consistency) == (signed.size, [])
    assert check_proof(proof, [PUBLIC]).checkpoint == signed
    # In an older log, the checkpoint is reached by a proof of consistency.
    older = await prove(bank, answer.id, signed.size)
    assert check_proof(older, [PUBLIC]).checkpoint == signed
    # What came after it is covered by none yet.
    assert (await prove(bank, later.id)).checkpoint is None
    # Nobody's key, another book's checkpoint, another root: none of it is believed.
    with pytest.raises(ProofInvalid, match="not to be trusted"):
        check_proof(proof, [bytes(32)])
    forged = msgspec.structs.replace(proof, checkpoint=None)
    assert check_proof(forged, [PUBLIC]).checkpoint is None
    other = sign(replace(signed, root=bytes(32)), [KEY])
    with pytest.raises(ProofInvalid, match="not the beginning"):
        check_proof(proof, [PUBLIC], other)


def blank(proof: InclusionProof, sizes: dict[str, Any]) -> InclusionProof:
    return msgspec.structs.replace(
        proof,
        batch=msgspec.structs.replace(proof.batch, **sizes),
        log=msgspec.structs.replace(proof.log, **sizes),
    )


async def test_no_part_of_a_proof_can_be_changed(library: Library) -> None:
    bank = library.bank
    proofs = [await prove(bank, each) for each in (await transactions(bank)).values()]
    chance = random.Random(20261125)
    for proof in proofs:
        text = msgspec.json.encode(proof).decode()
        for _ in range(40):
            at = chance.randrange(len(text))
            digit = chance.choice("0123456789abcdef")
            changed = text[:at] + digit + text[at + 1 :]
            try:
                kept = msgspec.json.decode(changed.encode(), type=InclusionProof)
            except msgspec.DecodeError:
                continue
            # Sizes are told for the path's sake: what is shown is that the root holds the leaf, and
            # the size of a log with that root is what a checkpoint signs.
            sizes = {"size": 0}
            if blank(kept, sizes) == blank(proof, sizes):
                continue
            with pytest.raises(ProofInvalid):
                check_proof(kept, None)


async def test_what_is_not_there_is_not_proven(bank: Bank, ledger: Ledger) -> None:
    with pytest.raises(TransactionNotFound):
        await prove(bank, uuid4())
    other = await new_bank(ledger, bank.database)
    other.book_id = bank.book_id
    with pytest.raises(BookNotFound):
        await prove(other, uuid4())


async def long_log(database: Database, ledger: Ledger, owner: Any, size: int) -> Bank:  # noqa: ANN401 - the driver's
    """A book whose log has as many batches, laid in by SQL; their roots stand for nothing."""
    bank = await (await new_bank(ledger, database)).create()
    await owner.execute(
        "INSERT INTO batch (tenant_id, book_id, batch_no, first_seq, last_seq, root)"
        " SELECT $1, $2, n, n + 10, n + 10, sha256(n::text::bytea)"
        " FROM generate_series((SELECT log_size FROM lane WHERE book_id = $2), $3 - 1) AS n",
        *(bank.tenant_id, bank.book_id, size),
    )
    return bank


async def test_stored_nodes_change_no_proof_and_save_reads(
    database: Database,
    ledger: Ledger,
    owner: Any,  # noqa: ANN401 - the driver's
) -> None:
    size = FANOUT**2 + 2 * FANOUT + 7
    bank = await long_log(database, ledger, owner, size)
    log = log_of(bank)
    rows = await database.fetch(
        "SELECT root FROM batch WHERE tenant_id = $1 AND book_id = $2 ORDER BY batch_no",
        bank.tenant_id,
        bank.book_id,
    )
    leaves = [leaf_hash(row["root"]) for row in rows]
    assert await log.root_at(size) == merkle_root(leaves)
    # In two steps, as a log grows; and again, which adds nothing.
    for until in (FANOUT + 3, size, size):
        await store_nodes(database, bank.tenant_id, bank.book_id, until)
    stored = await database.fetch(
        "SELECT level, count(*) AS nodes FROM log_node WHERE tenant_id = $1 AND book_id = $2"
        " GROUP BY level ORDER BY level",
        bank.tenant_id,
        bank.book_id,
    )
    assert [tuple(row.values()) for row in stored] == [(1, FANOUT + 2), (2, 1)]
    assert await log.root_at(size) == merkle_root(leaves)
    spans = [Span(0, FANOUT), Span(FANOUT**2, size), Span(0, FANOUT**2)]
    assert await log.roots_of(spans) == [merkle_root(leaves[a:b]) for a, b in spans]
    for seq in (11 + FANOUT, 10 + size - 1):
        assert (await log.batch_of(seq, size)).no == seq - 10
    with pytest.raises(LogBroken, match="no batch holds"):
        await log.batch_of(10 + size, size)


async def test_a_hole_in_the_log_is_a_fault_and_no_proof(
    database: Database,
    ledger: Ledger,
    owner: Any,  # noqa: ANN401 - as above
) -> None:
    bank = await long_log(database, ledger, owner, 2 * FANOUT)
    await owner.execute("DELETE FROM batch WHERE book_id = $1 AND batch_no = 300", bank.book_id)
    with pytest.raises(LogBroken):
        await log_of(bank).root_at(2 * FANOUT)
    with pytest.raises(LogBroken):
        await store_nodes(database, bank.tenant_id, bank.book_id, 2 * FANOUT)
