"""The ledger's use cases."""

from uuid import UUID

from bezant.kernel.calls import Answer, Call
from bezant.ledger import schemas


class Ledger:
    """What other parts of the platform may ask of the ledger.

    Writes take a `Call` and return an `Answer`: rendered once, stored under the call's idempotency key within the
    same commit, and replayed byte for byte. Reads raise `NotFound` for what is unknown or another tenant's.
    """

    async def create_book(self, call: Call, new: schemas.NewBook) -> Answer:
        """`POST /v1/books` -> 201 `Book`."""
        raise NotImplementedError

    async def open_account(self, call: Call, book_id: UUID, new: schemas.NewAccount) -> Answer:
        """`POST …/accounts` -> 201 `Account`."""
        raise NotImplementedError

    async def change_account(
        self, call: Call, book_id: UUID, account_id: str, change: schemas.AccountChange
    ) -> Answer:
        """`PATCH …/accounts/{id}` -> 200 `Account`."""
        raise NotImplementedError

    async def post(self, call: Call, book_id: UUID, new: schemas.NewTransaction) -> Answer:
        """`POST …/transactions` -> 201 `PostedTransaction`."""
        raise NotImplementedError

    async def post_batch(self, call: Call, book_id: UUID, batch: schemas.NewBatch) -> Answer:
        """`POST …/transactions/batch` -> 200 `BatchResults`."""
        raise NotImplementedError

    async def books(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Books:
        """`GET /v1/books`."""
        raise NotImplementedError

    async def book(self, tenant_id: UUID, book_id: UUID) -> schemas.Book:
        """`GET /v1/books/{book}`."""
        raise NotImplementedError

    async def accounts(
        self, tenant_id: UUID, book_id: UUID, *, after: str | None, limit: int
    ) -> schemas.Accounts:
        """`GET …/accounts`."""
        raise NotImplementedError

    async def account(self, tenant_id: UUID, book_id: UUID, account_id: str) -> schemas.Account:
        """`GET …/accounts/{id}`."""
        raise NotImplementedError

    async def balance(self, tenant_id: UUID, book_id: UUID, account_id: str) -> schemas.Balance:
        """`GET …/accounts/{id}/balance`."""
        raise NotImplementedError

    async def entries(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, cursor: str | None, limit: int
    ) -> schemas.Entries:
        """`GET …/accounts/{id}/entries`."""
        raise NotImplementedError

    async def transaction(
        self, tenant_id: UUID, book_id: UUID, transaction_id: UUID
    ) -> schemas.Transaction:
        """`GET …/transactions/{id}`."""
        raise NotImplementedError
