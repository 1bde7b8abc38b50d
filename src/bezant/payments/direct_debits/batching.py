"""Collections that leave in one message: of one creditor, in one sequence, settled on one day.

The commit that presents a collection puts it into the batch that gathers, or opens one. A batch is
closed before it is sent, so that a repeat of its message has the same collections in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.ids import derived_id
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen
from bezant.payments.direct_debits import store
from bezant.payments.direct_debits.collecting import Debit
from bezant.payments.direct_debits.domain import settles_on
from bezant.payments.direct_debits.jobs import SEND, OfBatch

BATCH: Final = ReadKind("direct_debit_batch", store.READ_BATCHES)
"""The newest batch of those that leave together, by `batch_key`."""

SIZE_MAX: Final = 200
"""Collections of a message: some 300 kB, of the megabyte that participants take."""

GATHERED_FOR: Final = timedelta(seconds=5)
"""How long a batch waits for more of its day, whose collections all begin at once."""

_BATCH: Final = RowKind("direct_debit_batch", store.SAVE_BATCHES, key_columns=1)
_MEMBER: Final = RowKind("direct_debit_member", store.INSERT_MEMBERS)


@dataclass(frozen=True, slots=True)
class Batch:
    """The newest batch of those that leave together.

    Attributes:
        key: see `batch_key`.
        no: from 1 on.
        size: how many collections are in it.
        is_open: whether it gathers.
    """

    key: UUID
    no: int
    size: int
    is_open: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Batch":
        """From its row, or as an item of the same batch of the lane has made it."""
        if "standing" in row:
            standing: Batch = row["standing"]
            return standing
        return cls(row["key"], row["batch_no"], row["size"], row["is_open"])

    def save(self, seen: Seen) -> Row:
        """Its row, which the items after this one see."""
        seen.amend(BATCH, self.key, {"key": self.key, "standing": self})
        return Row(_BATCH, (self.key, self.no, self.size, self.is_open))


def batch_key(debit: Debit) -> UUID:
    """What collections have in common that may leave in one message."""
    assert debit.sequence is not None, "it is presented in a sequence"
    common = [
        str(debit.institution_id), debit.rail, str(debit.creditor_account), debit.creditor.hex(),
        debit.scheme, debit.sequence, debit.asset, settles_on(debit.due_on).isoformat(),
    ]  # fmt: skip
    return derived_id(b"direct debit batch" + msgspec.json.encode(common))


def message_of(key: UUID, no: int) -> UUID:
    """What a batch's message is named after."""
    return derived_id(b"direct debit message" + key.bytes + no.to_bytes(4, "big"))


def gathered(seen: Seen, debit: Debit) -> tuple[Row, ...]:
    """The rows that put a presented collection into a batch, and have a new batch sent."""
    key = batch_key(debit)
    row = seen.row(BATCH, key)
    before = None if row is None else Batch.of(row)
    sent: tuple[Row, ...] = ()
    if before is not None and before.is_open and before.size < SIZE_MAX:
        batch = replace(before, size=before.size + 1)
    else:
        batch = Batch(key, 1 if before is None else before.no + 1, 1, is_open=True)
        sent = (_send_job(seen, batch),)
    member = Row(_MEMBER, (debit.id, key, batch.no, message_of(key, batch.no)))
    return (batch.save(seen), member, *sent)


@RiderKinds.register
class CloseBatch(msgspec.Struct, frozen=True):
    """From then on nothing is put into a batch any more; the same again changes nothing."""

    key: UUID
    no: int
    weight: int = 1

    def reads(self) -> Reads:
        """The newest batch."""
        return Reads(rows=((BATCH, self.key),))

    def decide(self, seen: Seen) -> Decision:
        """Close it, if it is the newest; one before it was full."""
        row = seen.row(BATCH, self.key)
        assert row is not None, "its job was made with it"
        batch = Batch.of(row)
        if batch.no > self.no or not batch.is_open:
            return Decision(Answer.of(self.no))
        return Decision(Answer.of(self.no), (replace(batch, is_open=False).save(seen),))


def _send_job(seen: Seen, batch: Batch) -> Row:
    return SEND.row(
        seen.draft.ids.new(),
        seen.draft.book.tenant_id,
        OfBatch(seen.draft.book.book_id, batch.key, batch.no),
        at=seen.draft.at,
        run_at=seen.draft.at + GATHERED_FOR,
        unique=f"{batch.key}/{batch.no}",
    )
