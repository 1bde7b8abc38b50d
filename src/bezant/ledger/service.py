"""The ledger's use cases."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel import idempotency
from bezant.kernel.cache import Cache
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.database import Database, Replica
from bezant.kernel.ids import Ids, TimeOrderedIds
from bezant.ledger import schemas, store
from bezant.ledger.accounts import ChangeAccount, OpenAccount, OpenAccounts
from bezant.ledger.balance_cache import (
    BalanceEntries,
    CachedAccounts,
    Claims,
    Domain,
)
from bezant.ledger.books import create_book
from bezant.ledger.errors import TooManyPostings
from bezant.ledger.fx.service import Currencies
from bezant.ledger.holds import CaptureHold, VoidHold
from bezant.ledger.lane import Gatekeeper, JointRider, Lanes, Rider
from bezant.ledger.limit_groups import ChangeLimitGroup, OpenLimitGroup
from bezant.ledger.past import Past
from bezant.ledger.posting import PostBatch, PostTransaction
from bezant.ledger.reads import LedgerReads
from bezant.ledger.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

BATCH_POSTINGS_MAX: Final = 2 * schemas.BATCH_TRANSACTIONS_MAX
"""Postings in one request: a batch may be full of two-legged transactions."""


class Ledger(LedgerReads):
    """What other parts of the platform may ask of the ledger.

    Writes take a `Call` and return an `Answer`: rendered once, stored under the call's idempotency
    key within the same commit, and replayed byte for byte. Reads raise `NotFound` for what is
    unknown or another tenant's.

    Args:
        database: connected as the application's role.
        run_folder: where this process listens for others of its machine; short, and closed to other
            users.
        replica: answers reads whose callers say what they must see; None where there is none.
        cache: in front of books, accounts and balances; None reads them from the database.
        gatekeeper: asked before this process begins to write a book; None lets every book be.
        token: what shows other processes of the platform that this one belongs to it; the empty one
            is for a folder that nothing else reaches.

    Attributes:
        fx: rates, quotes, conversions and revaluations.
        statements: of accounts, and filtered lists of their entries.
        past: reads of moments gone by.
    """

    def __init__(
        self,
        database: Database,
        run_folder: Path,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        replica: Replica | None = None,
        cache: Cache | None = None,
        gatekeeper: Gatekeeper | None = None,
        token: str = "",
    ) -> None:
        super().__init__(database, clock or SystemClock(), replica, cache)
        self._ids = ids or TimeOrderedIds()
        self.statements = Statements(database, self._clock, self._reader)
        self.past = Past(self._reader, self._clock)
        domain = Domain(
            run_folder, self._ids, publisher=None if cache is None else BalanceEntries(cache)
        )
        self._lanes = Lanes(
            database,
            self._clock,
            self._ids,
            run_folder,
            domain,
            grew=self._tail.grew,
            gatekeeper=gatekeeper,
            token=token,
        )
        if cache is not None:
            self._cached_accounts = CachedAccounts(database, cache, Claims(domain), self._lanes)
        self.fx = Currencies(database, self._clock, self._ids, self.submit)

    async def write_once(
        self,
        call: Call,
        work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[Answer]]",
    ) -> Answer:
        """Do what needs no lane, in a transaction with its idempotency record and audit entry.

        Raises:
            Unavailable: a repeat with the same key is safe.
        """
        return await idempotency.once(self._database, self._clock, call, work)

    def now(self) -> datetime:
        """The present."""
        return self._clock.now()

    async def start(self) -> None:
        """Take part in carrying out what is sent to any process of the machine."""
        await self._lanes.start()

    async def close(self) -> None:
        """Finish what was taken."""
        if self._cached_accounts is not None:
            await self._cached_accounts.close()
        await self._lanes.close()

    async def submit(self, call: Call, book_id: UUID, rider: Rider) -> Answer:
        """Have a rider carried out in a book's lane, in one commit with its postings.

        Raises:
            BookNotFound: the tenant has no such book.
            Busy: too much waits for the book.
            Unavailable: nothing was done, or a repeat with the same key is safe and tells.
        """
        return await self._lanes.submit(call.tenant_id, book_id, rider, call)

    async def submit_jointly(self, call: Call, rider: JointRider) -> Answer:
        """Have a rider carried out in several books of the tenant, in one commit.

        Raises:
            BookNotFound: the tenant lacks one of the books.
            Unavailable: nothing was done, or a repeat with the same key is safe and tells.
        """
        return await self._lanes.submit_jointly(call.tenant_id, rider, call)

    async def expire_holds(self) -> None:
        """Have quiet books give back holds that are over; it is done every second by itself.

        Raises:
            DatabaseUnavailable: nothing can be done now.
        """
        await self._lanes.expire_holds()

    async def remove_old_refusals(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Let some ids that were refused before an instant be used again; how many they were.

        Raises:
            Unavailable: the database cannot be asked.
        """
        return await self._database.remove(store.DELETE_REFUSED, tenant_id, before, limit)

    async def create_book(self, call: Call, new: schemas.NewBook) -> Answer:
        """`POST /v1/books` -> 201 `Book`."""
        return await create_book(self._database, self._clock, self._ids, call, new)

    async def open_account(self, call: Call, book_id: UUID, new: schemas.NewAccount) -> Answer:
        """`POST …/accounts` -> 201 `Account`."""
        return await self.submit(call, book_id, OpenAccount(new))

    async def open_accounts(self, call: Call, book_id: UUID, new: schemas.NewAccounts) -> Answer:
        """`POST …/account-batches` -> 200 `AccountResults`."""
        return await self.submit(call, book_id, OpenAccounts(new))

    async def open_limit_group(
        self, call: Call, book_id: UUID, new: schemas.NewLimitGroup
    ) -> Answer:
        """`POST …/limit-groups` -> 201 `LimitGroup`."""
        return await self.submit(call, book_id, OpenLimitGroup(new))

    async def change_limit_group(
        self, call: Call, book_id: UUID, group_id: str, change: schemas.LimitGroupChange
    ) -> Answer:
        """`PATCH …/limit-groups/{id}` -> 200 `LimitGroup`."""
        return await self.submit(call, book_id, ChangeLimitGroup(group_id, change))

    async def capture_hold(
        self, call: Call, book_id: UUID, hold_id: UUID, asked: schemas.CaptureOfHold
    ) -> Answer:
        """`POST …/holds/{id}/capture` -> 200 `SettledHold`."""
        return await self.submit(call, book_id, CaptureHold(hold_id, asked))

    async def void_hold(
        self, call: Call, book_id: UUID, hold_id: UUID, asked: schemas.VoidOfHold
    ) -> Answer:
        """`POST …/holds/{id}/void` -> 200 `SettledHold`."""
        return await self.submit(call, book_id, VoidHold(hold_id, asked))

    async def change_account(
        self, call: Call, book_id: UUID, account_id: str, change: schemas.AccountChange
    ) -> Answer:
        """`PATCH …/accounts/{id}` -> 200 `Account`."""
        return await self.submit(call, book_id, ChangeAccount(account_id, change))

    async def post(self, call: Call, book_id: UUID, new: schemas.NewTransaction) -> Answer:
        """`POST …/transactions` -> 201 `PostedTransaction`; 200 for a dry run.

        Raises:
            TooManyPostings: more legs than `BATCH_POSTINGS_MAX`.
        """
        rider = PostTransaction(new)
        _check_weight(rider.weight, None)
        return await self.submit(call, book_id, rider)

    async def post_batch(self, call: Call, book_id: UUID, batch: schemas.NewBatch) -> Answer:
        """`POST …/transactions/batch` -> 200 `BatchResults`.

        Raises:
            TooManyPostings: more than `BATCH_POSTINGS_MAX` over all items.
        """
        rider = PostBatch(batch)
        _check_weight(rider.weight, "transactions")
        return await self.submit(call, book_id, rider)


def _check_weight(weight: int, field: str | None) -> None:
    if weight > BATCH_POSTINGS_MAX:
        raise TooManyPostings(
            f"{weight} postings in one request; at most {BATCH_POSTINGS_MAX}.", field=field
        )
