"""Accounts and the rules of posting: pure, in memory, in minor units."""

from dataclasses import dataclass
from datetime import datetime

from bezant.kernel.money import TOTAL_MAX
from bezant.ledger.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceOverflow,
    LimitsContradict,
    MaximumExceeded,
    OverdraftExceeded,
)
from bezant.ledger.schemas import AccountStatus, AccountType, Limits

DEBIT_NORMAL = frozenset({AccountType.ASSET, AccountType.EXPENSE})

Totals = tuple[int, int, int, int, int, datetime]


@dataclass(frozen=True, slots=True)
class Bounds:
    """An account's limits in minor units of its normal direction; None bounds nothing.

    Attributes:
        overdraft: how far below zero the available balance may go.
        minimum: what must remain available.
        maximum: the most that may be held, pending included.
    """

    overdraft: int | None = None
    minimum: int | None = None
    maximum: int | None = None

    @classmethod
    def of(cls, limits: Limits) -> "Bounds":
        """Read limits from their wire form.

        Raises:
            LimitsContradict: both an overdraft and a minimum, or a maximum below the minimum.
        """
        overdraft, minimum, maximum = (
            None if text is None else int(text)
            for text in (limits.overdraft, limits.minimum, limits.maximum)
        )
        if overdraft is not None and minimum is not None:
            raise LimitsContradict("Give an overdraft or a minimum, not both.", field="limits")
        if minimum is not None and maximum is not None and maximum < minimum:
            raise LimitsContradict("The maximum is below the minimum.", field="limits.maximum")
        return cls(overdraft, minimum, maximum)

    @property
    def floor(self) -> int | None:
        """The least that the available balance may be."""
        return self.minimum if self.overdraft is None else -self.overdraft

    def limits(self) -> Limits:
        """The wire form."""
        return Limits(
            *(
                None if bound is None else str(bound)
                for bound in (self.overdraft, self.minimum, self.maximum)
            )
        )


@dataclass(slots=True)
class Account:
    """An account and its running totals, as the lane holds it between batches.

    Attributes:
        no: its number within the book, in the order of opening.
        version: the number of transfers that touched it.
        as_of: the instant of the last of them, or of the opening.
    """

    no: int
    id: str
    asset: str
    type: AccountType
    status: AccountStatus
    bounds: Bounds
    opened_at: datetime
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    version: int
    as_of: datetime

    @property
    def is_debit_normal(self) -> bool:
        """Whether debits increase it."""
        return self.type in DEBIT_NORMAL

    @property
    def posted(self) -> int:
        """The posted balance in the account's normal direction."""
        net = self.debits_posted - self.credits_posted
        return net if self.is_debit_normal else -net

    @property
    def available(self) -> int:
        """What may still leave: posted, less what pending transfers will take."""
        leaving = self.credits_pending if self.is_debit_normal else self.debits_pending
        return self.posted - leaving

    @property
    def expected(self) -> int:
        """What will be held once all that is pending has arrived."""
        arriving = self.debits_pending if self.is_debit_normal else self.credits_pending
        return self.posted + arriving

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held and nothing is pending."""
        return self.posted == 0 and self.debits_pending == 0 and self.credits_pending == 0

    def totals(self) -> Totals:
        """What postings change, to be put back by `restore`."""
        return (
            self.debits_posted,
            self.credits_posted,
            self.debits_pending,
            self.credits_pending,
            self.version,
            self.as_of,
        )

    def restore(self, totals: Totals) -> None:
        """Undo postings."""
        (
            self.debits_posted,
            self.credits_posted,
            self.debits_pending,
            self.credits_pending,
            self.version,
            self.as_of,
        ) = totals

    def check_open(self, field: str) -> None:
        """Refuse a posting on an account that takes none.

        Raises:
            AccountFrozen: until it is opened again.
            AccountClosed: it was closed.
        """
        if self.status is AccountStatus.FROZEN:
            raise AccountFrozen(f"Account {self.id} is frozen.", field=field)
        if self.status is AccountStatus.CLOSED:
            raise AccountClosed(f"Account {self.id} is closed.", field=field)

    def check_limits(self) -> None:
        """Refuse totals that break the account's limits.

        Raises:
            OverdraftExceeded: too little would be available.
            MaximumExceeded: too much would be held.
            BalanceOverflow: a total has more than 39 digits.
        """
        if max(self.debits_posted, self.credits_posted) > TOTAL_MAX:
            raise BalanceOverflow(f"A total of account {self.id} would pass 39 digits.")
        floor, maximum = self.bounds.floor, self.bounds.maximum
        if floor is not None and self.available < floor:
            raise OverdraftExceeded(
                f"Account {self.id} would have {self.available} available; its floor is {floor}.",
                account=self.id,
                available=self.available,
                floor=floor,
            )
        if maximum is not None and self.expected > maximum:
            raise MaximumExceeded(
                f"Account {self.id} would hold {self.expected}; its maximum is {maximum}.",
                account=self.id,
                expected=self.expected,
                maximum=maximum,
            )
