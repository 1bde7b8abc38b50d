"""From a file to a book: check it whole, book what is new, compare."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from enum import StrEnum
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Final, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bezant.cli.client import ApiError
from bezant.cli.statement_import.comparison import Row, Verdict, compare
from bezant.cli.statement_import.decision import Decision, ImportRefused, decide
from bezant.cli.statement_import.plan import StatementPlan
from bezant.cli.statement_import.pseudonyms import Pseudonyms
from bezant.formats.camt053 import (
    AuditedStatement,
    StatementHeader,
    audit_statements,
    entry_digest,
    read_statements,
)
from bezant.formats.iso4217 import scale_of
from bezant.ledger.schemas import (
    BATCH_TRANSACTIONS_MAX,
    POSTINGS_MAX,
    Account,
    Asset,
    BatchResult,
    BatchTransaction,
    Book,
    Entry,
    NewAccount,
    NewBatch,
    NewBook,
)

T = TypeVar("T")

BATCH_BYTES_MAX: Final = 8 << 20
"""Half of what the route takes, so that one request stays quick to send and to repeat."""

_OPENED_AT_ONCE: Final = 8


class Platform(Protocol):
    """What an import needs of the API; `Client` has it, over HTTPS."""

    def books(self) -> Iterator[Book]:
        """All books of the tenant."""
        ...

    def create_book(self, new: NewBook) -> Book:
        """Create a book."""
        ...

    def accounts(self, book: UUID) -> Iterator[Account]:
        """All accounts of a book."""
        ...

    def open_account(self, book: UUID, new: NewAccount) -> Account:
        """Open an account."""
        ...

    def entries(self, book: UUID, account: str) -> Iterator[Entry]:
        """All entries of an account, oldest first."""
        ...

    def post_batch(self, book: UUID, batch: NewBatch) -> list[BatchResult]:
        """Post many transactions; a result for each."""
        ...


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
            _Booking(platform, found.id).run(source, decisions)
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


class _Booking:
    """Sends what is new, in batches, with the accounts that it needs."""

    def __init__(self, platform: Platform, book: UUID) -> None:
        self._platform = platform
        self._book = book
        self._accounts = {account.id for account in platform.accounts(book)}
        self._new_accounts: dict[str, NewAccount] = {}
        self._batch: list[BatchTransaction] = []
        self._lines: list[int] = []
        self._bytes = 0
        self._postings = 0

    def run(self, source: BinaryIO, decisions: list[Decision]) -> None:
        """Read the file again and post what the decisions call for.

        Raises:
            ImportRefused: the file is not the one that was checked, or a posting was declined.
        """
        upcoming = iter(decisions)
        decision: Decision | None = None
        at = 0
        for part in read_statements(source):
            if isinstance(part, StatementHeader):
                _check_complete(decision, at)
                decision, at = next(upcoming, None), 0
                _require(decision is not None and part == decision.plan.statement.header)
                if decision and decision.opening:
                    self._add(decision.plan, decision.opening, part.line)
            elif part.moves_money:
                assert decision is not None
                digests, digest = decision.plan.statement.digests, entry_digest(part)
                _require(at < len(digests) and digests[at] == digest)
                transaction = decision.plan.entry(part, at, digest)
                at += 1
                if transaction.id not in decision.present:
                    self._add(decision.plan, transaction, part.line)
        _check_complete(decision, at)
        _require(next(upcoming, None) is None)
        self._flush()

    def _add(self, plan: StatementPlan, transaction: BatchTransaction, line: int) -> None:
        size, postings = len(msgspec.json.encode(transaction)), len(transaction.postings)
        if (
            len(self._batch) == BATCH_TRANSACTIONS_MAX
            or self._bytes + size > BATCH_BYTES_MAX
            or self._postings + postings > POSTINGS_MAX
        ):
            self._flush()
        for account in plan.accounts(transaction):
            if account.id not in self._accounts:
                self._new_accounts[account.id] = account
        self._batch.append(transaction)
        self._lines.append(line)
        self._bytes += size
        self._postings += postings

    def _flush(self) -> None:
        if not self._batch:
            return
        self._open_accounts()
        results = self._platform.post_batch(self._book, NewBatch(self._batch))
        for line, result in zip(self._lines, results, strict=True):
            if result.status != HTTPStatus.CREATED:
                raise ImportRefused(
                    f"The entry at line {line} was declined: {result.code}: {result.detail} "
                    "Once that is put right, importing again completes the statement."
                )
        self._batch, self._lines = [], []
        self._bytes = self._postings = 0

    def _open_accounts(self) -> None:
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as pool:
            for account in pool.map(self._open_account, self._new_accounts.values()):
                self._accounts.add(account)
        self._new_accounts = {}

    def _open_account(self, new: NewAccount) -> str:
        try:
            self._platform.open_account(self._book, new)
        except ApiError as error:
            # Another import of the same account was first.
            if error.code != "ACCOUNT_EXISTS":
                raise
        return new.id


def _check_complete(decision: Decision | None, entries: int) -> None:
    _require(decision is None or entries == decision.plan.statement.booked)


def _require(is_same: bool) -> None:  # noqa: FBT001 - an assertion about the outside world
    """The file is read twice; what is booked must be what was checked."""
    if not is_same:
        raise ImportRefused("The file changed while it was being imported. Import it again.")
