"""The jobs behind recalls and claims: what is decided is sent, or paid, by whoever is alive."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.database import Row
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.ledger import Seen
from bezant.payments.returns.domain import Case

# What was decided about money is never given up.
_UNTIL_DONE: Final = RetryPolicy(
    attempts_max=1_000_000,
    age_max=timedelta(days=366 * 100),
    first_s=2,
    factor=2,
    wait_s_max=600,
)


class Tell(Struct, frozen=True):
    """The payload: a recall of which the other bank is to hear."""

    recall_id: UUID


class PayClaim(Struct, frozen=True):
    """The payload: an order whose claim is to be refunded."""

    order_id: UUID


TELL: Final = JobKind("payment.recall", Tell, _UNTIL_DONE)
PAY_CLAIM: Final = JobKind("payment.refund_claim", PayClaim, _UNTIL_DONE)


def telling(seen: Seen, case: Case) -> Row:
    """The job that tells the other bank what a recall has become, for the commit of that."""
    return TELL.row(
        seen.draft.ids.new(), seen.draft.book.tenant_id, Tell(case.id), at=seen.draft.at
    )


def paying(seen: Seen, order_id: UUID, run_at: datetime) -> Row:
    """The job that refunds a claim when it is due, for the commit of the claim."""
    return PAY_CLAIM.row(
        seen.draft.ids.new(),
        seen.draft.book.tenant_id,
        PayClaim(order_id),
        at=seen.draft.at,
        run_at=run_at,
        unique=str(order_id),
    )
