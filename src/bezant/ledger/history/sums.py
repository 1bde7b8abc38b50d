"""The sums that balances are made of."""

from dataclasses import dataclass

from bezant.ledger.domain import Kind


@dataclass(slots=True)
class Sums:
    """The sums of an account's legs up to a moment, minor units.

    Attributes:
        version: how many legs they are.
    """

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    version: int = 0

    def totals(self) -> tuple[int, int, int, int, int]:
        """As an account has them: debits and credits posted, then pending; the version."""
        return (
            self.debits_posted,
            self.credits_posted,
            self.debits_pending,
            self.credits_pending,
            self.version,
        )

    def take(self, side: str, kind: Kind, amount: int, legs: int) -> None:
        """Add legs of one side and one kind."""
        posted = amount if kind in {Kind.POSTED, Kind.CAPTURED} else 0
        pending = 0 if kind is Kind.POSTED else amount if kind is Kind.PENDING else -amount
        self.add(side == "debit", posted, pending, legs)

    def add(self, is_debit: bool, posted: int, pending: int, legs: int = 1) -> None:  # noqa: FBT001
        """Add legs of one side by what they move and what they reserve."""
        if is_debit:
            self.debits_posted += posted
            self.debits_pending += pending
        else:
            self.credits_posted += posted
            self.credits_pending += pending
        self.version += legs


BookSums = dict[int, Sums]
"""Sums by account number; accounts without legs are left out."""
