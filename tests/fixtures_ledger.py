"""A migrated database and a ledger on it; every test has a tenant of its own."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from bezant.kernel.cache import Cache
from bezant.kernel.calls import Answer, Call, RefusedAnswer
from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger, schemas
from bezant.ledger.reversals.service import ReverseTransaction
from bezant.ledger.verify import BookReport, verify_book
from bezant.server.embedded import EmbeddedServers
from bezant.server.migrations import migrate

IDS = TimeOrderedIds()
NO_BOOK = UUID(int=0)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def app_url(embedded_servers: EmbeddedServers) -> str:
    """The application role's URL of a migrated database."""
    postgres = embedded_servers.postgres
    await migrate(postgres.owner_url, "bezant_app", "bezant_vault")
    return postgres.app_url


@pytest.fixture(scope="session")
async def database(app_url: str) -> AsyncIterator[Database]:
    """A pool as the application has it."""
    database = await Database.open(app_url, name="tests")
    yield database
    await database.close()


@pytest.fixture
async def owner(
    app_url: str,  # noqa: ARG001 - the schema has to be there
    embedded_servers: EmbeddedServers,
) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection of the role that owns the schema: it can do what the application cannot."""
    connection = await asyncpg.connect(embedded_servers.postgres.owner_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """A short path for the sockets of lanes."""
    folder = Path(tempfile.mkdtemp(prefix="bzl-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@asynccontextmanager
async def open_ledger(
    database: Database, run_folder: Path, clock: Clock | None = None, cache: Cache | None = None
) -> AsyncIterator[Ledger]:
    """A ledger that takes part in the lanes of this machine."""
    ledger = Ledger(database, run_folder, clock=clock or SystemClock(), cache=cache)
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.close()


@pytest.fixture(scope="session")
async def ledger(database: Database, run_folder: Path) -> AsyncIterator[Ledger]:
    """One process's ledger."""
    async with open_ledger(database, run_folder) as ledger:
        yield ledger


