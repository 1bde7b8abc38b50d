"""Statements out of thin air: a few that say what a test means, and long ones to measure with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import UUID
from zoneinfo import ZoneInfo

from bezant.ledger.domain import Kind
from bezant.ledger.history import Axis, Entry, Sums
from bezant.ledger.schemas import AccountType
from bezant.ledger.statements.domain import (
    NO_CONTENT,
    Content,
    Line,
    Period,
    Statement,
    Tally,
    Totals,
)
from bezant.ledger.statements.files import KINDS

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 31, 20, 15, 30, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Move:
    """An entry: minor units, in the ledger's direction."""

    direction: str
    amount: int
    day: date = DAY
    value_day: date | None = None
    code: str = "top-up"
    counterparty: str = "world"
    content: Content = NO_CONTENT


@dataclass
class Told:
    """A statement with its lines."""

    moves: Sequence[Move]
    opening: Sums = field(default_factory=lambda: Sums(0, 100_000))
    account: str = "customers:42:wallet"
    type: AccountType = AccountType.LIABILITY
    asset: str = "EUR"
    scale: int = 2
    axis: Axis = Axis.BOOKING
    days: int = 31
    book_name: str = "Customer money"

    @property
    def totals(self) -> Totals:
        totals = Totals()
        for move in self.moves:
            totals.take(move.direction, move.amount)
        return totals

    @property
    def statement(self) -> Statement:
        totals = self.totals
        closing = replace(self.opening)
        closing.debits_posted += totals.debits
        closing.credits_posted += totals.credits
        return Statement(
            book_id=UUID(int=7),
            book_name=self.book_name,
            zone=ZoneInfo("Europe/Paris"),
            account_no=3,
            account=self.account,
            type=self.type,
            asset=self.asset,
            scale=self.scale,
            period=Period(self.axis, DAY, DAY + timedelta(days=self.days - 1)),
            known_seq=len(self.moves) + 10,
            known_at=AT,
            opening=self.opening,
            closing=closing,
        )

    def lines(self) -> Iterator[Line]:
        tally = Tally(self.statement)
        for number, move in enumerate(self.moves, 1):
            entry = entry_of(number, move)
            yield Line(entry, tally.take(entry), move.content)
        tally.check(self.totals)

    def printed(self, kind: str) -> bytes:
        """As a file of a kind, whose lines come in several parts."""
        file, lines = BytesIO(), list(self.lines())
        writer = KINDS[kind].open(file, self.statement, self.totals)
        for start in range(0, len(lines), 3):
            writer.add(lines[start : start + 3])
        writer.close()
        return file.getvalue()


def entry_of(number: int, move: Move) -> Entry:
    at = datetime.combine(move.day, datetime.min.time(), UTC) + timedelta(hours=12)
    return Entry(
        transaction_id=UUID(int=number << 64),
        seq=number,
        leg=0,
        kind=Kind.POSTED,
        hold_id=None,
        direction=move.direction,
        counterparty=move.counterparty,
        amount=move.amount,
        code=move.code,
        booking_date=move.day,
        value_date=move.value_day or move.day,
        effective_at=at,
        recorded_at=at,
    )


def many(entries: int) -> list[Move]:
    """A month of entries of a busy account, in and out in turn."""
    return [
        Move(
            "credit" if number % 2 else "debit",
            1_000 + number % 90_000,
            DAY + timedelta(days=number * 30 // entries),
            counterparty=f"customers:{number % 5_000}:wallet",
            code=("card", "transfer", "fee")[number % 3],
        )
        for number in range(entries)
    ]
