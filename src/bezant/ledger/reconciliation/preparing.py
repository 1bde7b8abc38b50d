"""From a file to what is stored of it: sealed, and recognizable when it comes again.

A line is recognized by what it says and by the balance after it: so the same line of another
statement of the same days is known, while two equal payments of a day are two. Where no balances
are told, the k-th line of its statement that says the same is the k-th.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final

from msgspec import Struct

from bezant.formats.bank_statement import (
    Part,
    StatedBalance,
    StatementClosed,
    StatementLine,
    StatementOpened,
)
from bezant.ledger.reconciliation.errors import StatementElsewhere, TooManyLines
from bezant.ledger.reconciliation.secrecy import StatementKey

LINES_MAX: Final = 250_000
"""Lines of one file; they are held in memory until they are written."""

TEXT_FIELDS: Final = (
    "code",
    "reference",
    "servicer_reference",
    "end_to_end_id",
    "remittance",
    "counterparty_name",
    "counterparty_account",
)
"""What is sealed of a line, in this order."""


class PreparedLine(Struct, frozen=True, gc=False):
    """A line as it is stored.

    Attributes:
        identity: the same when the line comes again.
        digest: of what it says alone.
        content: its texts, sealed for the place that `identity` names.
        has_reference: whether anything in it is meant to be unique.
    """

    identity: bytes
    digest: bytes
    content: bytes
    place: int
    booking_date: date
    value_date: date
    amount: int
    has_reference: bool


class PreparedStatement(Struct, frozen=True):
    """A statement as it is stored.

    Attributes:
        identity: the same when the same statement comes again.
        name: of what the bank calls it, whatever it holds; empty where it has no name.
        source: of the account at the bank; empty where it is not told.
        texts: identifier, number and account, sealed for the place that `identity` names.
    """

    identity: bytes
    name: bytes
    source: bytes
    texts: bytes
    first_date: date
    last_date: date
    opening: int | None
    closing: int | None
    movements: int
    lines: list[PreparedLine]


def prepare(parts: Iterable[Part], key: StatementKey, currency: str) -> list[PreparedStatement]:
    """Read a file to its end.

    Args:
        parts: of the file; checked for balance.
        key: of the account.
        currency: of the account.

    Raises:
        StatementUnreadable: the reader's.
        StatementElsewhere: of another currency, or of several accounts.
        TooManyLines: more than `LINES_MAX`.
    """
    prepared: list[PreparedStatement] = []
    statement: _Statement | None = None
    total = 0
    for part in parts:
        if isinstance(part, StatementOpened):
            _check_currency(part, currency)
            statement = _Statement(part, key)
        elif isinstance(part, StatementLine):
            assert statement is not None, "a statement is opened first"
            total += 1
            if total > LINES_MAX:
                raise TooManyLines(f"An import takes {LINES_MAX} lines.", lines_max=LINES_MAX)
            statement.add(part)
        else:
            assert statement is not None, "a statement is opened first"
            prepared.append(statement.close(part))
    if len({each.source for each in prepared}) > 1:
        raise StatementElsewhere("The file holds statements of several accounts: send one each.")
    return prepared


def _check_currency(opened: StatementOpened, currency: str) -> None:
    if opened.currency != currency:
        raise StatementElsewhere(
            f"The statement is in {opened.currency}, the account in {currency}."
        )


class _Statement:
    """One statement as far as it was read."""

    def __init__(self, opened: StatementOpened, key: StatementKey) -> None:
        self._opened = opened
        self._key = key
        self._said: Counter[bytes] = Counter()
        self._lines: list[PreparedLine] = []
        self._movements = 0
        self._days: set[date] = set()

    def add(self, line: StatementLine) -> None:
        texts = tuple(getattr(line, name) for name in TEXT_FIELDS)
        digest = self._key.digest(line.booking_date, line.value_date, str(line.amount), texts)
        self._movements += line.amount
        self._days.add(line.booking_date)
        opening = self._opened.opening
        balance = None if opening is None else str(opening.amount + self._movements)
        before = self._key.digest(digest.hex(), balance)
        self._said[before] += 1
        identity = self._key.digest(before.hex(), self._said[before])
        self._lines.append(
            PreparedLine(
                identity=identity,
                digest=digest,
                content=self._key.seal(texts, identity),
                place=line.no,
                booking_date=line.booking_date,
                value_date=line.value_date,
                amount=line.amount,
                has_reference=bool(line.end_to_end_id or line.servicer_reference),
            )
        )

    def close(self, end: StatementClosed) -> PreparedStatement:
        opened, opening = self._opened, self._opened.opening
        days = self._days | {each.date for each in (opening, end.closing) if each is not None}
        texts = (opened.id, opened.number, opened.account)
        first, last = min(days), max(days)
        identity = self._key.digest(
            texts,
            first,
            last,
            _text(opening),
            _text(end.closing),
            [x.digest.hex() for x in self._lines],
        )
        is_named = bool(opened.id or opened.number)
        return PreparedStatement(
            identity=identity,
            name=self._key.digest("name", texts, first) if is_named else b"",
            source=self._key.digest("source", _plain(opened.account)) if opened.account else b"",
            texts=self._key.seal(texts, identity),
            first_date=first,
            last_date=last,
            opening=None if opening is None else opening.amount,
            closing=None if end.closing is None else end.closing.amount,
            movements=self._movements,
            lines=self._lines,
        )


def _plain(account: str) -> str:
    return "".join(account.split()).upper()


def _text(balance: StatedBalance | None) -> tuple[date, str] | None:
    # Amounts may exceed what JSON numbers hold.
    return None if balance is None else (balance.date, str(balance.amount))
