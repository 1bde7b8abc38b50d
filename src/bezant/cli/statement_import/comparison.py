"""The file's balances beside the book's."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from bezant.cli.statement_import.plan import StatementPlan
from bezant.cli.statement_import.trail import Trail, movements, transactions
from bezant.formats.camt053 import Balance, Basis, Book, explain, is_available, is_starting
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units
from bezant.ledger.schemas import Entry


class Verdict(StrEnum):
    """Whether the book gives a balance."""

    AGREES = "yes"
    LISTED = "listed"
    DIFFERS = "NO"


class Row(Struct, frozen=True):
    """One balance of a file.

    Attributes:
        type: its code, or the bank's own name for it.
        date: ISO 8601.
        file: what the file says, a decimal.
        book: what the book gives, a decimal; empty where it has nothing to say.
        basis: by which dates, and with which credit line.
        is_required: whether the import fails when it differs.
        note: why it is only listed, or what is odd about it.
    """

    type: str
    date: str
    file: str
    book: str
    basis: str
    is_required: bool
    agrees: Verdict
    note: str = ""


def compare(entries: Iterable[Entry], plans: list[StatementPlan]) -> list[list[Row]]:
    """Hold the statements of one account against the account's entries, read in the book's order.

    Each statement is compared at its own place in the book: later entries do not disturb it.

    Returns:
        The rows of each plan.
    """
    trail = Trail()
    comparisons = [_Comparison(plan) for plan in plans]
    # A file may hold a statement twice.
    owners = defaultdict[UUID, list[_Comparison]](list)
    for each in comparisons:
        for id_ in each.ids:
            owners[id_].append(each)
    for transaction, legs in transactions(entries):
        its = owners.get(transaction, ())
        for each in its:
            if not each.found:
                each.look(trail.book(), at_start=True)
        trail.add(movements(legs))
        for each in its:
            each.found += 1
            if each.found == len(each.ids):
                each.look(trail.book(), at_start=False)
    for each in comparisons:
        if not each.ids:
            book = trail.book_at(each.plan.statement.closing.date)
            each.look(book, at_start=True)
            each.look(book, at_start=False)
    return [each.finish() for each in comparisons]


class _Comparison:
    """One statement's, while the entries pass by."""

    def __init__(self, plan: StatementPlan) -> None:
        self.plan = plan
        self.ids = plan.entry_ids
        self.found = 0
        self._scale = scale_of(plan.statement.header.currency)
        self._rows: dict[int, Row] = {}

    def finish(self) -> list[Row]:
        """The rows in the file's order. Those of a statement that the book lacks differ."""
        missing = len(self.ids) - self.found
        rows = []
        for at, balance in enumerate(self.plan.statement.header.balances):
            row = self._rows.get(at)
            if row is None:
                note = f"{missing} of its entries are not in the book."
                row = self._row(balance, None, "", Verdict.DIFFERS, note)
            rows.append(row)
        return rows

    def look(self, book: Book, *, at_start: bool) -> None:
        """Judge the balances before the statement's entries, or those after them."""
        statement = self.plan.statement
        for at, balance in enumerate(statement.header.balances):
            starts = balance == statement.opening or (
                is_starting(balance) and balance != statement.closing
            )
            if starts is at_start:
                self._rows[at] = self._judge(balance, book)

    def _judge(self, balance: Balance, book: Book) -> Row:
        statement = self.plan.statement
        is_required = balance in {statement.opening, statement.closing}
        if balance.is_proprietary or balance.sub_type or balance.type in {"INFO", "XPCD"}:
            note = "It states something else than the money booked."
            return self._row(balance, None, "", Verdict.LISTED, note)
        found = explain(balance, statement.header, book)
        if found.basis is None:
            verdict = Verdict.DIFFERS if is_required else Verdict.LISTED
            note = f"No dates of the entries explain it; {self._difference(balance, found.amount)}."
            return self._row(balance, found.amount, "", verdict, note)
        basis = str(found.basis)
        if found.credit_line:
            basis += f" + credit line {self._text(found.credit_line)}"
        note = "".join(self._notes(balance, found.basis, book))
        return self._row(balance, found.amount, basis, Verdict.AGREES, note)

    def _notes(self, balance: Balance, basis: Basis, book: Book) -> Iterator[str]:
        by_value = book.valued(balance.date)
        if is_available(balance) and basis is Basis.BOOKING:
            yield (
                f"By value date it would be {self._text(by_value)}: "
                "the bank counts entries here before their value date."
            )
        elif not is_available(balance) and basis is Basis.VALUE:
            yield (
                f"By booking date it would be {self._text(book.booked)}: "
                "the bank leaves entries out here until their value date."
            )

    def _row(
        self, balance: Balance, book: int | None, basis: str, agrees: Verdict, note: str
    ) -> Row:
        statement = self.plan.statement
        return Row(
            type=balance.type + (f"/{balance.sub_type}" if balance.sub_type else ""),
            date=balance.date.isoformat(),
            file=self._text(balance.amount),
            book="" if book is None else self._text(book),
            basis=basis,
            is_required=balance in {statement.opening, statement.closing},
            agrees=agrees,
            note=note,
        )

    def _difference(self, balance: Balance, book: int) -> str:
        return f"the difference is {self._text(balance.amount - book)}"

    def _text(self, amount: int) -> str:
        return format_units(amount, self._scale)
