"""From a file to a book: check it whole, book what is new, compare."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bezant.cli.client import ApiError
from bezant.cli.statement_import.booking import Booking
from bezant.cli.statement_import.comparison import Row, Verdict, compare
from bezant.cli.statement_import.decision import Decision, ImportRefused, decide
from bezant.cli.statement_import.plan import StatementPlan
from bezant.cli.statement_import.platform import Platform
from bezant.cli.statement_import.pseudonyms import Pseudonyms
from bezant.formats.camt053 import (
    AuditedStatement,
    audit_statements,
)
from bezant.formats.iso4217 import scale_of
from bezant.ledger.schemas import (
    Asset,
    Book,
    Entry,
    NewBook,
)

T = TypeVar("T")


class Step(StrEnum):
    """What an import is doing."""

    CHECK = "Checking the file"
    RECALL = "Reading the book"
    BOOK = "Booking"
    COMPARE = "Comparing"


class Progress(Protocol):
    """Where an import tells how far it is."""

    def file(self, step: Step, path: Path) -> AbstractContextManager[BinaryIO]:
        """Open the file for one pass over it, and show how far it got."""
        ...

    def entries(self, step: Step, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Pass entries on, and show how many there were."""
        ...


class StatementResult(msgspec.Struct, frozen=True):
    """What became of one statement.

    Attributes:
        statement: the bank's identifier of it.
        number: the bank's number of it, or again the identifier.
        account: the ledger account.
        entries: those that move money.
        posted: those that this import brought into the book.
        not_booked: the others, by the status that they have at the bank.
        continues_by: the basis on which it continues the book; None for a first or known one.
    """

    statement: str
    number: str
    account: str
    currency: str
    entries: int
    posted: int
    not_booked: dict[str, int]
    continues_by: str | None
    balances: list[Row]


class ImportResult(msgspec.Struct, frozen=True):
    """What became of a file.

    Attributes:
        agrees: whether every balance that must be in the book is.
    """

    book: str
    book_id: UUID
    is_new_book: bool
    agrees: bool
    statements: list[StatementResult]


def import_file(
    path: Path, book: str, platform: Platform, key: bytes, progress: Progress
) -> ImportResult:
    """Book a file's statements and compare the balances.

    Args:
        path: a camt.053 file.
        book: a book's identifier, or its name; a name that no book has makes a new one.
        platform: a session with it.
        key: what account numbers and names are made opaque with.
        progress: told how far the import is.

    Raises:
        StatementError: the file is broken; nothing was written.
        ImportRefused: it does not go into the book; none of its entries was written.
        ApiError: the platform declined. What was booked stands; importing again completes it.
    """
    with progress.file(Step.CHECK, path) as source:
        statements = audit_statements(source)
    found = _find_book(platform, book, statements)
    is_new = found is None
    if found is None:
        _check_sequence(statements)
        found = _create_book(platform, book, statements)
    names, zone = Pseudonyms(key, found.id), ZoneInfo(found.time_zone)
    plans = [StatementPlan(statement, names, zone) for statement in statements]
    accounts = _BankAccounts(platform, found.id, progress)
    decisions = accounts.decide(plans)
    if any(decision.opening or decision.news for decision in decisions):
        with progress.file(Step.BOOK, path) as source:
            Booking(platform, found.id).run(source, decisions)
    rows = accounts.compare(plans)
    results = [_result(*each) for each in zip(decisions, rows, strict=True)]
    agrees = all(row.agrees is not Verdict.DIFFERS for each in rows for row in each)
    return ImportResult(found.name, found.id, is_new, agrees, results)


def _result(decision: Decision, rows: list[Row]) -> StatementResult:
    statement = decision.plan.statement
    header = statement.header
    return StatementResult(
        statement=header.id,
        number=header.legal_number or header.electronic_number or header.id,
        account=decision.plan.bank_account,
        currency=header.currency,
        entries=statement.booked,
        posted=decision.news,
        not_booked=statement.not_booked,
        continues_by=decision.continues_by,
        balances=rows,
    )


def _find_book(platform: Platform, name: str, statements: list[AuditedStatement]) -> Book | None:
    """The book of an identifier or name, fit for the file; None where there is none.

    Raises:
        ImportRefused: several have the name, or the book lacks a currency or counts it otherwise.
    """
    found = [book for book in platform.books() if name in {book.name, str(book.id)}]
    if len(found) > 1:
        ids = ", ".join(str(book.id) for book in found)
        raise ImportRefused(f"{len(found)} books are named {name!r}; give one by its id: {ids}")
    if not found:
        return None
    book = found[0]
    held = {asset.code: asset.scale for asset in book.assets}
    for currency, scale in _currencies(statements).items():
        if currency not in held:
            raise ImportRefused(f"The book {book.name!r} does not hold {currency}.")
        if held[currency] != scale:
            raise ImportRefused(
                f"The book {book.name!r} counts {currency} at {held[currency]} fraction digits, "
                f"and statements at {scale}."
            )
    return book


def _create_book(platform: Platform, name: str, statements: list[AuditedStatement]) -> Book:
    assets = [Asset(code, scale) for code, scale in sorted(_currencies(statements).items())]
    return platform.create_book(NewBook(name=name, assets=assets))


def _check_sequence(statements: list[AuditedStatement]) -> None:
    """Refuse statements that do not continue each other before a book is made for them.

    Raises:
        ImportRefused: there is a gap.
    """
    names = Pseudonyms(b"", UUID(int=0))  # for telling accounts apart only
    plans = [StatementPlan(statement, names, ZoneInfo("UTC")) for statement in statements]
    _by_account(plans, lambda _, its: decide(its, ()))


def _currencies(statements: list[AuditedStatement]) -> dict[str, int]:
    return {each.header.currency: scale_of(each.header.currency) for each in statements}


def _by_account(
    plans: list[StatementPlan], work: Callable[[str, list[StatementPlan]], list[T]]
) -> list[T]:
    """Do the work for each account, and put the results in the order of the plans."""
    done: dict[int, T] = {}
    places = sorted(range(len(plans)), key=lambda at: plans[at].bank_account)
    for account, group in groupby(places, key=lambda at: plans[at].bank_account):
        its = list(group)
        done |= zip(its, work(account, [plans[at] for at in its]), strict=True)
    return [done[at] for at in range(len(plans))]


class _BankAccounts:
    """The bank accounts of a file, as the book has them."""

    def __init__(self, platform: Platform, book: UUID, progress: Progress) -> None:
        self._platform = platform
        self._book = book
        self._progress = progress

    def decide(self, plans: list[StatementPlan]) -> list[Decision]:
        """Decide about each statement.

        Raises:
            ImportRefused: one does not continue the book.
        """
        return _by_account(
            plans, lambda account, its: decide(its, self._entries(Step.RECALL, account))
        )

    def compare(self, plans: list[StatementPlan]) -> list[list[Row]]:
        """Compare each statement's balances."""
        return _by_account(
            plans, lambda account, its: compare(self._entries(Step.COMPARE, account), its)
        )

    def _entries(self, step: Step, account: str) -> Iterator[Entry]:
        try:
            yield from self._progress.entries(step, self._platform.entries(self._book, account))
        except ApiError as error:
            # An account that no statement was booked for yet has no entries.
            if error.code != "ACCOUNT_NOT_FOUND":
                raise
