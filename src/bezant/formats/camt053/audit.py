"""Whether a file adds up, decided before anything is written from it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

import msgspec

from bezant.formats.camt053.balances import (
    Basis,
    Book,
    Explanation,
    closing_balance,
    explain,
    opening_balance,
)
from bezant.formats.camt053.errors import StatementError
from bezant.formats.camt053.model import Balance, Direction, Entry, StatementHeader, Total
from bezant.formats.camt053.reader import read_statements
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units

_PATH: Final = "Document/BkToCstmrStmt/Stmt"
_DIGEST_BYTES: Final = 16


class AuditedStatement(msgspec.Struct, frozen=True):
    """A statement that adds up.

    Attributes:
        opening: the balance that its entries start from.
        closing: the one that they arrive at.
        basis: the dates by which they arrive there.
        booked: the number of booked entries that move money.
        not_booked: the number of the others, by status; booked ones of amount zero by `BOOK`.
        digests: one per entry counted by `booked`, in order: what identifies it in the statement.
        movements: what they move, signed, by booking and value date.
    """

    header: StatementHeader
    opening: Balance
    closing: Balance
    basis: Basis
    booked: int
    not_booked: dict[str, int]
    digests: tuple[bytes, ...]
    movements: dict[tuple[date, date], int]


def audit_statements(source: BinaryIO) -> list[AuditedStatement]:
    """Read a file to its end and check each of its statements.

    Raises:
        StatementError: it cannot be read, or a statement does not add up.
    """
    return list(_audited(read_statements(source)))


def entry_digest(entry: Entry) -> bytes:
    """What identifies an entry within its statement: amount, dates, code and the bank's references.

    Texts are left out, as banks word them anew when they send a statement again.
    """
    identity = (
        entry.amount,
        entry.direction,
        entry.is_reversal,
        entry.booking_date,
        entry.value_date,
        str(entry.code),
        entry.reference,
        entry.servicer_reference,
    )
    return hashlib.sha256(msgspec.json.encode(identity)).digest()[:_DIGEST_BYTES]


def _audited(parts: Iterator[StatementHeader | Entry]) -> Iterator[AuditedStatement]:
    tally: _Tally | None = None
    for part in parts:
        if isinstance(part, StatementHeader):
            if tally is not None:
                yield tally.close()
            tally = _Tally(part)
        else:
            assert tally is not None  # a header comes first
            tally.add(part)
    if tally is not None:
        yield tally.close()


class _Tally:
    """The running sums of one statement."""

    def __init__(self, header: StatementHeader) -> None:
        self._header = header
        self._scale = scale_of(header.currency)
        self._booked = {direction: _Side() for direction in Direction}
        self._every = {direction: _Side() for direction in Direction}
        self._movements: Counter[tuple[date, date]] = Counter()
        self._not_booked: Counter[str] = Counter()
        self._digests: list[bytes] = []

    def add(self, entry: Entry) -> None:
        self._every[entry.direction].add(entry.amount)
        if entry.is_booked:
            self._booked[entry.direction].add(entry.amount)
        if not entry.moves_money:
            self._not_booked[entry.status] += 1
            return
        # The reader refuses a booked entry without dates.
        assert entry.booking_date is not None
        assert entry.value_date is not None
        self._movements[entry.booking_date, entry.value_date] += entry.movement
        self._digests.append(entry_digest(entry))

    def close(self) -> AuditedStatement:
        header = self._header
        opening, closing = opening_balance(header), closing_balance(header)
        if opening is None or closing is None:
            missing = "opening" if opening is None else "closing"
            raise self._refusal(header.line, "Bal", f"It has no {missing} balance.")
        self._check_summary()
        explanation = explain(closing, header, self._book(opening.own_amount))
        if explanation.basis is None:
            raise self._refusal(closing.line, "Bal/Amt", self._gap(opening, closing, explanation))
        return AuditedStatement(
            header=header,
            opening=opening,
            closing=closing,
            basis=explanation.basis,
            booked=len(self._digests),
            not_booked=dict(self._not_booked),
            digests=tuple(self._digests),
            movements=dict(self._movements),
        )

    def _book(self, opening: int) -> Book:
        def valued(day: date) -> int:
            movements = self._movements.items()
            return opening + sum(moved for (_, value), moved in movements if value <= day)

        return Book(opening + self._movements.total(), valued)

    def _gap(self, opening: Balance, closing: Balance, found: Explanation) -> str:
        by_date = self._book(opening.own_amount)
        pages = "" if self._header.is_only_page else " It is one page of several."
        return (
            f"{opening.type} {self._text(opening.own_amount)} and {len(self._digests)} booked "
            f"entries come to {self._text(by_date.booked)}, "
            f"by value date to {self._text(by_date.valued(closing.date))}; "
            f"{closing.type} says {self._text(closing.own_amount)}, "
            f"a difference of {self._text(closing.amount - found.amount)}.{pages}"
        )

    def _check_summary(self) -> None:
        """Compare with the bank's own counts and sums; they cover a whole statement."""
        summary = self._header.summary
        if not self._header.is_only_page:
            return
        credit, debit = Direction.CREDIT, Direction.DEBIT
        self._check_total("TtlCdtNtries", summary.credits, credit)
        self._check_total("TtlDbtNtries", summary.debits, debit)
        self._check_total("TtlNtries", summary.all, credit, debit)

    def _check_total(self, name: str, total: Total | None, *directions: Direction) -> None:
        """Banks count booked entries or all of them: one of the two must give every figure."""
        if total is None:
            return
        booked = _Side.of(self._booked, *directions)
        if total in {booked.matching(total), _Side.of(self._every, *directions).matching(total)}:
            return
        raise self._refusal(
            total.line,
            f"TxsSummry/{name}",
            f"It does not agree with the entries: {booked.count} booked, "
            f"in sum {self._text(booked.sum)}, net {self._text(booked.net)}.",
        )

    def _refusal(self, line: int, path: str, reason: str) -> StatementError:
        return StatementError(line, f"{_PATH}/{path}", reason)

    def _text(self, amount: int) -> str:
        return f"{format_units(amount, self._scale)} {self._header.currency}"


class _Side:
    """A count, a sum and a net sum."""

    def __init__(self, count: int = 0, sum_: int = 0, net: int = 0) -> None:
        self.count = count
        self.sum = sum_
        self.net = net

    def add(self, amount: int) -> None:
        self.count += 1
        self.sum += amount

    @classmethod
    def of(cls, sides: "dict[Direction, _Side]", *directions: Direction) -> "_Side":
        return cls(
            sum(sides[direction].count for direction in directions),
            sum(sides[direction].sum for direction in directions),
            sum(direction.sign * sides[direction].sum for direction in directions),
        )

    def matching(self, total: Total) -> Total:
        """What a total would be by this side, in the figures that it gives."""
        return Total(
            total.line,
            None if total.count is None else self.count,
            None if total.sum is None else self.sum,
            None if total.net is None else self.net,
        )
