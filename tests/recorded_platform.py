"""The few routes that an import uses, recorded in memory; and an import into them.

It keeps the API's promises that imports rest on: unknown accounts are refused, ids post once, a
batch stands or falls item by item, entries are listed in the order of posting. The same imports run
against the platform itself in the integration tests.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid5

from bezant.cli.client import ApiError
from bezant.cli.statement_import.importer import ImportResult, Step, import_file
from bezant.ledger.schemas import (
    Account,
    AccountStatus,
    AccountType,
    Asset,
    BatchResult,
    BatchTransaction,
    Book,
    Entry,
    Limits,
    NewAccount,
    NewBatch,
    NewBook,
)
from statements import Statement, xml

KEY = bytes(range(32))
_AT = datetime(2026, 3, 3, tzinfo=UTC)
_SPACE = UUID("0193e0a0-0000-7000-8000-000000000001")


@dataclass
class RecordedPlatform:
    """Books in memory.

    Attributes:
        transactions: those posted, by id, in the order of posting, of each book.
        batches_left: how many batches are taken before the connection breaks.
        declined: accounts that take no postings.
        received: how many transactions were sent, posted or not.
    """

    held: list[Book] = field(default_factory=list)
    opened: dict[UUID, dict[str, Account]] = field(default_factory=dict)
    transactions: dict[UUID, dict[UUID, BatchTransaction]] = field(default_factory=dict)
    batches_left: int = 1_000
    declined: set[str] = field(default_factory=set)
    received: int = 0

    def books(self) -> Iterator[Book]:
        return iter(self.held)

    def create_book(self, new: NewBook) -> Book:
        book = Book(uuid5(_SPACE, str(len(self.held))), new.name, new.time_zone, new.assets, _AT)
        self.held.append(book)
        self.opened[book.id], self.transactions[book.id] = {}, {}
        for asset in new.assets:
            id_ = f"suspense:{asset.code}"
            self.open_account(book.id, NewAccount(id_, asset.code, AccountType.LIABILITY))
        return book

    def accounts(self, book: UUID) -> Iterator[Account]:
        return iter(list(self.opened[book].values()))

    def open_account(self, book: UUID, new: NewAccount) -> Account:
        if new.id in self.opened[book]:
            raise ApiError(409, "ACCOUNT_EXISTS", "The account exists.")
        account = Account(new.id, new.asset, new.type, AccountStatus.OPEN, Limits(), None, _AT)
        return self.opened[book].setdefault(new.id, account)

    def post_batch(self, book: UUID, batch: NewBatch) -> list[BatchResult]:
        if not self.batches_left:
            raise ApiError(0, "UNREACHABLE", "The connection broke.")
        self.batches_left -= 1
        self.received += len(batch.transactions)
        return [self._post(book, item) for item in batch.transactions]

    def entries(self, book: UUID, account: str) -> Iterator[Entry]:
        if account not in self.opened[book]:
            raise ApiError(404, "ACCOUNT_NOT_FOUND", "No such account.")
        for seq, posted in enumerate(self.transactions[book].values(), 1):
            for leg in posted.postings:
                if account in {leg.debit, leg.credit}:
                    is_debit = leg.debit == account
                    assert leg.booking_date is not None
                    assert leg.value_date is not None
                    yield Entry(
                        transfer_id=posted.id,
                        transaction_id=posted.id,
                        seq=seq,
                        kind="posted",
                        hold_id=None,
                        direction="debit" if is_debit else "credit",
                        counterparty=leg.credit if is_debit else leg.debit,
                        amount=leg.amount,
                        code=leg.code,
                        booking_date=leg.booking_date,
                        value_date=leg.value_date,
                        effective_at=posted.effective_at or _AT,
                        recorded_at=_AT,
                    )

    def _post(self, book: UUID, item: BatchTransaction) -> BatchResult:
        posted = self.transactions[book].get(item.id)
        if posted is not None and posted != item:
            return BatchResult(409, item.id, "TRANSACTION_ID_REUSED", "Posted with other content.")
        for leg in item.postings:
            for id_ in (leg.debit, leg.credit):
                account = self.opened[book].get(id_)
                if account is None or account.asset != leg.asset:
                    return BatchResult(422, item.id, "UNKNOWN_ACCOUNT", f"No account {id_}.")
                if id_ in self.declined:
                    return BatchResult(422, item.id, "ACCOUNT_FROZEN", f"{id_} is frozen.")
        self.transactions[book][item.id] = item
        return BatchResult(201, item.id)

    def balance(self, account: str, book: int = 0) -> int:
        """What an account holds, debits positive."""
        entries = self.entries(self.held[book].id, account)
        return sum(int(e.amount) * (1 if e.direction == "debit" else -1) for e in entries)

    def recorded(self, book: int = 0) -> list[BatchTransaction]:
        """What was posted."""
        return list(self.transactions[self.held[book].id].values())

    def state(self) -> tuple[object, ...]:
        """Everything, to compare with later."""
        posted = {book: tuple(items) for book, items in self.transactions.items()}
        return tuple(self.held), {book: set(ids) for book, ids in self.opened.items()}, posted

    def accounts_of(self, kind: str, book: int = 0) -> list[str]:
        """The ids that begin with `kind`."""
        return [id_ for id_ in self.opened[self.held[book].id] if id_.startswith(kind)]


class Silence:
    """Progress that nobody looks at."""

    @contextmanager
    def file(self, step: Step, path: Path) -> Iterator[BinaryIO]:
        assert step in Step
        with path.open("rb") as source:
            yield source

    def entries(self, step: Step, entries: Iterable[Entry]) -> Iterator[Entry]:
        assert step in Step
        yield from entries


@dataclass
class Desk:
    """Somebody with a folder for files, who imports statements into the book `Money`."""

    folder: Path
    platform: RecordedPlatform = field(default_factory=RecordedPlatform)
    key: bytes = KEY

    def load(self, *statements: Statement, book: str = "Money", **written: str) -> ImportResult:
        return self.load_bytes(xml(*statements, **written), book)

    def load_bytes(self, content: bytes, book: str = "Money") -> ImportResult:
        path = self.folder / "statement.xml"
        path.write_bytes(content)
        return import_file(path, book, self.platform, self.key, Silence())

    def create_book(self, *currencies: str, name: str = "Money", scale: int = 2) -> Book:
        return self.platform.create_book(NewBook(name, [Asset(code, scale) for code in currencies]))

    @property
    def bank_account(self) -> str:
        [account] = self.platform.accounts_of("bank:")
        return account
