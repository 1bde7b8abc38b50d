"""What the demo tells of customers. Amounts are decimals of euros, for people."""

from uuid import UUID

from msgspec import Struct

from bezant.cli.demo.report import RefusalRow, SceneRow, is_zero


class PartyRow(Struct, frozen=True):
    """A party, and what is booked on its account."""

    name: str
    is_organisation: bool
    balance: str


class RailRow(Struct, frozen=True):
    """Payments that went the same way and stand alike.

    Attributes:
        amount: of all of them.
    """

    rail: str
    direction: str
    state: str
    count: int
    amount: str


class SoundBook(Struct, frozen=True):
    """A book that was recomputed from its history, as `bezant verify` does it."""

    name: str
    transactions: int
    is_sound: bool


class CustomersReport(Struct, frozen=True):
    """What customers did. On one date the same seed gives the same report, but for `book`.

    Attributes:
        book: of the bank's accounts.
        left_the_platform: whether payments went to other banks, those of the sandbox.
        difference: of both sides of the bank's trial balance.
    """

    bank: str
    book: UUID
    left_the_platform: bool
    scenes: list[SceneRow]
    refusals: list[RefusalRow]
    parties: list[PartyRow]
    payments: list[RailRow]
    difference: str

    @property
    def is_good(self) -> bool:
        """Whether it came out as it must; each of these can fail."""
        under_way = [row for row in self.payments if row.state not in {"settled", "returned"}]
        return (
            is_zero(self.difference)
            and not under_way
            and all(row.expected == row.answered for row in self.refusals)
        )
