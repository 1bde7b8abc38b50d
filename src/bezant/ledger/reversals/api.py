"""The route of reversals."""

from collections.abc import Sequence

from bezant.kernel.calls import Answer
from bezant.kernel.http import Operation, WriteOperation, Writing
from bezant.ledger import errors, schemas
from bezant.ledger.api.shared import BOOK, OF_LANES, OF_POSTINGS, WRITE
from bezant.ledger.handlers import TransactionPath
from bezant.ledger.reversals.service import ReverseTransaction
from bezant.ledger.service import Ledger


class ReversalRoutes:
    """The handler."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def reverse(
        self, asked: Writing[TransactionPath, schemas.ReversalOfTransaction]
    ) -> Answer:
        """`POST …/transactions/{transaction}/reverse`."""
        rider = ReverseTransaction(asked.path.transaction, asked.body)
        return await self._ledger.submit(asked.call, asked.path.book, rider)


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The operation on reversals."""
    routes = ReversalRoutes(ledger)
    return [
        WriteOperation(
            id="reverse_transaction",
            path=f"{BOOK}/transactions/{{transaction}}/reverse",
            tag="transactions",
            summary="Take a transaction back, in full or in part",
            description=(
                "Its legs are posted with the sides swapped, as a transaction of its own date."
                " Never more than was posted, over all reversals. With `dry_run`, 200 and what"
                " would be posted; nothing is."
            ),
            scope=WRITE,
            action="transaction.reverse",
            path_type=TransactionPath,
            body_type=schemas.ReversalOfTransaction,
            example={"reason": "Booked twice"},
            status=201,
            answer_type=schemas.PostedTransaction,
            other_answers={200: schemas.PostedTransaction},
            refusals=(errors.TransactionNotFound, *OF_POSTINGS, *OF_LANES),
            handler=routes.reverse,
        )
    ]
