"""The leased jobs of collections: carrying one out on its day, and telling the other bank."""

from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.database import Row
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.ledger import Seen
from bezant.payments.direct_debits.collecting import Debit

# Neither is given up: one ends with the collection, the other with the other bank's having it.
_PATIENCE: Final = RetryPolicy(
    attempts_max=1_000_000,
    age_max=timedelta(days=366 * 100),
    first_s=2,
    factor=2,
    wait_s_max=600,
)


class OfDebit(Struct, frozen=True):
    """The payload: which collection."""

    debit_id: UUID


RUN: Final = JobKind("direct_debit.run", OfDebit, _PATIENCE)
"""Settles a collection on its day, or has it presented to the debtor's bank."""


class OfWithdrawal(Struct, frozen=True):
    """The payload: which collection, and why it is asked back."""

    debit_id: UUID
    code: str


class OfBatch(Struct, frozen=True):
    """The payload: which batch of collections, and in whose book."""

    book_id: UUID
    batch_key: UUID
    batch_no: int


SEND: Final = JobKind("direct_debit.send", OfBatch, _PATIENCE)
"""Presents the collections of a batch to their debtors' banks."""

TELL: Final = JobKind("direct_debit.tell", OfDebit, _PATIENCE)
"""Tells the other bank how a collection ended."""

WITHDRAW: Final = JobKind("direct_debit.withdraw", OfWithdrawal, _PATIENCE)
"""Asks the scheme to stop a collection that it has."""


def run_job(seen: Seen, debit: Debit) -> Row:
    """The job that carries a collection out, for the commit that takes it."""
    return RUN.row(
        seen.draft.ids.new(),
        seen.draft.book.tenant_id,
        OfDebit(debit.id),
        at=seen.draft.at,
        run_at=begins(seen, debit),
        unique=str(debit.id),
    )


def tell_job(seen: Seen, debit: Debit) -> Row:
    """The job that tells the other bank, for the commit that ends a collection."""
    return TELL.row(
        seen.draft.ids.new(),
        seen.draft.book.tenant_id,
        OfDebit(debit.id),
        at=seen.draft.at,
        unique=str(debit.id),
    )


def withdraw_job(seen: Seen, debit: Debit, code: str) -> Row:
    """The job that asks for a collection back, for the commit that decides to."""
    return WITHDRAW.row(
        seen.draft.ids.new(),
        seen.draft.book.tenant_id,
        OfWithdrawal(debit.id, code),
        at=seen.draft.at,
        unique=str(debit.id),
    )


def begins(seen: Seen, debit: Debit) -> datetime:
    """When the day begins on which a collection is carried out, by the book's time zone."""
    return datetime.combine(debit.runs_on, time.min, seen.draft.book.time_zone)
