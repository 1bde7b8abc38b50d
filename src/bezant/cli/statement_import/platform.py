"""The port to the platform."""

from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from bezant.ledger.schemas import (
    Account,
    BatchResult,
    Book,
    Entry,
    NewAccount,
    NewBatch,
    NewBook,
)


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
