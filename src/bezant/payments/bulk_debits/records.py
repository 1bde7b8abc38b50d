"""Files of direct debits as rows, and the job of each chunk."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.database import Row, RowKind
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.payments.bulk.domain import ItemOutcome
from bezant.payments.bulk_debits import store
from bezant.payments.bulk_debits.domain import Item

_OUTCOME: Final = RowKind("bulk_debit_item", store.SAVE_OUTCOMES)


class AnnounceChunk(Struct, frozen=True):
    """The payload of a job: which collections of a file to announce."""

    bulk_id: UUID
    chunk_no: int


ANNOUNCE_CHUNK: Final = JobKind(
    "bulk_debit.announce",
    AnnounceChunk,
    # What is repeated is what could not be asked; it ends once it can.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 100),
        first_s=2,
        factor=2,
        wait_s_max=600,
    ),
    at_once_max=2,
)


class SealedItems:
    """What files say: sealed where it is stored."""

    def __init__(self, sealer: SecretSealer) -> None:
        self._sealer = sealer

    def sealed(self, tenant_id: UUID, bulk_id: UUID, said: bytes) -> bytes:
        """As it is stored."""
        return self._sealer.seal(said, b"bulk debit" + tenant_id.bytes + bulk_id.bytes)

    def opened(self, tenant_id: UUID, bulk_id: UUID, sealed: bytes) -> bytes:
        """As it was said."""
        context = b"bulk debit" + tenant_id.bytes + bulk_id.bytes
        return self._sealer.open(SealedSecret(sealed), context)

    def item(self, tenant_id: UUID, bulk_id: UUID, sealed: bytes) -> Item:
        """A collection of a file."""
        return msgspec.json.decode(self.opened(tenant_id, bulk_id, sealed), type=Item)


def chunk_job(job_id: UUID, tenant_id: UUID, bulk_id: UUID, chunk_no: int, at: datetime) -> Row:
    """The job of a chunk."""
    return ANNOUNCE_CHUNK.row(
        job_id,
        tenant_id,
        AnnounceChunk(bulk_id, chunk_no),
        at=at,
        unique=f"{bulk_id}:{chunk_no}",
    )


def outcome_row(bulk_id: UUID, item_no: int, code: str | None, at: datetime) -> Row:
    """That a collection was announced, or why it was refused."""
    outcome = ItemOutcome.ORDERED if code is None else ItemOutcome.REFUSED
    return Row(_OUTCOME, (bulk_id, item_no, outcome, code, at))
