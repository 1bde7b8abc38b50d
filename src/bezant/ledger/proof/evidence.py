"""A proof that a transaction is in a book's log, in a form to keep and to check anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.ledger.proof.merkle import leaf_hash
from bezant.ledger.proof.note import Checkpoint, NoteInvalid, open_note, read_note
from bezant.ledger.proof.paths import PATH_HASHES_MAX, is_consistent, root_of_inclusion

FORMAT: Final = "bezant-proof/1"

Hash = Annotated[
    str, Meta(pattern="^[0-9a-f]{64}$", description="A SHA-256 hash, in hexadecimal digits.")
]
Path = Annotated[list[Hash], Meta(max_length=PATH_HASHES_MAX)]


class ProofInvalid(Exception):  # noqa: N818 - what the proof is
    """It does not show what it says."""


class InBatch(Struct, frozen=True):
    """Where a leaf is in its batch.

    Attributes:
        no: the batch, which is the leaf of that number in the book's log.
        index: the leaf's place in the batch, from 0.
        size: how many leaves the batch has.
        path: from the leaf to `root` (RFC 9162, 2.1.3).
    """

    no: int
    index: int
    size: int
    root: Hash
    path: Path


class InLog(Struct, frozen=True):
    """Where the batch is in the book's log of `size` batches.

    Attributes:
        path: from the batch's root, as a leaf, to `root`.
    """

    size: int
    root: Hash
    path: Path


class InclusionProof(Struct, frozen=True):
    """`GET …/proofs/{transaction}`.

    Attributes:
        leaf: the canonical JSON that was hashed, as text: the transaction without what may be
            erased, and the salted hash of that.
        checkpoint: the newest signed head that covers it, as a note; None as long as there is none.
        consistency: from `log` to the checkpoint's head (RFC 9162, 2.1.4); empty where they are
            the same.
    """

    format: Literal["bezant-proof/1"]
    book: UUID
    transaction: UUID
    seq: int
    leaf: str
    batch: InBatch
    log: InLog
    checkpoint: str | None
    consistency: Path


class ConsistencyProof(Struct, frozen=True):
    """`GET …/proofs/consistency`: that the log of `to` batches extends that of `from` batches."""

    book: UUID
    older: int = msgspec.field(name="from")
    newer: int = msgspec.field(name="to")
    older_root: Hash = msgspec.field(name="from_root")
    newer_root: Hash = msgspec.field(name="to_root")
    path: Path


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows.

    Attributes:
        recorded_at: when the transaction was recorded, as the leaf says.
        checkpoint: the signed head that covers it; None where none was looked at.
    """

    book_id: UUID
    transaction_id: UUID
    seq: int
    recorded_at: datetime
    checkpoint: Checkpoint | None


class _Leaf(Struct):
    book: UUID
    id: UUID
    kind: Literal["transaction"]
    recorded_at: datetime
    seq: str


def check_proof(
    proof: InclusionProof, public_keys: Sequence[bytes] | None, note: str | None = None
) -> Proven:
    """Check a proof, with nothing but what is in it.

    What it shows is that the tree of the log's root holds the leaf. That this is the root of a log
    of that size is what a checkpoint signs.

    Args:
        proof: as the platform answered it.
        public_keys: those that a checkpoint may be signed with; None leaves signatures aside.
        note: a checkpoint known from elsewhere, of the proof's size or of the size of its own
            checkpoint; None for the proof's own.

    Raises:
        ProofInvalid: saying what does not hold.
    """
    leaf = _leaf_of(proof)
    batch = root_of_inclusion(
        leaf_hash(proof.leaf.encode()),
        proof.batch.index,
        proof.batch.size,
        list(map(bytes.fromhex, proof.batch.path)),
    )
    if batch is None or batch.hex() != proof.batch.root:
        raise ProofInvalid(f"the leaf is not in batch {proof.batch.no}")
    log = root_of_inclusion(
        leaf_hash(batch), proof.batch.no, proof.log.size, list(map(bytes.fromhex, proof.log.path))
    )
    if log is None or log.hex() != proof.log.root:
        raise ProofInvalid(f"batch {proof.batch.no} is not in the log of {proof.log.size} batches")
    checkpoint = _covering(proof, public_keys, note)
    return Proven(proof.book, proof.transaction, proof.seq, leaf.recorded_at, checkpoint)


def _leaf_of(proof: InclusionProof) -> _Leaf:
    try:
        leaf = msgspec.json.decode(proof.leaf.encode(), type=_Leaf)
    except msgspec.DecodeError as error:
        raise ProofInvalid(f"the leaf is no transaction: {error}") from error
    if (leaf.book, leaf.id, leaf.seq) != (proof.book, proof.transaction, str(proof.seq)):
        raise ProofInvalid("the leaf is of another transaction")
    return leaf


def _covering(
    proof: InclusionProof, public_keys: Sequence[bytes] | None, note: str | None
) -> Checkpoint | None:
    """The checkpoint that covers the proof's log."""
    own = proof.checkpoint if note is None else note
    if own is None:
        return None
    try:
        checkpoint = read_note(own) if public_keys is None else open_note(own, public_keys)
    except NoteInvalid as error:
        raise ProofInvalid(f"the checkpoint is not to be trusted: {error}") from error
    if checkpoint.book_id != proof.book:
        raise ProofInvalid("the checkpoint is of another book")
    path = [] if checkpoint.size == proof.log.size else proof.consistency
    if not is_consistent(
        proof.log.size,
        checkpoint.size,
        bytes.fromhex(proof.log.root),
        checkpoint.root,
        list(map(bytes.fromhex, path)),
    ):
        raise ProofInvalid(
            f"the log of {proof.log.size} batches is not the beginning of the one that"
            f" checkpoint {checkpoint.number} signs"
        )
    return checkpoint
