"""Routes of proofs."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.database import Database
from bezant.kernel.http import Operation, Reading, ReadOperation
from bezant.ledger import errors
from bezant.ledger.api.shared import BOOK, READ
from bezant.ledger.handlers import BookPath
from bezant.ledger.proof import ConsistencyProof, InclusionProof
from bezant.ledger.proofs.errors import LogSizeOutOfRange
from bezant.ledger.proofs.reading import ProofReader

_SIZE_MAX: Final = 10**18 - 1

_Size = Annotated[int, Meta(ge=1, le=_SIZE_MAX, description="A size of the log, in batches.")]


class TransactionPath(BookPath, frozen=True):
    """A transaction of a book."""

    transaction: UUID


class At(Struct, frozen=True, forbid_unknown_fields=True):
    """In which log: by default the newest checkpoint's, where that covers the transaction."""

    size: _Size | None = None


class Between(Struct, frozen=True, forbid_unknown_fields=True):
    """From which log on, and up to which: by default the book's as it is."""

    older: _Size = msgspec.field(name="from")
    newer: _Size | None = msgspec.field(name="to", default=None)


def operations(database: Database) -> Sequence[Operation]:
    """The operations on proofs."""
    reader = ProofReader(database)

    async def inclusion(asked: Reading[TransactionPath, At]) -> InclusionProof:
        path = asked.path
        return await reader.inclusion(
            asked.principal.tenant_id, path.book, path.transaction, asked.query.size
        )

    async def consistency(asked: Reading[BookPath, Between]) -> ConsistencyProof:
        query = asked.query
        return await reader.consistency(
            asked.principal.tenant_id, asked.path.book, query.older, query.newer
        )

    return [
        ReadOperation(
            id="prove_consistency",
            path=f"{BOOK}/proofs/consistency",
            tag="proofs",
            summary="Prove that the book's log extends an earlier one",
            description="RFC 9162, section 2.1.4. Sizes and roots are those of checkpoints.",
            scope=READ,
            path_type=BookPath,
            query_type=Between,
            answer_type=ConsistencyProof,
            refusals=(errors.BookNotFound, LogSizeOutOfRange),
            handler=consistency,
        ),
        ReadOperation(
            id="prove_transaction",
            path=f"{BOOK}/proofs/{{transaction}}",
            tag="proofs",
            summary="Prove that a transaction is in the book's log",
            description=(
                "The leaf, its path to its batch's root, that root's path to the log's, and the"
                " checkpoint that signs it. Keep it: `bezant verify proof` needs nothing else."
                " It holds whether the transaction's metadata was erased or not."
            ),
            scope=READ,
            path_type=TransactionPath,
            query_type=At,
            answer_type=InclusionProof,
            refusals=(errors.BookNotFound, errors.TransactionNotFound, LogSizeOutOfRange),
            handler=inclusion,
        ),
    ]
