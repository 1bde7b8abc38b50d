"""Taking a recorded transaction back by a route of its own."""

from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.ledger import schemas
from bezant.ledger.contents import check_content
from bezant.ledger.errors import TransactionNotFound
from bezant.ledger.lane import Decision, Reads, RiderKinds, Seen
from bezant.ledger.posting import keep_refusal, post, reads_of


@RiderKinds.register
class ReverseTransaction(msgspec.Struct, frozen=True):
    """`POST …/transactions/{transaction}/reverse`: a transaction that only reverses."""

    transaction: UUID
    asked: schemas.ReversalOfTransaction

    @property
    def new(self) -> schemas.NewTransaction:
        """The same as a transaction."""
        asked = self.asked
        return schemas.NewTransaction(
            id=asked.id,
            effective_at=asked.effective_at,
            metadata=asked.metadata,
            reason=asked.reason,
            dry_run=asked.dry_run,
            reverses=schemas.Reversal(
                self.transaction, asked.postings, asked.booking_date, asked.value_date
            ),
        )

    @property
    def weight(self) -> int:
        """The legs that it names; of the whole transaction, one."""
        return self.new.weight

    def reads(self) -> Reads:
        """What it takes back."""
        return reads_of(self.new)

    def decide(self, seen: Seen) -> Decision:
        """Take it back, or find that it was.

        Raises:
            TransactionNotFound: there is no such transaction.
        """
        if self.transaction not in seen.draft.book.originals:
            raise TransactionNotFound(f"No transaction {self.transaction}.")
        try:
            check_content(self.asked.metadata, self.asked.reason)
            posted = post(seen.draft, self.new)
        except Refusal as refusal:
            # The route names its own fields.
            field = (refusal.field or "").removeprefix("reverses.")
            refusal.field = None if field in {"", "transaction"} else field
            keep_refusal(seen.draft, self.new, refusal)
            return Decision(Answer.refused(refusal))
        status = 200 if self.asked.dry_run else 201
        return Decision(Answer.of(posted.view(), status=status))
