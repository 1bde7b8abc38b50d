"""How the clearing system may misbehave, and what makes it."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bezant.formats.iso20022 import pacs008


class Misbehaviour(StrEnum):
    """What is done to one transfer or collection, or to the answer about it.

    Whatever begins with `taken` has it taken and, of a transfer, settled; only the answer suffers.
    """

    NONE = "none"
    DECLINED = "declined"
    DROPPED = "dropped"
    """The connection ends before the message was looked at."""
    ERROR = "error"
    """The same, with the status 503."""
    TAKEN_DROPPED = "taken_dropped"
    TAKEN_ERROR = "taken_error"
    TAKEN_SILENT = "taken_silent"
    """No answer, as long as the caller waits."""
    TAKEN_LATE = "taken_late"
    TAKEN_GARBAGE = "taken_garbage"
    TAKEN_CUT_SHORT = "taken_cut_short"
    TAKEN_OTHER_PAYMENT = "taken_other_payment"
    TAKEN_OTHER_AMOUNT = "taken_other_amount"
    PENDING = "pending"
    """Taken, and settled when somebody has asked twice."""
    PENDING_DECLINED = "pending_declined"
    """Taken, and rejected when somebody has asked twice."""
    LIES_LATE = "lies_late"
    """Settled and said so; who asks later is told that it was rejected."""
    DELIVERED_TWICE = "delivered_twice"
    """The payee's bank gets every message twice; of a collection, both banks do."""
    REORDERED = "reordered"
    """The payee's bank hears of the settlement before it hears of the payment.

    Of a collection, both banks hear of whatever comes second before they hear of the first.
    """


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A misbehaviour with what it needs.

    Attributes:
        code: of a rejection.
        delay_s: of a late answer.
    """

    misbehaviour: Misbehaviour = Misbehaviour.NONE
    code: str = "AC04"
    delay_s: float = 15.0


HONEST: Final = Behaviour()
_BY_NAME: Final = "sandbox "


@dataclass(frozen=True, slots=True)
class Rule:
    """A behaviour for payments of an amount, an IBAN or a name; None stands for any.

    IBAN and name are the other side's: the payee's of a transfer, the payer's of a direct debit.
    """

    behaviour: Behaviour
    amount: int | None = None
    iban: str | None = None
    name: str | None = None

    def fits(self, amount: int, other: pacs008.AccountOwner) -> bool:
        """Whether it is about a payment."""
        return (
            self.amount in {None, amount}
            and self.iban in {None, other.iban}
            and self.name in {None, other.name}
        )


class Behaviours:
    """What is done to the next transfers.

    Attributes:
        queued: used up in order, before any rule is looked at.
        rules: the first that fits is used.
    """

    def __init__(self) -> None:
        self.queued: deque[Behaviour] = deque()
        self.rules: list[Rule] = []

    def of(self, amount: int, other: pacs008.AccountOwner) -> Behaviour:
        """What is done to a payment with another side.

        One called `Sandbox declined AC06`, or any other misbehaviour, gets it.
        """
        if self.queued:
            return self.queued.popleft()
        for rule in self.rules:
            if rule.fits(amount, other):
                return rule.behaviour
        name = other.name.lower()
        if not name.startswith(_BY_NAME):
            return HONEST
        word, _, code = name.removeprefix(_BY_NAME).partition(" ")
        # The letters of the scheme have no underscore.
        kind = word.replace("-", "_")
        if kind not in frozenset(Misbehaviour):
            return HONEST
        return Behaviour(Misbehaviour(kind), code.upper() or HONEST.code)