@dataclass
class Bank:
    """A tenant's book, and the calls that tests make of it."""

    ledger: Ledger
    database: Database
    tenant_id: UUID
    book_id: UUID = NO_BOOK
    asset: str = "EUR"
    opened: list[str] = field(default_factory=list)

    def call(self, key: str | None = None, fingerprint: bytes = b"") -> Call:
        """A request with an idempotency key, by default a new one."""
        call_id = IDS.new()
        return Call(
            id=call_id,
            tenant_id=self.tenant_id,
            actor="key:test",
            action="test.call",
            resource="/test",
            origin="test",
            idempotency_key=key or f"test-{call_id}",
            fingerprint=fingerprint,
        )

    async def create(self, *assets: schemas.Asset, time_zone: str = "UTC") -> "Bank":
        """Create the book."""
        new = schemas.NewBook("Test", list(assets) or [schemas.Asset("EUR", 2)], time_zone)
        answer = await self.ledger.create_book(self.call(), new)
        self.book_id = answer.value(schemas.Book).id
        return self

    async def open(
        self,
        account_id: str,
        kind: schemas.AccountType = schemas.AccountType.LIABILITY,
        asset: str | None = None,
        **limits: str,
    ) -> str:
        """Open an account."""
        new = schemas.NewAccount(account_id, asset or self.asset, kind, schemas.Limits(**limits))
        answer = await self.ledger.open_account(self.call(), self.book_id, new)
        return answer.value(schemas.Account).id

    async def change(self, account_id: str, **change: Any) -> Answer:  # noqa: ANN401 - members by name
        """Change an account."""
        return await self.ledger.change_account(
            self.call(),
            self.book_id,
            account_id,
            schemas.AccountChange(**change),
        )

    def leg(self, debit: str, credit: str, amount: int | str, **more: Any) -> schemas.Posting:  # noqa: ANN401 - members by name
        """One posting."""
        return schemas.Posting(debit, credit, self.asset, str(amount), **more)

    async def post(self, *legs: schemas.Posting, key: str | None = None, **more: Any) -> Answer:  # noqa: ANN401 - members by name
        """Post a transaction."""
        new = schemas.NewTransaction(list(legs), **more)
        return await self.ledger.post(self.call(key), self.book_id, new)

    async def pay(self, debit: str, credit: str, amount: int, key: str | None = None) -> Answer:
        """Post a single leg."""
        return await self.post(self.leg(debit, credit, amount), key=key)

    async def reserve(
        self,
        debit: str,
        credit: str,
        amount: int,
        **more: Any,  # noqa: ANN401 - members by name
    ) -> UUID:
        """Post a pending leg; the identifier of its hold."""
        answer = await self.post(self.leg(debit, credit, amount, pending=True, **more))
        hold_id = answer.value(schemas.PostedTransaction).postings[0].hold_id
        assert hold_id is not None
        return hold_id

    async def capture(self, hold_id: UUID, amount: int | None = None, **more: Any) -> Answer:  # noqa: ANN401 - as above
        """Capture a hold."""
        asked = schemas.CaptureOfHold(None if amount is None else str(amount), **more)
        return await self.ledger.capture_hold(self.call(), self.book_id, hold_id, asked)

    async def void(self, hold_id: UUID, *, group: bool = False) -> Answer:
        """Void a hold, or its group."""
        asked = schemas.VoidOfHold(group)
        return await self.ledger.void_hold(self.call(), self.book_id, hold_id, asked)

    async def hold(self, hold_id: UUID) -> schemas.Hold:
        """A hold as it stands."""
        return await self.ledger.hold(self.tenant_id, self.book_id, hold_id)

    async def reverse(
        self,
        transaction_id: UUID,
        *parts: tuple[UUID, int | None],
        **more: Any,  # noqa: ANN401 - members by name
    ) -> Answer:
        """Take a transaction back: parts of its legs, or all that is left."""
        postings = [
            schemas.LegReversal(transfer_id, None if amount is None else str(amount))
            for transfer_id, amount in parts
        ]
        asked = schemas.ReversalOfTransaction(postings=postings or None, **more)
        rider = ReverseTransaction(transaction_id, asked)
        return await self.ledger.submit(self.call(), self.book_id, rider)

    async def transaction(self, transaction_id: UUID) -> schemas.Transaction:
        """A recorded transaction."""
        return await self.ledger.transaction(self.tenant_id, self.book_id, transaction_id)

    async def batch(self, *items: schemas.BatchTransaction) -> list[schemas.BatchResult]:
        """Post a batch."""
        new = schemas.NewBatch(list(items))
        answer = await self.ledger.post_batch(self.call(), self.book_id, new)
        return answer.value(schemas.BatchResults).results

    async def balance(self, account_id: str) -> schemas.Balance:
        """An account's balance."""
        return await self.ledger.balance(self.tenant_id, self.book_id, account_id)

    async def posted(self, account_id: str) -> int:
        """An account's posted balance."""
        return int((await self.balance(account_id)).posted)

    async def available(self, account_id: str) -> int:
        """What may leave an account."""
        return int((await self.balance(account_id)).available)

    async def verify(self) -> BookReport:
        """Recompute every invariant of the book."""
        return await verify_book(self.database, self.tenant_id, self.book_id)


def code(answer: Answer) -> str:
    """The code of a refusal."""
    with pytest.raises(RefusedAnswer) as refused:
        answer.value(dict)
    return refused.value.code


async def new_bank(ledger: Ledger, database: Database) -> Bank:
    """A bank of a new tenant, without a book."""
    tenant_id = UUID(int=next(_numbers))
    await database.transaction(
        lambda connection: connection.execute(
            "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, 'test', now())"
            " ON CONFLICT (tenant_id) DO NOTHING",
            tenant_id,
        )
    )
    return Bank(ledger, database, tenant_id)


@pytest.fixture
async def bank(ledger: Ledger, database: Database) -> AsyncIterator[Bank]:
    """A bank with a book in EUR and accounts `world` (no limits) and `alice` (no overdraft).

    Whatever a test did, its books verify.
    """
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    await bank.open("alice", overdraft="0")
    yield bank
    assert (await bank.verify()).findings == []
