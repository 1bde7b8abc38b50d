"""The records of an export: rows of history, in the order of their numbers.

A number's rows stand together, and what may be erased after those that commit to it; a batch stands
after its last number. A further table of history is a further record here, with its reading in
`book.py` and its writing in `restoring.py`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar, get_args
from uuid import UUID

import msgspec


class TransferRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="transfer"
):
    """One leg of a transaction. Amounts are minor units, as text: they may pass 2^64."""

    seq: int
    leg: int
    transaction_id: UUID
    kind: str
    debit_no: int
    credit_no: int
    amount: str
    code: str
    booking_date: date
    value_date: date
    effective_at: datetime
    recorded_at: datetime
    content_hash: bytes | None = None


class AccountEventRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="account_event"
):
    """An account opened or changed, with its terms from then on."""

    seq: int
    kind: str
    account_no: int
    account_id: str
    asset: str
    type: str
    status: str
    recorded_at: datetime
    overdraft: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    limit_group: str | None = None
    opened_at: datetime | None = None


class LimitGroupEventRecord(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="record",
    tag="limit_group_event",
):
    """A limit group opened or changed, with its terms from then on."""

    seq: int
    kind: str
    group_id: str
    asset: str
    type: str
    recorded_at: datetime
    overdraft: str | None = None
    minimum: str | None = None
    maximum: str | None = None


class PeriodEventRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="period_event"
):
    """A period closed or reopened, by whom, and the transaction that went with it."""

    seq: int
    kind: str
    period: str
    actor: str
    recorded_at: datetime
    transaction_id: UUID | None = None
    requested_by: str | None = None


class HoldEventRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="hold_event"
):
    """Beside a leg: the hold that it is part of, and that hold's terms."""

    seq: int
    leg: int
    hold_id: UUID
    group_id: UUID
    closes: str | None = None
    expires_at: datetime | None = None


class ReversalRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="reversal"
):
    """Beside a leg: the leg of an earlier transaction that it takes back."""

    seq: int
    leg: int
    original_id: UUID
    original_leg: int


class ContentRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="content"
):
    """The erasable part of a transaction, with the salt of the hash that commits to it."""

    seq: int
    salt: bytes
    content: bytes


class BatchRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="batch"
):
    """A batch: what was committed together, and the Merkle root over it."""

    batch_no: int
    first_seq: int
    last_seq: int
    root: bytes


Record = (
    TransferRecord
    | HoldEventRecord
    | ReversalRecord
    | AccountEventRecord
    | LimitGroupEventRecord
    | PeriodEventRecord
    | ContentRecord
    | BatchRecord
)
RECORDS: tuple[type[Any], ...] = get_args(Record)

R = TypeVar("R", bound=Record)

_TEXTS = {"amount", "overdraft", "minimum", "maximum"}


def tag_of(kind: type[Any]) -> str:
    """What a kind of record is called in an export."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def record_of(kind: type[R], row: Any) -> R:  # noqa: ANN401 - a row of the driver's
    """A record out of its row."""
    values = {name: row[name] for name in kind.__struct_fields__}
    for name in _TEXTS & values.keys():
        values[name] = None if values[name] is None else str(int(values[name]))
    return kind(**values)


def row_of(record: Record) -> Mapping[str, Any]:
    """A row out of its record."""
    return msgspec.structs.asdict(record)
