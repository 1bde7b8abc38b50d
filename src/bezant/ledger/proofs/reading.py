"""Giving proofs: from what is stored, and checked before they are handed out."""

from uuid import UUID

from bezant.ledger.errors import TransactionNotFound
from bezant.ledger.proof import (
    FORMAT,
    ConsistencyProof,
    InBatch,
    InclusionProof,
    InLog,
    ProofInvalid,
    Span,
    check_proof,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    merkle_root,
)
from bezant.ledger.proofs import store
from bezant.ledger.proofs.errors import LogSizeOutOfRange
from bezant.ledger.proofs.leaves import leaves_of
from bezant.ledger.proofs.log import LogBroken, LogReader, Source


class ProofReader:
    """Proofs of a source's books.

    Nothing that a proof is made of changes once it stands, so that its reads need no snapshot.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    async def inclusion(
        self, tenant_id: UUID, book_id: UUID, transaction_id: UUID, size: int | None
    ) -> InclusionProof:
        """`GET …/proofs/{transaction}`.

        Args:
            tenant_id: whose.
            book_id: of which book.
            transaction_id: which.
            size: of the log, in batches; None for the newest checkpoint's where that covers the
                transaction, else for all of it.

        Raises:
            BookNotFound: the tenant has no such book.
            TransactionNotFound: the book has no such transaction.
            LogSizeOutOfRange: the log has not had this size, or did not hold the transaction yet.
            LogBroken: what is stored does not prove it.
        """
        log = LogReader(self._source, tenant_id, book_id)
        head = await log.head()
        row = await self._source.fetchrow(store.FIND_SEQ, tenant_id, book_id, transaction_id)
        if row is None:
            raise TransactionNotFound(f"No transaction {transaction_id}.")
        seq = row["seq"]
        batch = await log.batch_of(seq, head.size)
        signed = await self._source.fetchrow(store.FIND_NEWEST_CHECKPOINT, tenant_id, book_id)
        if size is None:
            covers = signed is not None and batch.no < signed["log_size"] <= head.size
            size = signed["log_size"] if signed is not None and covers else head.size
        if not batch.no < size <= head.size:
            raise LogSizeOutOfRange(
                f"The transaction is in batch {batch.no}, and the log has {head.size}.",
                field="size",
                size_min=batch.no + 1,
                size_max=head.size,
            )
        note, older = None, size
        if signed is not None and size <= signed["log_size"] <= head.size:
            note, older = signed["note"], signed["log_size"]
        leaves = await leaves_of(log, batch)
        index = seq - batch.first_seq
        path = inclusion_spans(batch.no, size)
        onwards = consistency_spans(size, older)
        root, *hashes = await log.roots_of([Span(0, size), *path, *onwards])
        proof = InclusionProof(
            FORMAT,
            book_id,
            transaction_id,
            seq,
            leaves[index].decode(),
            InBatch(batch.no, index, len(leaves), batch.root.hex(), _path(leaves, index)),
            InLog(size, root.hex(), [each.hex() for each in hashes[: len(path)]]),
            note,
            [each.hex() for each in hashes[len(path) :]],
        )
        try:
            check_proof(proof, None)
        except ProofInvalid as error:
            raise LogBroken(f"in book {book_id}, {error}") from error
        return proof

    async def consistency(
        self, tenant_id: UUID, book_id: UUID, older: int, newer: int | None
    ) -> ConsistencyProof:
        """`GET …/proofs/consistency`.

        Args:
            tenant_id: whose.
            book_id: of which book.
            older: the size of the log that is extended, in batches.
            newer: the size that it has come to; None for all of it.

        Raises:
            BookNotFound: the tenant has no such book.
            LogSizeOutOfRange: the log has not had these sizes, in this order.
        """
        log = LogReader(self._source, tenant_id, book_id)
        head = await log.head()
        until = head.size if newer is None else newer
        if not 0 < older <= until <= head.size:
            raise LogSizeOutOfRange(
                f"The log has {head.size} batches.",
                field="to" if until > head.size else "from",
                size_min=1,
                size_max=head.size,
            )
        spans = [Span(0, older), Span(0, until), *consistency_spans(older, until)]
        older_root, newer_root, *path = await log.roots_of(spans)
        return ConsistencyProof(
            book_id,
            older,
            until,
            older_root.hex(),
            newer_root.hex(),
            [each.hex() for each in path],
        )


def _path(leaves: list[bytes], index: int) -> list[str]:
    hashes = [leaf_hash(leaf) for leaf in leaves]
    spans = inclusion_spans(index, len(leaves))
    return [merkle_root(hashes[span.start : span.end]).hex() for span in spans]
