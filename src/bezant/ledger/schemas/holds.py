"""Reserved funds."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bezant.ledger.schemas.terms import Amount, HoldState, Side
from bezant.ledger.schemas.transactions import PostedTransaction


class CaptureOfHold(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/holds/{hold}/capture`; as `Capture`."""

    amount: Amount | None = None
    release: bool = False


class VoidOfHold(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/books/{book}/holds/{hold}/void`.

    Attributes:
        group: void every open hold of its group as well.
    """

    group: bool = False


class Hold(Struct, frozen=True):
    """Reserved funds as they stand.

    Attributes:
        group: holds that are voided together.
        transaction_id: of the transaction that reserved them.
        remaining: what can still be captured.
        expires_at: when what remains is given back; null for never.
    """

    id: UUID
    group: UUID
    transaction_id: UUID
    state: HoldState
    debit: str
    credit: str
    amount: str
    captured: str
    remaining: str
    code: str
    closes: Side | None
    expires_at: datetime | None


class SettledHold(Struct, frozen=True):
    """What became of a hold, and the transaction that did it.

    Attributes:
        voided: the identifiers of the holds voided, itself included.
    """

    hold: Hold
    transaction: PostedTransaction
    voided: list[UUID]
