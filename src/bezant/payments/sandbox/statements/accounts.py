"""Accounts of the bank, what is booked on them, and the statements that were made of it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from bezant.kernel.telemetry import Sensitive

EURO: Final = "EUR"


class Misbehaviour(StrEnum):
    """What is done to the statement of the next day that ends."""

    GAP = "gap"
    """It is never published; the one after it goes on from its closing balance."""
    DUPLICATE = "duplicate"
    """It is published twice."""
    WRONG_CLOSING = "wrong_closing"
    """Its closing balance is a cent more than its entries come to."""
    LATE = "late"
    """It is published when the next day has ended, before that day's own."""
    REORDERED = "reordered"
    """It is published when the next day has ended, behind that day's own."""


@dataclass(frozen=True, slots=True, repr=False)
class Booked(Sensitive):
    """An entry.

    Attributes:
        amount: minor units; negative for a debit.
        reference: the bank's own.
        code: of the standard: domain, family and sub-family.
        name: of the counterparty.
        iban: of the counterparty.
    """

    amount: int
    booking_date: date
    value_date: date
    reference: str
    code: tuple[str, str, str]
    name: str
    iban: str
    end_to_end_id: str = ""
    remittance: str = ""
    is_reversal: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A statement as it was made, once.

    Attributes:
        number: counts the days of the account, from 1.
    """

    number: int
    id: str
    content: bytes


@dataclass
class Account:
    """An account.

    Attributes:
        participant: the BIC whose account for settlement it is: whatever that bank sends or
            receives is booked on it; None for one that is paid to and from by its IBAN.
        opened: the balance at the end of the last day, minor units.
        opened_at: when that day ended.
        today: what is booked since.
        notified: every entry, in order.
        published: statements, in the order of their appearing.
        withheld: that appear with the next one, and how.
    """

    iban: str
    servicer: str
    opened_at: datetime
    opened: int = 0
    participant: str | None = None
    today: list[Booked] = field(default_factory=list)
    notified: list[Booked] = field(default_factory=list)
    days: int = 0
    published: list[Made] = field(default_factory=list)
    withheld: tuple[Misbehaviour, Made] | None = None
    misbehaviours: deque[Misbehaviour] = field(default_factory=deque)

    @property
    def balance(self) -> int:
        """By now."""
        return self.opened + sum(each.amount for each in self.today)

    def book(self, entry: Booked) -> None:
        """Book an entry today."""
        assert entry.amount, "an entry moves something"
        self.today.append(entry)
        self.notified.append(entry)

    def publish(self, made: Made, misbehaviour: Misbehaviour | None) -> None:
        """Let a statement appear, with what was withheld before it, or not yet, or never."""
        before, self.withheld = self.withheld, None
        if before is not None and before[0] is Misbehaviour.LATE:
            self.published.append(before[1])
        match misbehaviour:
            case Misbehaviour.GAP:
                pass
            case Misbehaviour.LATE | Misbehaviour.REORDERED:
                self.withheld = misbehaviour, made
            case Misbehaviour.DUPLICATE:
                self.published += [made, made]
            case _:
                self.published.append(made)
        if before is not None and before[0] is Misbehaviour.REORDERED:
            self.published.append(before[1])
