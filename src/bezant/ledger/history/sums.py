"""The sums that balances are made of."""

from dataclasses import dataclass

from bezant.ledger.domain import Kind


def effect_of(kind: Kind) -> tuple[int, int]:
    """How often a leg's amount counts in what is posted, and in what is pending."""
    match kind:
        case Kind.POSTED:
            return 1, 0
        case Kind.PENDING:
            return 0, 1
        case Kind.CAPTURED:
            return 1, -1
        case Kind.VOIDED | Kind.EXPIRED:
            return 0, -1


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
        posted, pending = effect_of(kind)
        self.add(side == "debit", posted * amount, pending * amount, legs)

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


class Adding:
    """Adds up the sums of many accounts, from columns of legs of one side and one kind.

    Lists in place of `Sums` until the end: a hundred thousand accounts are added to several times.
    """

    def __init__(self) -> None:
        self._book: dict[int, list[int]] = {}
        self._effects: list[tuple[int, int]] = []

    def begin(self, side: str, kind: Kind) -> None:
        """What comes now are legs of this side and kind."""
        first = 0 if side == "debit" else 1
        posted, pending = effect_of(kind)
        self._effects = [
            (place, times) for place, times in ((first, posted), (2 + first, pending)) if times
        ]

    def take(self, account_nos: list[int], amounts: list[str], legs: list[int]) -> None:
        """Add columns that belong together: an account, digits of minor units, how many legs."""
        book, effects = self._book, self._effects
        for account_no, text, count in zip(account_nos, amounts, legs, strict=True):
            sums = book.get(account_no)
            if sums is None:
                sums = book[account_no] = [0, 0, 0, 0, 0]
            for place, times in effects:
                sums[place] += times * int(text)
            sums[4] += count

    def sums(self) -> BookSums:
        """Of the accounts with legs."""
        return {account_no: Sums(*sums) for account_no, sums in self._book.items() if sums[4]}
