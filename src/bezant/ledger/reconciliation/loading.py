"""What is open: lines and entries as items, read in pages."""

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.database import Database
from bezant.ledger.reconciliation import store
from bezant.ledger.reconciliation.domain import Item, Side, entry_key
from bezant.ledger.reconciliation.preparing import TEXT_FIELDS
from bezant.ledger.reconciliation.secrecy import AccountKey, StatementKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

ROWS_AT_ONCE: Final = 5_000

_METADATA: Final = "metadata."
_TEXT_AT: Final = {name: at for at, name in enumerate(TEXT_FIELDS)}


class Scope(Struct, frozen=True):
    """What a reconciliation is about; all of it is fixed when it is asked for.

    Attributes:
        sign: +1 where debits increase the account.
        first: None from the beginning.
        seq: of the book's last transaction that counts.
        statements: the number of the last statement that counts.
        lines: the number of the last line that counts.
    """

    account: AccountKey
    reconciliation: UUID
    sign: int
    first: date | None
    last: date
    seq: int
    statements: int
    lines: int

    @property
    def dates(self) -> tuple[date, date]:
        """The first and the last booking date."""
        return self.first or date.min, self.last

    def holds(self, day: date) -> bool:
        """Whether a booking date is within the period."""
        return (self.first is None or self.first <= day) and day <= self.last


class Loaded(Struct, frozen=True):
    """One side as far as it was open.

    Attributes:
        matched: the sum of what other reconciliations, or people, have matched in the period.
    """

    items: list[Item]
    matched: int


class Released(Struct, frozen=True):
    """Lines and entries that people took out of matches."""

    lines: frozenset[int]
    entries: frozenset[int]


class _Content(Struct):
    """The erasable content of a transaction, as far as rules see it."""

    metadata: dict[str, str] | None = None


class _Days(dict[date, int]):
    """The ordinals of days, each made once: there are few days and many rows."""

    def __missing__(self, day: date) -> int:
        return self.setdefault(day, day.toordinal())


_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])
_CONTENT: Final = msgspec.json.Decoder(_Content)


async def load_released(database: Database, scope: Scope) -> Released:
    """What no rule may match again."""
    rows = await database.fetch(store.FIND_UNDONE, *scope.account)
    return Released(
        frozenset(int(key) for row in rows for key in row["lines"].split()),
        frozenset(int(key) for row in rows for key in row["entries"].split()),
    )


async def load_lines(
    database: Database,
    scope: Scope,
    key: StatementKey,
    fields: tuple[str, ...],
    released: Released,
) -> Loaded:
    """The open lines, with the texts of some fields.

    Raises:
        StatementKeyLost: they cannot be opened.
        Unavailable: the database cannot be asked.
    """
    items: list[Item] = []
    after = matched = 0
    while True:
        rows = await database.fetch(
            store.FIND_LINES_AFTER, *scope.account, after, scope.lines, ROWS_AT_ONCE
        )
        if not rows:
            return Loaded(items, matched)
        between = (rows[0]["line_no"], rows[-1]["line_no"])
        taken = await _matched(database, scope, Side.LINE, between)
        contents = {}
        if fields:
            found = await database.fetch(store.FIND_CONTENT_BETWEEN, *scope.account, *between)
            contents = {row["line_no"]: row["content"] for row in found}
        inside = [row for row in rows if scope.holds(row["booking_date"])]
        matched += sum(int(row["amount"]) for row in inside if row["line_no"] in taken)
        is_open = [row for row in inside if row["line_no"] not in taken]
        items += await asyncio.to_thread(_lines, is_open, contents, key, fields, released)
        after = between[1]


def _lines(
    rows: "Iterable[asyncpg.Record]",
    contents: dict[int, bytes],
    key: StatementKey,
    fields: tuple[str, ...],
    released: Released,
) -> list[Item]:
    days, items = _Days(), []
    for row in rows:
        told: tuple[str, ...] = ("",) * len(TEXT_FIELDS)
        content = contents.get(row["line_no"])
        if content is not None:
            told = _TEXTS.decode(key.open(content, row["identity"]))
        amount = int(row["amount"])
        items.append(
            Item(
                row["line_no"],
                amount,
                days[row["booking_date"]],
                days[row["value_date"]],
                tuple(
                    _direction(amount) if name == "direction" else told[_TEXT_AT[name]]
                    for name in fields
                ),
                row["repeats"],
                row["line_no"] in released.lines,
            )
        )
    return items


async def load_entries(
    database: Database, scope: Scope, fields: tuple[str, ...], released: Released
) -> Loaded:
    """The open entries, with the texts of some fields.

    Raises:
        Unavailable: the database cannot be asked.
    """
    items: list[Item] = []
    after, matched = (0, -1), 0
    while True:
        rows = await database.fetch(
            store.FIND_ENTRIES_AFTER,
            *scope.account,
            *after,
            scope.seq,
            *scope.dates,
            ROWS_AT_ONCE,
        )
        if not rows:
            return Loaded(items, matched)
        between = (_entry_key(rows[0]), _entry_key(rows[-1]))
        taken = await _matched(database, scope, Side.ENTRY, between)
        matched += sum(_signed(row, scope.sign) for row in rows if _entry_key(row) in taken)
        is_open = [row for row in rows if _entry_key(row) not in taken]
        items += await asyncio.to_thread(_entries, is_open, scope.sign, fields, released)
        after = (rows[-1]["seq"], rows[-1]["leg"])


def _entry_key(row: "asyncpg.Record") -> int:
    return entry_key(row["seq"], row["leg"])


def _signed(row: "asyncpg.Record", sign: int) -> int:
    """The amount in the account's normal direction."""
    return int(row["amount"]) * (sign if row["direction"] == "debit" else -sign)


async def _matched(
    database: Database, scope: Scope, side: Side, between: tuple[int, int]
) -> set[int]:
    """What of a range of items other reconciliations, or people, have matched."""
    rows = await database.fetch(
        store.FIND_MATCHED_BETWEEN, *scope.account, side, *between, scope.reconciliation
    )
    return {row["item"] for row in rows}


def _entries(
    rows: "Iterable[asyncpg.Record]", sign: int, fields: tuple[str, ...], released: Released
) -> list[Item]:
    days, items = _Days(), []
    for row in rows:
        key = _entry_key(row)
        amount = _signed(row, sign)
        items.append(
            Item(
                key,
                amount,
                days[row["booking_date"]],
                days[row["value_date"]],
                _entry_texts(row, amount, fields),
                is_released=key in released.entries,
            )
        )
    return items


def _entry_texts(row: "asyncpg.Record", amount: int, fields: tuple[str, ...]) -> tuple[str, ...]:
    metadata: dict[str, str] = {}
    if row["content"] is not None and any(name.startswith(_METADATA) for name in fields):
        metadata = _CONTENT.decode(row["content"]).metadata or {}

    def text(name: str) -> str:
        if name.startswith(_METADATA):
            return metadata.get(name.removeprefix(_METADATA), "")
        if name == "direction":
            return _direction(amount)
        return str(row["transaction_id" if name == "transaction" else name])

    return tuple(map(text, fields))


def _direction(amount: int) -> str:
    """What the bank calls it."""
    return "credit" if amount > 0 else "debit"
