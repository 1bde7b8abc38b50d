"""What a statement is: a period's movements between two balances, which they must join. Pure."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.kernel.telemetry import Sensitive
from bezant.ledger.domain import DEBIT_NORMAL, Kind
from bezant.ledger.history import Axis, Entry, Moment, Span, Sums
from bezant.ledger.schemas import AccountType
from bezant.ledger.statements.errors import StatementBroken

MOVING: Final = frozenset({Kind.POSTED, Kind.CAPTURED})
"""Kinds of legs that move the balance."""

RESERVING: Final = frozenset(Kind) - {Kind.POSTED}
"""Kinds of legs that change what is reserved: captures do both."""

_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of an axis, both included, in the book's time zone."""

    axis: Axis
    start: date
    end: date

    def __post_init__(self) -> None:
        assert self.start <= self.end, "a period that ends before it starts"

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its first and its last instant, UTC."""
        return _midnight(self.start, zone), _midnight(self.end + _DAY, zone) - _INSTANT

    def before(self, zone: ZoneInfo, seq: int) -> Moment:
        """The moment that its entries follow."""
        if self.axis is Axis.EFFECTIVE:
            return Moment(self.axis, self.instants(zone)[0] - _INSTANT, seq)
        return Moment(self.axis, self.start - _DAY, seq)

    def until(self, zone: ZoneInfo, seq: int) -> Moment:
        """The moment that its entries lead to."""
        span = self.span(zone, seq)
        return Moment(self.axis, span.end, seq)

    def span(self, zone: ZoneInfo, seq: int) -> Span:
        """What counts within it."""
        if self.axis is Axis.EFFECTIVE:
            return Span(self.axis, *self.instants(zone), seq)
        return Span(self.axis, self.start, self.end, seq)


@dataclass(slots=True)
class Totals:
    """What moved, minor units, and in how many entries."""

    debits: int = 0
    credits: int = 0
    debit_count: int = 0
    credit_count: int = 0

    @property
    def count(self) -> int:
        """Entries of both directions."""
        return self.debit_count + self.credit_count

    def take(self, direction: str, amount: int, entries: int = 1) -> None:
        """Add entries of a direction."""
        if direction == "debit":
            self.debits += amount
            self.debit_count += entries
        else:
            self.credits += amount
            self.credit_count += entries


@dataclass(frozen=True, slots=True, repr=False)
class Printed(Sensitive):
    """How files name an account and a statement to its customer.

    Attributes:
        number: of the account, as the customer knows it: an IBAN, or a country's own.
        is_iban: whether it is one.
        sequence: which of the customer's statements it is, from 1 on.
    """

    number: str
    is_iban: bool
    sequence: int


@dataclass(frozen=True, slots=True)
class Statement:
    """All of a statement but its entries.

    Attributes:
        printed: how files name it to a customer; None as the ledger does.
        known_seq: of the last transaction that it counts; the same one makes the same statement.
        known_at: the instant that this number stands for.
    """

    book_id: UUID
    book_name: str
    zone: ZoneInfo
    account_no: int
    account: str
    type: AccountType
    asset: str
    scale: int
    period: Period
    known_seq: int
    known_at: datetime
    opening: Sums
    closing: Sums
    printed: Printed | None = None

    @property
    def shown(self) -> str:
        """The account's name in files."""
        return self.account if self.printed is None else self.printed.number

    @property
    def id(self) -> str:
        """Follows from what is stated: 32 hexadecimal digits."""
        period = self.period
        stated = (self.book_id.hex, self.account, period.axis, period.start, period.end)
        named = "\n".join(map(str, (*stated, self.known_seq)))
        return hashlib.sha256(named.encode()).hexdigest()[:32]

    @property
    def is_debit_normal(self) -> bool:
        """Whether debits add to the account's balance."""
        return self.type in DEBIT_NORMAL

    @property
    def opening_balance(self) -> int:
        """In the account's normal direction, as every balance here."""
        return self.balance_of(self.opening)

    @property
    def closing_balance(self) -> int:
        """What the entries lead to."""
        return self.balance_of(self.closing)

    def balance_of(self, sums: Sums) -> int:
        """The posted balance of an account's sums."""
        net = sums.credits_posted - sums.debits_posted
        return -net if self.is_debit_normal else net

    def change_by(self, entry: Entry) -> int:
        """What an entry adds to the balance."""
        if entry.kind not in MOVING:
            return 0
        adds = (entry.direction == "debit") == self.is_debit_normal
        return entry.amount if adds else -entry.amount

    def check(self, totals: Totals) -> None:
        """Check that opening and movements make closing, each side by itself.

        Raises:
            StatementBroken: they do not.
        """
        sides = (
            (self.opening.debits_posted, totals.debits, self.closing.debits_posted),
            (self.opening.credits_posted, totals.credits, self.closing.credits_posted),
        )
        for opening, moved, closing in sides:
            if opening + moved != closing:
                raise StatementBroken(
                    f"account {self.account_no} of book {self.book_id}: {opening} and {moved} moved"
                    f" make {opening + moved}, not {closing}"
                )


@dataclass(frozen=True, slots=True)
class Content:
    """What is still there of a transaction's erasable content."""

    reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


NO_CONTENT: Final = Content()


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, the balance after it in the account's normal direction, and its content.

    Attributes:
        members: the transfers that it stands for, where it is a batch's; each without a balance.
    """

    entry: Entry
    balance: int
    content: Content = NO_CONTENT
    members: tuple[Entry, ...] = ()


class Tally:
    """Follows a statement's entries to its closing balance."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._totals = Totals()
        self.balance = statement.opening_balance

    def take(self, entry: Entry) -> int:
        """The balance after the next entry, which moves it."""
        assert entry.kind in MOVING, entry.kind
        self.balance += self._statement.change_by(entry)
        self._totals.take(entry.direction, entry.amount)
        return self.balance

    def check(self, totals: Totals) -> None:
        """Check, after the last entry, that all were there and led to the closing balance.

        Raises:
            StatementBroken: they did not.
        """
        statement = self._statement
        if self._totals != totals or self.balance != statement.closing_balance:
            raise StatementBroken(
                f"account {statement.account_no} of book {statement.book_id}: its entries come to"
                f" {self._totals} and {self.balance}, not {totals} and {statement.closing_balance}"
            )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
