"""What a payment order is. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from bezant.banking import Channel
from bezant.ledger import keep_holds
from bezant.payments.states import OrderState

BOOK: Final = "book"
"""The rail between two accounts of one book."""

PAYMENT: Final = keep_holds("payment")
"""The code of what orders reserve and post."""


class Direction(StrEnum):
    """Where the money of an order goes."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of an order by a rail.

    Attributes:
        id: what the rail's messages are named after, at every repeat.
        sender: the process that sends it.
        lease_until: before this instant nobody else does anything about it.
        began_at: when it was decided; an instant payment's time runs from here.
    """

    no: int
    id: UUID
    sender: UUID
    lease_until: datetime
    began_at: datetime

    def is_free(self, at: datetime) -> bool:
        """Whether others than its sender may act on it."""
        return self.lease_until <= at


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the commit that looks at it finds it.

    Attributes:
        seq: of its newest transition.
        debtor_account: ours who pays; None where the money comes in.
        creditor_account: ours who is paid; None where the money goes out.
        counterparty: a keyed fingerprint of the other side.
        amount: minor units.
        hold_id: the ledger's reservation, once there is one.
        attempt: the newest.
        reason: why it stands where it does, where that needs a reason.
        execute_on: the day on which it is carried out, in the book's time zone; None for at once.
    """

    id: UUID
    book_id: UUID
    institution_id: UUID
    direction: Direction
    rail: str
    state: OrderState
    seq: int
    debtor_account: UUID | None
    creditor_account: UUID | None
    party_id: UUID | None
    channel: Channel
    counterparty: bytes
    asset: str
    amount: int
    hold_id: UUID | None
    attempt: Attempt | None
    reason: str | None
    created_at: datetime
    created_by: str
    execute_on: date | None = None

    @property
    def payer(self) -> UUID:
        """Our account that pays, of an order that does not come in."""
        assert self.debtor_account is not None
        return self.debtor_account

    @property
    def payee(self) -> UUID:
        """Our account that is paid, of an order that does not go out."""
        assert self.creditor_account is not None
        return self.creditor_account

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Order":
        """An order from its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: Order = row["standing"]
            return standing
        attempt = None
        if row["attempt_no"]:
            attempt = Attempt(
                row["attempt_no"],
                row["attempt_id"],
                row["sender"],
                row["lease_until"],
                row["began_at"],
            )
        return cls(
            id=row["key"],
            book_id=row["ledger_book"],
            institution_id=row["institution_id"],
            direction=Direction(row["direction"]),
            rail=row["rail"],
            state=OrderState(row["state"]),
            seq=row["seq"],
            debtor_account=row["debtor_account"],
            creditor_account=row["creditor_account"],
            party_id=row["party_id"],
            channel=Channel(row["channel"]),
            counterparty=row["counterparty"],
            asset=row["asset"],
            amount=int(row["amount"]),
            hold_id=row["hold_id"],
            attempt=attempt,
            reason=row["reason"],
            created_at=row["created_at"],
            created_by=row["created_by"],
            execute_on=row["execute_on"],
        )


def settlement_account(rail: str, asset: str) -> str:
    """The ledger's account of an institution's money at a rail."""
    return f"settlement:{rail}:{asset}"
