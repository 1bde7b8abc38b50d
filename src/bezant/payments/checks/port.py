"""What a check is to the core of payments.

A check is asked in the commit that would reserve or move the money: what it decides on cannot have
changed by then. It is asked whenever an order comes closer to that: when it is taken, with its last
signature, on its day, at its release.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from bezant.banking import Channel, Spending
from bezant.kernel.database import Row
from bezant.ledger import ReadKind, Seen

RowKeys = tuple[tuple[ReadKind, Any], ...]


class Verdict(StrEnum):
    """What a check says; what stands later here outweighs what stands before."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


class Asked(Struct, frozen=True):
    """A payment, as checks see it: no name, number or text.

    Attributes:
        rail: `book` between accounts of the platform.
        creditor_account: of the platform's, where it is one.
        counterparty: a keyed fingerprint of whom it goes to.
        amount: minor units, above zero.
        is_instant: whether nobody can look at it before it has to be carried out.
    """

    order_id: UUID
    institution_id: UUID
    rail: str
    debtor_account: UUID
    creditor_account: UUID | None
    party_id: UUID | None
    channel: Channel
    counterparty: bytes
    asset: str
    amount: int
    is_instant: bool

    @property
    def spending(self) -> Spending:
        """What it spends of limits.

        Between accounts of the platform nobody may be able to look at a payment in time either, as
        with an authorisation; it is no instant payment for that.
        """
        return Spending(
            self.debtor_account,
            self.order_id,
            self.asset,
            self.amount,
            self.channel,
            self.party_id,
            self.counterparty,
            self.is_instant and self.creditor_account is None,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a check says of a payment.

    Attributes:
        reason: a code for whoever looks at it, such as `sanctions_list`; none where it is allowed.
        rows: what the check wants recorded in the same commit. Nothing of a payment that is refused
            is kept, these included.
    """

    verdict: Verdict
    reason: str | None = None
    rows: tuple[Row, ...] = ()


class PreExecution(Protocol):
    """A check.

    It may be asked several times of one order, so what it records it records once.
    """

    def reads(self, asked: Asked) -> RowKeys:
        """The rows that `judge` looks at, for a rider's reads.

        They do not depend on the amount: of a payout the lane alone knows it.
        """
        ...

    def judge(self, seen: Seen, asked: Asked) -> Judgement:
        """Judge a payment, without any I/O. May run several times.

        Raises:
            Refusal: a block that has a code of its own.
        """
        ...
