"""Routes of transactions."""

from collections.abc import Sequence

from bezant.kernel.http import Operation, ReadOperation, WriteOperation
from bezant.ledger import errors, schemas
from bezant.ledger.api.shared import (
    BATCH_BYTES_MAX,
    BOOK,
    OF_LANES,
    OF_POSTINGS,
    POSTING_EXAMPLE,
    READ,
    WRITE,
)
from bezant.ledger.handlers import (
    BookPath,
    Routes,
    TransactionPath,
)


def of_transactions(routes: Routes) -> Sequence[Operation]:
    """Posting and reading transactions."""
    return [
        WriteOperation(
            id="post_transaction",
            path=f"{BOOK}/transactions",
            tag="transactions",
            summary="Post a transaction",
            scope=WRITE,
            action="transaction.post",
            path_type=BookPath,
            body_type=schemas.NewTransaction,
            example={"postings": [POSTING_EXAMPLE], "metadata": {"invoice": "2031"}},
            description="With `dry_run`, 200 and what would be posted; nothing is.",
            status=201,
            answer_type=schemas.PostedTransaction,
            other_answers={200: schemas.PostedTransaction},
            refusals=(*OF_POSTINGS, *OF_LANES),
            handler=routes.post,
        ),
        WriteOperation(
            id="post_batch",
            path=f"{BOOK}/transactions/batch",
            tag="transactions",
            summary="Post many transactions, each by itself",
            description="The results are in the items' order. An item's `id` makes it idempotent."
            " A chain of `linked` items stands or falls together.",
            scope=WRITE,
            action="transaction.post_batch",
            path_type=BookPath,
            body_type=schemas.NewBatch,
            body_bytes_max=BATCH_BYTES_MAX,
            example={
                "transactions": [
                    {
                        "id": "01980000-0000-7000-8000-000000000001",
                        "postings": [POSTING_EXAMPLE],
                    }
                ]
            },
            answer_type=schemas.BatchResults,
            refusals=(errors.BookNotFound, errors.TooManyPostings, *OF_LANES),
            handler=routes.post_batch,
        ),
        ReadOperation(
            id="get_transaction",
            path=f"{BOOK}/transactions/{{transaction}}",
            tag="transactions",
            summary="A recorded transaction",
            scope=READ,
            has_etag=True,
            is_replicated=True,
            path_type=TransactionPath,
            answer_type=schemas.Transaction,
            refusals=(errors.BookNotFound, errors.TransactionNotFound),
            handler=routes.transaction,
        ),
    ]
