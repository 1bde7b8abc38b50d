"""The whole API over the embedded PostgreSQL, in this process: tenants, their keys, their data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from bezant.kernel.api_keys import ApiKeyAuthenticator, ApiKeyService, IssuedApiKey, NewApiKey
from bezant.kernel.api_keys import api as api_keys
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.http import Exchange, install
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger.api import operations
from bezant.ledger.service import Ledger

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

ALL_SCOPES = ("keys:write", "ledger:read", "ledger:write", "metrics:read")

_keys = count(1)


def fresh_key() -> dict[str, str]:
    """A header with an idempotency key that no request had before."""
    return {"Idempotency-Key": f"test-{next(_keys)}"}


@dataclass
class Tenant:
    """A tenant, its all-powerful API key, and a client that sends it."""

    id: UUID
    key: str
    client: httpx.AsyncClient

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """POST with a fresh idempotency key unless one is given."""
        return await self.client.post(path, json=body, headers=fresh_key() | headers)

    async def create(self, path: str, body: object) -> dict[str, Any]:
        """POST, which must succeed; the answer."""
        answer = await self.post(path, body)
        assert answer.is_success, answer.text
        created: dict[str, Any] = answer.json()
        return created


@dataclass
class Api:
    """The application and what it stands on."""

    app: FastAPI
    database: Database
    authenticator: ApiKeyAuthenticator
    keys: ApiKeyService
    seen: list[Exchange]

    @asynccontextmanager
    async def tenant(self, scopes: tuple[str, ...] = ALL_SCOPES) -> AsyncIterator[Tenant]:
        """A new tenant with one key."""
        tenant_id = TimeOrderedIds().new()
        await self.add_tenant(tenant_id)
        issued = await self.issue(tenant_id, scopes)
        assert issued.key is not None
        async with self.client(issued.key) as client:
            yield Tenant(tenant_id, issued.key, client)

    def client(self, key: str) -> httpx.AsyncClient:
        """A client that sends `key`."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="https://bezant.test",
            headers={"Authorization": f"Bearer {key}"},
        )

    async def issue(
        self, tenant_id: UUID, scopes: tuple[str, ...], expires_at: datetime | None = None
    ) -> IssuedApiKey:
        """A new key."""
        new = NewApiKey("test", list(scopes), expires_at)  # type: ignore[arg-type]
        return (await self.keys.create(operator_call(tenant_id), new)).value(IssuedApiKey)

    async def add_tenant(self, tenant_id: UUID) -> None:
        """A row for the tenant."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(
                "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, 'test', $2)",
                tenant_id,
                datetime.now(UTC),
            )

        await self.database.transaction(work)


def operator_call(tenant_id: UUID) -> Call:
    """What the command line would send."""
    return Call(
        TimeOrderedIds().new(), tenant_id, "operator", "api_key.create", "/v1/api-keys", "cli"
    )


@pytest.fixture(scope="session")
async def api(database: Database, ledger: Ledger) -> AsyncIterator[Api]:
    """The API, once per session."""
    clock, ids = SystemClock(), TimeOrderedIds()
    authenticator, seen = ApiKeyAuthenticator(database, clock), list[Exchange]()
    keys = ApiKeyService(database, clock, ids)
    app = FastAPI(
        title="Bezant", version="test", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    install(
        app,
        [*operations(ledger), *api_keys.operations(keys)],
        authenticator=authenticator,
        ids=ids,
        observe=seen.append,
    )
    yield Api(app, database, authenticator, keys, seen)
    await authenticator.close()


@pytest.fixture(scope="session")
async def tenant(api: Api) -> AsyncIterator[Tenant]:
    """A tenant for tests that make their own books."""
    async with api.tenant() as tenant:
        yield tenant


@pytest.fixture(scope="session")
async def other_tenant(api: Api) -> AsyncIterator[Tenant]:
    """Another one, whose key grants as much."""
    async with api.tenant() as tenant:
        yield tenant


@dataclass
class Book:
    """A book with two accounts and one transaction between them."""

    tenant: Tenant
    id: str
    transaction: str

    @property
    def path(self) -> str:
        return f"/v1/books/{self.id}"

    def transfer(self, amount: str = "1250", **members: object) -> dict[str, Any]:
        """A transaction's body: from the world into the wallet."""
        leg = {"debit": "world", "credit": "wallet", "asset": "EUR", "amount": amount}
        return {"postings": [leg], **members}


@pytest.fixture(scope="session")
async def book(tenant: Tenant) -> Book:
    """A book with `world` (an asset) and `wallet` (a liability that holds 1000.00)."""
    return await open_book(tenant)


async def open_book(tenant: Tenant) -> Book:
    """A new such book."""
    created = await tenant.create(
        "/v1/books", {"name": "Money", "assets": [{"code": "EUR", "scale": 2}]}
    )
    book = Book(tenant, created["id"], "")
    for account, kind in (("world", "asset"), ("wallet", "liability")):
        body = {"id": account, "asset": "EUR", "type": kind, "limits": {"overdraft": "0"}}
        await tenant.create(f"{book.path}/accounts", body)
    posted = await tenant.create(f"{book.path}/transactions", book.transfer("100000"))
    book.transaction = posted["id"]
    return book
