"""Whether a statement continues what the book has, and what of it is new: pure."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import msgspec

from bezant.cli.statement_import.plan import StatementPlan
from bezant.cli.statement_import.trail import Trail, movements, transactions
from bezant.formats.camt053 import AuditedStatement, Basis, Book, explain
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units
from bezant.ledger.schemas import BatchTransaction, Entry


class ImportRefused(Exception):  # noqa: N818 - an answer to the operator, not a fault
    """The file is sound, but it does not go into this book."""


class Decision(msgspec.Struct, frozen=True):
    """What to do with one statement.

    Attributes:
        opening: what to post first, where the account is new to the book.
        present: those of its transactions that the book has already.
        continues_by: the basis on which its opening balance is the book's; None where the whole
            statement is in the book already, or is the account's first.
    """

    plan: StatementPlan
    opening: BatchTransaction | None
    present: frozenset[UUID]
    continues_by: Basis | None

    @property
    def news(self) -> int:
        """How many of its entries are to be posted."""
        return self.plan.statement.booked - len(self.present)


def decide(plans: list[StatementPlan], entries: Iterable[Entry]) -> list[Decision]:
    """Decide about the statements of one account, each as if those before it were booked.

    Args:
        plans: in the file's order.
        entries: all that the book has for the account, oldest first.

    Raises:
        ImportRefused: a statement neither is in the book nor continues it.
    """
    standing = _Standing(plans, entries)
    return [standing.decide(plan) for plan in plans]


class _Standing:
    """What the book has of an account, and what it will have after each decision."""

    def __init__(self, plans: list[StatementPlan], entries: Iterable[Entry]) -> None:
        keys = {plan.key for plan in plans}
        self._total = Trail()
        self._of_statement: dict[int, Trail] = defaultdict(Trail)
        self._transactions: dict[int, set[UUID]] = defaultdict(set)
        self._is_new = True
        for transaction, legs in transactions(entries):
            self._is_new = False
            moved = movements(legs)
            self._total.add(moved)
            if (key := transaction.int >> 64) in keys:
                self._of_statement[key].add(moved)
                self._transactions[key].add(transaction)

    def decide(self, plan: StatementPlan) -> Decision:
        """Decide about the next statement, and count it as booked."""
        statement, ids = plan.statement, set(plan.entry_ids)
        known = self._transactions[plan.key]
        if known - ids:
            raise ImportRefused(_changed(statement, len(known - ids)))
        present = frozenset(known)
        opening = continues_by = None
        if self._is_new:
            self._is_new = False
            opening = plan.opening()
            self._total.add(plan.opening_movements)
        elif present < ids or not ids:
            continues_by = _continues(statement, self._before(plan))
        if present < ids:
            self._total = self._before(plan)
            self._total.add(statement.movements)
            _check_arrival(statement, self._total)
            self._of_statement[plan.key] = Trail(statement.movements)
            self._transactions[plan.key] = ids
        return Decision(plan, opening, present, continues_by)

    def _before(self, plan: StatementPlan) -> Trail:
        """The totals without what the book has of the statement."""
        return self._total.without(self._of_statement[plan.key].totals)


def _continues(statement: AuditedStatement, before: Trail) -> Basis | None:
    """How the statement's opening balance is what the book had before it.

    Raises:
        ImportRefused: it is not.
    """
    book = before.book()
    basis = explain(statement.opening, statement.header, book).basis
    if basis is None and (statement.booked or not _was_passed(statement, before)):
        raise ImportRefused(_gap(statement, book))
    return basis


def _check_arrival(statement: AuditedStatement, after: Trail) -> None:
    """Check that the book will arrive at the closing balance too, not only the file.

    They part where a statement continues the book by value date, and its bank never counts what it
    had put off.

    Raises:
        ImportRefused: it will not.
    """
    closing, header = statement.closing, statement.header
    found = explain(closing, header, after.book())
    if found.basis is None:
        amounts = (closing.amount, found.amount, closing.amount - found.amount)
        says, has, gap = (format_units(each, scale_of(header.currency)) for each in amounts)
        raise ImportRefused(
            f"Statement {_number(statement)} (line {header.line}) closes at {says} "
            f"{header.currency} on {closing.date}, but with it the book would have {has}, "
            f"a difference of {gap}."
        )


def _number(statement: AuditedStatement) -> str:
    header = statement.header
    return header.legal_number or header.electronic_number or header.id


def _was_passed(statement: AuditedStatement, trail: Trail) -> bool:
    """Whether a statement without entries agrees with the book at its own date.

    Nothing of it is in the book to recognize it by, and nothing is to be posted for it.
    """
    book = trail.book_at(statement.closing.date)
    return explain(statement.closing, statement.header, book).basis is not None


def _changed(statement: AuditedStatement, others: int) -> str:
    return (
        f"Statement {_number(statement)} (line {statement.header.line}) is in the book with "
        f"{others} entries that the file does not have: the bank changed it. "
        "Reverse what was booked before."
    )


def _gap(statement: AuditedStatement, book: Book) -> str:
    opening, header = statement.opening, statement.header
    scale = scale_of(header.currency)
    has, asks = (format_units(amount, scale) for amount in (book.booked, opening.own_amount))
    gap = format_units(opening.own_amount - book.booked, scale)
    return (
        f"Statement {_number(statement)} (line {header.line}) opens at {asks} {header.currency} on "
        f"{opening.date}, but the book has {has}, a difference of {gap}. A statement before it is "
        "missing, or it was booked in another form."
    )
