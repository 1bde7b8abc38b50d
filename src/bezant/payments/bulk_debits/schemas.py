"""Wire models of files of direct debits."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bezant.payments.bulk.domain import ItemOutcome
from bezant.payments.bulk.schemas import BulkStatus
from bezant.payments.direct_debits.collecting import DebitState


class DebitTally(Struct, frozen=True):
    """How many collections of a file stand alike. `state` is of those that were announced."""

    outcome: ItemOutcome
    state: DebitState | None
    count: int


class BulkDebit(Struct, frozen=True):
    """A file of direct debits and how far it has come; `count` is of its collections."""

    id: UUID
    status: BulkStatus
    count: int
    tallies: list[DebitTally]
    created_at: datetime


class BulkDebitItem(Struct, frozen=True):
    """One collection of a file, without what identifies people.

    Attributes:
        direct_debit_id: of the collection, once it is announced.
        code: why it was refused.
    """

    no: int
    outcome: ItemOutcome
    direct_debit_id: UUID | None
    state: DebitState | None
    code: str | None


class BulkDebitItems(Struct, frozen=True):
    """A page of a file's collections, in its order."""

    items: list[BulkDebitItem]
    next: str | None
