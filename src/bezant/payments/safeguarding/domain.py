"""What safeguarding asks of money: the sum that must be there, and the sum that is. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from bezant.payments.safeguarding.schemas import (
    WAITING,
    Figures,
    Held,
    Outcome,
    Owed,
    SafeguardingTerms,
)


@dataclass(frozen=True, slots=True)
class Balances:
    """Of a book's accounts at a cut, minor units: above zero where the book owes, or else below.

    Attributes:
        customers: accounts of the institution's customers, by product.
        others: all other accounts in the asset, by their names.
        stated: what banks say of accounts, above zero where they owe.
    """

    known_seq: int
    customers: Mapping[UUID, Iterable[int]]
    others: Mapping[str, int]
    stated: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is missing, or too much; minor units."""

    shortfall: int
    excess: int

    @classmethod
    def of(cls, figures: Figures) -> "Difference":
        """Of both sides."""
        over = int(figures.resource) - int(figures.requirement)
        return cls(max(-over, 0), max(over, 0))

    def outcome(self, terms: SafeguardingTerms) -> Outcome:
        """What that means under terms."""
        if self.shortfall:
            return Outcome.SHORTFALL
        if self.excess > int(terms.excess_tolerance):
            return Outcome.EXCESS
        return Outcome.COVERED

    @property
    def amount(self) -> int:
        """Either of them."""
        return self.shortfall or self.excess


def figures_of(terms: SafeguardingTerms, balances: Balances) -> Figures:
    """Both sides under terms.

    A customer who is overdrawn lessens nobody else's claim: each account counts for what it has,
    and for nothing below that. Money that waits is somebody's, whether terms name it or not. Of a
    safeguarding account the lower of the two balances counts, since the other may be money that is
    not there; one that is overdrawn takes from the rest.
    """
    names = [each.account for each in terms.accounts]
    held = []
    for each in terms.accounts:
        balance = -balances.others.get(each.account, 0)
        stated = balances.stated.get(each.account)
        counted = balance if stated is None else min(balance, stated)
        said = None if stated is None else str(stated)
        held.append(Held(each.account, each.method, str(balance), said, str(counted)))
    owed = [
        _owed(f"product:{product}", amounts)
        for product, amounts in sorted(balances.customers.items())
        if product not in terms.excluded_products
    ]
    taken = set(names)
    for funds in dict.fromkeys((*terms.other_funds, WAITING)):
        found = {name for name in balances.others if is_of(name, funds)} - taken
        taken |= found
        owed.append(_owed(funds, (balances.others[name] for name in found)))
    return Figures(
        balances.known_seq,
        str(sum(int(each.counted) for each in held)),
        str(sum(int(each.amount) for each in owed)),
        held,
        owed,
    )


def is_of(account: str, funds: str) -> bool:
    """Whether an account is among those that terms name."""
    return account.startswith(funds[:-1]) if funds.endswith("*") else account == funds


def _owed(funds: str, amounts: Iterable[int]) -> Owed:
    known = list(amounts)
    claims = [amount for amount in known if amount > 0]
    overdrawn = -sum(amount for amount in known if amount < 0)
    return Owed(funds, len(claims), str(sum(claims)), str(overdrawn))
