"""Accounts, limit groups, holds and the rules of posting: pure, in memory, in minor units."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bezant.kernel.money import TOTAL_MAX
from bezant.ledger.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceOverflow,
    CaptureTooLarge,
    HoldNotOpen,
    LimitsContradict,
    MaximumExceeded,
    OverdraftExceeded,
)
from bezant.ledger.schemas import AccountStatus, AccountType, HoldState, Limits, Side

DEBIT_NORMAL = frozenset({AccountType.ASSET, AccountType.EXPENSE})

Totals = tuple[int, int, int, int, int, datetime]


class Kind(StrEnum):
    """What a leg does to the totals of its two accounts.

    Posted money moves at once. Pending money is reserved by a hold; it is captured (moves), voided
    or expired (is given back).
    """

    POSTED = "posted"
    PENDING = "pending"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits in minor units of the normal direction; None bounds nothing.

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
class Balanced:
    """What has running totals and limits: an account, or a group of accounts.

    Attributes:
        version: the number of legs that touched it.
        as_of: the instant of the last of them, or of the opening.
    """

    id: str
    asset: str
    type: AccountType
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
        """The posted balance in the normal direction."""
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
        """What legs change, to be put back by `restore`."""
        return (
            self.debits_posted,
            self.credits_posted,
            self.debits_pending,
            self.credits_pending,
            self.version,
            self.as_of,
        )

    def restore(self, totals: Totals) -> None:
        """Undo legs."""
        (
            self.debits_posted,
            self.credits_posted,
            self.debits_pending,
            self.credits_pending,
            self.version,
            self.as_of,
        ) = totals

    def debit(self, kind: Kind, amount: int, at: datetime) -> None:
        """Take the debit side of a leg."""
        if kind is Kind.POSTED or kind is Kind.CAPTURED:
            self.debits_posted += amount
        if kind is not Kind.POSTED:
            self.debits_pending += amount if kind is Kind.PENDING else -amount
        self.version += 1
        self.as_of = at

    def credit(self, kind: Kind, amount: int, at: datetime) -> None:
        """Take the credit side of a leg."""
        if kind is Kind.POSTED or kind is Kind.CAPTURED:
            self.credits_posted += amount
        if kind is not Kind.POSTED:
            self.credits_pending += amount if kind is Kind.PENDING else -amount
        self.version += 1
        self.as_of = at

    def check_limits(self) -> None:
        """Refuse totals that break the limits.

        Raises:
            OverdraftExceeded: too little would be available.
            MaximumExceeded: too much would be held.
        """
        floor, maximum = self.bounds.floor, self.bounds.maximum
        if floor is not None and self.available < floor:
            raise OverdraftExceeded(
                f"{self._name} would have {self.available} available; its floor is {floor}.",
                **self._reference,
                available=self.available,
                floor=floor,
            )
        if maximum is not None and self.expected > maximum:
            raise MaximumExceeded(
                f"{self._name} would hold {self.expected}; its maximum is {maximum}.",
                **self._reference,
                expected=self.expected,
                maximum=maximum,
            )

    @property
    def _name(self) -> str:
        return f"Limit group {self.id}"

    @property
    def _reference(self) -> dict[str, str]:
        return {"limit_group": self.id}


class LimitGroup(Balanced):
    """A joint limit over accounts of one asset and one normal direction, on their sums."""

    __slots__ = ()


@dataclass(slots=True)
class Account(Balanced):
    """An account and its running totals, as the lane holds it between batches.

    Attributes:
        no: its number within the book, in the order of opening.
        limit_group: the group whose joint limit it counts towards; None for none.
    """

    no: int
    status: AccountStatus
    limit_group: str | None = None

    def check_open(self, field: str) -> None:
        """Refuse a posting on an account that takes none.

        Raises:
            AccountFrozen: until it is opened again.
            AccountClosed: it was closed.
        """
        if self.status is AccountStatus.FROZEN:
            raise AccountFrozen(f"Account {self.id} is frozen.", field=field, account=self.id)
        if self.status is AccountStatus.CLOSED:
            raise AccountClosed(f"Account {self.id} is closed.", field=field, account=self.id)

    @property
    def _name(self) -> str:
        return f"Account {self.id}"

    @property
    def _reference(self) -> dict[str, str]:
        return {"account": self.id}


@dataclass(slots=True)
class Hold:
    """Funds reserved by a pending leg, as the lane holds it between batches.

    Attributes:
        id: the identifier of the leg that reserved them.
        group_id: holds that are voided together.
        seq: of the transaction that reserved them.
        amount: minor units of the accounts' asset.
        closes: whose account stays closed as long as the hold is open; None for nobody's.
        expires_at: when the lane gives back what remains; None for never.
    """

    id: UUID
    group_id: UUID
    transaction_id: UUID
    seq: int
    debit: str
    credit: str
    amount: int
    captured: int
    state: HoldState
    code: str
    closes: Side | None
    expires_at: datetime | None

    @property
    def remaining(self) -> int:
        """What can still be captured; nothing unless the hold is open."""
        return self.amount - self.captured if self.state is HoldState.OPEN else 0

    def is_due(self, at: datetime) -> bool:
        """Whether it has to expire."""
        return (
            self.state is HoldState.OPEN and self.expires_at is not None and self.expires_at <= at
        )

    def check_open(self, at: datetime, field: str) -> None:
        """Refuse to settle a hold that is settled.

        Raises:
            HoldNotOpen: captured in full, voided or expired.
        """
        # Expiry wins over capture at the same instant: the payer was promised the money back.
        state = HoldState.EXPIRED if self.is_due(at) else self.state
        if state is not HoldState.OPEN:
            raise HoldNotOpen(f"Hold {self.id} is {state}.", field=field, state=state)

    def capture(self, amount: int | None, at: datetime, field: str) -> int:
        """Take part of what remains, or all of it (None), and answer how much that is.

        Raises:
            HoldNotOpen: captured in full, voided or expired.
            CaptureTooLarge: `amount` exceeds what remains.
        """
        self.check_open(at, field)
        remaining = self.remaining
        taken = remaining if amount is None else amount
        if taken > remaining:
            raise CaptureTooLarge(
                f"Hold {self.id} has {remaining} left; {taken} were asked for.",
                field=field,
                remaining=remaining,
            )
        self.captured += taken
        if taken == remaining:
            self.state = HoldState.CAPTURED
        return taken

    def void(self) -> int:
        """Give back what remains, and answer how much that is.

        A hold of which something was captured ends as captured.
        """
        remaining = self.remaining
        self.state = HoldState.CAPTURED if self.captured else HoldState.VOIDED
        return remaining

    def expire(self) -> int:
        """Give back what remains because it is over, and answer how much that is."""
        remaining = self.remaining
        self.state = HoldState.EXPIRED
        return remaining


def check_totals(debit: Balanced, credit: Balanced, kind: Kind, amount: int) -> None:
    """Refuse a leg that would take a sum of debits or credits past what can be held.

    What is reserved counts: a hold can always be captured.

    Raises:
        BalanceOverflow: naming the total.
    """
    debits = debit.debits_posted + debit.debits_pending + amount
    credits_ = credit.credits_posted + credit.credits_pending + amount
    if debits <= TOTAL_MAX and credits_ <= TOTAL_MAX:
        return
    sums = {
        "debits_posted": debit.debits_posted + amount,
        "credits_posted": credit.credits_posted + amount,
        "debits": debits,
        "credits": credits_,
    }
    if kind is Kind.PENDING:
        sums = {
            "debits_pending": debit.debits_pending + amount,
            "credits_pending": credit.credits_pending + amount,
        } | sums
    total = next(name for name, value in sums.items() if value > TOTAL_MAX)
    account = debit if total.startswith("debits") else credit
    raise BalanceOverflow(
        f"The {total} of account {account.id} would pass {TOTAL_MAX}.",
        account=account.id,
        total=total,
    )


def balancing_amount(debit: Balanced, credit: Balanced, most: int, sides: Side) -> int:
    """As much as is available on the balanced sides, up to `most`.

    A debit balances against what the debited account has in credit beyond what is pending, and a
    credit against what the credited account has in debit; a minimum that has to remain is left.
    """
    amount = most
    if sides is not Side.CREDIT:
        balance = debit.credits_posted - debit.debits_posted - debit.debits_pending
        amount = min(amount, _room(debit, balance))
    if sides is not Side.DEBIT:
        balance = credit.debits_posted - credit.credits_posted - credit.credits_pending
        amount = min(amount, _room(credit, balance))
    return amount


def _room(account: Balanced, balance: int) -> int:
    return max(0, balance - (account.bounds.minimum or 0))
