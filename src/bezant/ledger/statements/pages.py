"""Pages of statements: which entries, and the balance after each."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.ledger.domain import Kind
from bezant.ledger.history import Entry, Sums
from bezant.ledger.lane import transfer_id
from bezant.ledger.statements import schemas
from bezant.ledger.statements.domain import (
    MOVING,
    NO_CONTENT,
    RESERVING,
    Content,
    Period,
    Printed,
    Statement,
    Totals,
)
from bezant.ledger.statements.errors import StatementBroken
from bezant.ledger.statements.places import Place, no_such_place
from bezant.ledger.statements.reading import Reader

SCANNED: Final = 1_000
"""The least that is looked through for a page: where most is of the other section, it is short."""


class Asked(Struct, frozen=True):
    """Which statement of which account."""

    tenant_id: UUID
    book_id: UUID
    account_id: str
    period: Period
    known_at: datetime | None
    with_content: bool
    printed: Printed | None = None


async def read_page(
    reader: Reader, asked: Asked, section: schemas.SectionName, after: str | None, limit: int
) -> schemas.Statement:
    """One page, all of it read on one snapshot.

    Raises:
        AccountNotFound: the book, if there is such a book, has no such account.
        InvalidCursor: `after` is no place in this statement.
        StatementBroken: opening and movements do not make closing.
    """
    place = None if after is None else Place.read(after)
    known_at = asked.known_at if place is None else place.known_at
    statement = await reader.statement(asked.account_id, asked.period, known_at)
    if place is not None and statement.known_seq != place.known_seq:
        raise no_such_place()
    totals = await reader.totals(statement) if place is None else None
    scanned = max(limit + 1, SCANNED)
    entries = await reader.entries(statement, None if place is None else place.position, scanned)
    is_end = len(entries) < scanned
    is_booked = section == "booked"
    shown, last = _select(entries, MOVING if is_booked else RESERVING, limit, is_end=is_end)
    contents = await reader.contents(shown) if asked.with_content else {}
    balance = statement.opening_balance if place is None else place.balance
    rendered = []
    for entry in shown:
        # What is reserved and released passes over entries that move the balance.
        balance += statement.change_by(entry) if is_booked else 0
        rendered.append(_entry(entry, balance if is_booked else None, contents.get(entry.seq)))
    following = None
    if last is not None:
        position = last.position(asked.period.axis)
        following = str(Place(statement.known_seq, statement.known_at, position, balance))
    elif is_booked and balance != statement.closing_balance:
        await _explain(reader, statement, is_first=place is None)
    return _page(statement, totals, section, rendered, following)


def _select(
    entries: list[Entry], kinds: frozenset[Kind], limit: int, *, is_end: bool
) -> tuple[list[Entry], Entry | None]:
    """The entries of a page, and the last that it went through; None at the statement's end."""
    shown = [entry for entry in entries if entry.kind in kinds]
    if len(shown) > limit:
        return shown[:limit], shown[limit - 1]
    return shown, None if is_end else entries[-1]


async def _explain(reader: Reader, statement: Statement, *, is_first: bool) -> None:
    """Raise what it means that the entries do not lead to the closing balance."""
    await reader.totals(statement)
    if is_first:
        raise StatementBroken(f"account {statement.account_no} of book {statement.book_id}")
    # The book is sound: the balance that the cursor brought was never that of this place.
    raise no_such_place()


def _page(
    statement: Statement,
    totals: Totals | None,
    section: schemas.SectionName,
    entries: list[schemas.StatementEntry],
    following: str | None,
) -> schemas.Statement:
    return schemas.Statement(
        id=statement.id,
        account=statement.account,
        type=statement.type,
        asset=statement.asset,
        scale=statement.scale,
        axis=statement.period.axis,
        from_=statement.period.start,
        to=statement.period.end,
        known_seq=statement.known_seq,
        known_at=statement.known_at,
        opening=_balance(statement, statement.opening),
        closing=_balance(statement, statement.closing),
        totals=None if totals is None else _totals(totals),
        section=section,
        entries=entries,
        next=following,
    )


def _balance(statement: Statement, sums: Sums) -> schemas.StatementBalance:
    return schemas.StatementBalance(
        str(statement.balance_of(sums)), str(sums.debits_pending), str(sums.credits_pending)
    )


def _totals(totals: Totals) -> schemas.StatementTotals:
    return schemas.StatementTotals(
        str(totals.debits), str(totals.credits), totals.debit_count, totals.credit_count
    )


def _entry(entry: Entry, balance: int | None, content: Content | None) -> schemas.StatementEntry:
    known = content or NO_CONTENT
    return schemas.StatementEntry(
        transfer_id=transfer_id(entry.transaction_id, entry.leg),
        transaction_id=entry.transaction_id,
        seq=entry.seq,
        kind=entry.kind,
        hold_id=entry.hold_id,
        direction=entry.direction,
        counterparty=entry.counterparty,
        amount=str(entry.amount),
        code=entry.code,
        booking_date=entry.booking_date,
        value_date=entry.value_date,
        effective_at=entry.effective_at,
        recorded_at=entry.recorded_at,
        balance=None if balance is None else str(balance),
        reason=known.reason,
        metadata=known.metadata or None,
    )
