"""Wire models of money that waits. Amounts are strings of minor units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.pagination import CURSOR_CHARACTERS_MAX, LIMIT_DEFAULT, LIMIT_MAX
from bezant.payments.orders.schemas import Amount
from bezant.payments.unapplied.domain import MovementKind, Origin

ReasonCode = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{1,63}\Z")]


class UnappliedAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a list of money that waits.

    Attributes:
        all: whether to list what does not wait any more, too.
    """

    cursor: Annotated[str, Meta(max_length=CURSOR_CHARACTERS_MAX)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    all: bool = False


class Unapplied(Struct, frozen=True):
    """Money that waits, or has waited.

    Attributes:
        id: of the payment that it came back of, or of the direct debit; of a return that fits no
            payment its own, as the ledger's transaction.
        account: the ledger's, of type liability.
        remaining: what waits, as the ledger has it.
        since: when the first of it came since nothing waited.
    """

    id: UUID
    origin: Origin
    institution_id: UUID
    book_id: UUID
    account: str
    asset: str
    remaining: str
    since: datetime


class UnappliedMoney(Struct, frozen=True):
    """A page of money that waits."""

    unapplied_money: list[Unapplied]
    next: str | None


class Application(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/unapplied-money/{unapplied}/apply`.

    Attributes:
        account_id: a customer's account of the same book that gets it.
        amount: None for all that waits.
    """

    account_id: UUID
    reason: ReasonCode
    amount: Amount | None = None


class SendingBack(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/unapplied-money/{unapplied}/send-back`: all of it, to whom it came from.

    Attributes:
        code: what the other bank is told, of the scheme's reasons for reversals.
    """

    reason: ReasonCode
    code: Annotated[str, Meta(pattern=r"^[A-Z0-9]{4}\Z")] = "MS03"


class Movement(Struct, frozen=True):
    """What became of money that waited.

    Attributes:
        id: of the ledger's transaction, where it was applied.
        account_id: who got it; None where it was sent back.
    """

    id: UUID
    unapplied_id: UUID
    kind: MovementKind
    amount: str
    account_id: UUID | None
    reason: str
    at: datetime
    actor: str


class Movements(Struct, frozen=True):
    """What became of it, in the order of time."""

    movements: list[Movement]
