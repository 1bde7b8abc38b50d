"""The whole API over the embedded PostgreSQL, in this process: tenants, their keys, their data."""

import asyncio
import json
import re
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final, get_args
from uuid import UUID

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from bezant.identity.policy import Policy
from bezant.kernel.api_keys import (
    ApiKeyAuthenticator,
    ApiKeyService,
    IssuedApiKey,
    NewApiKey,
    Scope,
)
from bezant.kernel.cache import open_cache
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.http import Streams
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import DeadJobService, JobKind
from bezant.kernel.outbox import EventReader
from bezant.kernel.sealing import KeySealer
from bezant.kernel.telemetry import open_tracing
from bezant.kernel.webhooks import DeliveryService, Means, WebhookService
from bezant.ledger import Ledger, ReconciliationService
from bezant.ledger.checkpoints import CheckpointService
from bezant.payments import ListedPayees, Patience
from bezant.server.app import Platform, create_app
from bezant.server.banking import Banking
from bezant.server.embedded import EmbeddedServers
from bezant.server.identity import Identity, Surroundings
from bezant.server.payees import Payees
from bezant.server.payments import Payments
from bezant.server.webhooks import webhook_means
from bezant.vault import VaultClient
from rails import SchemeRail

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.payments import Receiver
PATIENT: Final = Patience(60, 60, 60, 60)
"""So that no answer depends on how busy the machine is."""

BASE = "https://bezant.test"
CLIENT_KEYS = {
    "keys": [
        {
            # RFC 8037, appendix A.2
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "first",
        }
    ]
}
"""Keys that a client may register."""

MTLS_BASE = "https://mtls.bezant.test"
CACHE_SECRET = b"a secret of this test run, and long"
ALL_SCOPES = get_args(Scope)

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
    database: Database
    receiver: "Receiver | None" = None

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

    app: ASGIApp
    database: Database
    keys: ApiKeyService
    declared: dict[str, Any]
    ledger: Ledger | None = None
    streams: Streams = field(default_factory=Streams)
    receiver: "Receiver | None" = None

    async def document(self) -> dict[str, Any]:
        """The OpenAPI document, as anybody may read it."""
        async with httpx.AsyncClient(transport=self._transport, base_url=BASE) as client:
            document: dict[str, Any] = (await client.get("/openapi.json")).json()
        return document

    async def check_declared(self, answer: httpx.Response) -> None:
        """Fail the test whose request is answered by what the document does not declare."""
        if not self.declared:
            self.declared |= (await self.document())["paths"]
        method, path = answer.request.method.lower(), answer.request.url.path
        for template, operations in self.declared.items():
            pattern = re.sub(r"\{[a-z]+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method in operations:
                responses = operations[method]["responses"]
                assert str(answer.status_code) in responses, f"{method} {path} {answer.status_code}"
                schema = _problem_schema(responses[str(answer.status_code)])
                if "allOf" in schema:
                    code = json.loads(await answer.aread())["code"]
                    assert code in schema["allOf"][1]["properties"]["code"]["enum"]

    @property
    def _transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(self.app, raise_app_exceptions=False)

    @asynccontextmanager
    async def tenant(self, scopes: tuple[str, ...] = ALL_SCOPES) -> AsyncIterator[Tenant]:
        """A new tenant with one key."""
        tenant_id = TimeOrderedIds().new()
        await self.add_tenant(tenant_id)
        issued = await self.issue(tenant_id, scopes)
        assert issued.key is not None
        async with self.client(issued.key) as client:
            yield Tenant(tenant_id, issued.key, client, self.database, self.receiver)

    def client(self, key: str) -> httpx.AsyncClient:
        """A client that sends `key`."""
        return httpx.AsyncClient(
            transport=self._transport,
            base_url=BASE,
            headers={"Authorization": f"Bearer {key}"},
            event_hooks={"response": [self.check_declared]},
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


def _problem_schema(response: dict[str, Any]) -> dict[str, Any]:
    """The schema of a problem; of another answer, nothing."""
    problem = response.get("content", {}).get("application/problem+json", {})
    schema: dict[str, Any] = problem.get("schema", {})
    return schema


def operator_call(tenant_id: UUID) -> Call:
    """What the command line would send."""
    return Call(
        TimeOrderedIds().new(), tenant_id, "operator", "api_key.create", "/v1/api-keys", "cli"
    )


@pytest.fixture(scope="session")
async def hooks(database: Database, ledger: Ledger) -> AsyncIterator[Means]:
    """What webhooks are made with; nobody delivers."""
    key = b64encode(bytes(32)).decode()
    clock, ids, events = SystemClock(), TimeOrderedIds(), EventReader(database)
    means = webhook_means(database, clock, ids, ledger, events, key, allow_loopback=False)
    yield means
    await means.sender.close()


def reconciliation_service(database: Database) -> ReconciliationService:
    """Statements and reconciliations; whoever asks for one has it carried out."""
    return ReconciliationService(database, SystemClock(), TimeOrderedIds(), KeySealer(bytes(32)))


@pytest.fixture(scope="session")
async def reconciliations(database: Database) -> ReconciliationService:
    """Those of every test."""
    return reconciliation_service(database)


@pytest.fixture(scope="session")
async def identity(
    database: Database, sealer: VaultClient, embedded_servers: EmbeddedServers
) -> AsyncIterator[Identity]:
    """The issuers of every tenant, under the name that tests call the API by."""
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    given = Surroundings(
        database, SystemClock(), TimeOrderedIds(), sealer, bytes(32), BASE, cache, MTLS_BASE
    )
    identity = Identity.of(given)
    yield identity
    await identity.close()
    await cache.close()


@pytest.fixture(scope="session")
async def api(
    database: Database,
    ledger: Ledger,
    reconciliations: ReconciliationService,
    embedded_servers: EmbeddedServers,
    hooks: Means,
    sealer: VaultClient,
    identity: Identity,
) -> AsyncIterator[Api]:
    """The API as a worker serves it, once per session."""
    clock, ids = SystemClock(), TimeOrderedIds()
    authenticator = ApiKeyAuthenticator(database, clock)
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    service = ApiKeyService(database, clock, ids)
    tracing = open_tracing(otlp_endpoint=None)
    banking = Banking.of(database, clock, ids, ledger, sealer, bytes(32))
    policy = Policy.shipped(database, clock, ids, banking.relations)
    rails = {rail.name: rail for rail in (SchemeRail(), SchemeRail("sct_inst"))}
    directory = ListedPayees([])
    payments = Payments.of(database, clock, ids, ledger, banking.accounts, bytes(32), rails)
    payees = Payees.of(database, clock, ids, banking, sealer, bytes(32), directory, PATIENT)
    platform = Platform(
        database=database,
        ledger=ledger,
        checkpoints=CheckpointService(database, clock, ids, KeySealer(bytes(32)), []),
        reconciliations=reconciliations,
        banking=banking,
        payments=payments,
        payees=payees,
        authenticator=identity.callers(authenticator),
        policy=policy,
        api_keys=service,
        dead_jobs=DeadJobService(database, clock),
        events=EventReader(database),
        webhooks=WebhookService(hooks),
        webhook_deliveries=DeliveryService(hooks),
        identity=identity,
        cache=cache,
        ids=ids,
        tracing=tracing,
    )
    yield Api(
        create_app(platform), database, service, {}, ledger, platform.streams, payments.receiver
    )
    await payments.execution.close()
    await payees.asker.close()
    await policy.close()
    await authenticator.close()
    await cache.close()


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


async def open_book(tenant: Tenant, *others: str) -> Book:
    """A new such book; it may have further assets, each counted in hundredths."""
    assets = [{"code": code, "scale": 2} for code in ("EUR", *others)]
    created = await tenant.create("/v1/books", {"name": "Money", "assets": assets})
    book = Book(tenant, created["id"], "")
    for account, kind in (("world", "asset"), ("wallet", "liability")):
        body = {"id": account, "asset": "EUR", "type": kind, "limits": {"overdraft": "0"}}
        await tenant.create(f"{book.path}/accounts", body)
    posted = await tenant.create(f"{book.path}/transactions", book.transfer("100000"))
    book.transaction = posted["id"]
    return book


async def open_desk(tenant: Tenant) -> Book:
    """A new such book that exchanges EUR and USD, with an account `dollars` besides."""
    book = await open_book(tenant, "USD")
    await tenant.create(f"{book.path}/fx/settings", {"functional_asset": "EUR"})
    rate = {"pair": "EUR/USD", "rate": "1.25", "at": "2026-01-01T00:00:00Z", "source": "test"}
    await tenant.create(f"{book.path}/fx/rates", rate)
    dollars = {"id": "dollars", "asset": "USD", "type": "liability"}
    await tenant.create(f"{book.path}/accounts", dollars)
    return book


async def fx_quote(book: Book) -> str:
    """The id of a new quote: 1.00 EUR for 1.25 USD, good for a day."""
    new = {"sell": "EUR", "buy": "USD", "sell_amount": "100", "expires_in_s": 86_400}
    quote = await book.tenant.create(f"{book.path}/fx/quotes", new)
    return str(quote["id"])


NOTICE = JobKind("test.notice", dict[str, str])


async def bury(tenant: Tenant) -> UUID:
    """A new dead letter of the tenant; its id."""
    job_id, at = TimeOrderedIds().new(), datetime.now(UTC)

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        row = NOTICE.row(job_id, tenant.id, {"to": "/notes/1"}, at=at, key="notes")
        await write_rows(connection, tenant.id, [row])
        await connection.execute(
            "UPDATE job SET state = 'dead', ended_at = $3, attempt = 20, last_error = 'gone'"
            " WHERE tenant_id = $1 AND job_id = $2",
            tenant.id,
            job_id,
            at,
        )

    await tenant.database.transaction(work)
    return job_id


HOOK_URL = "https://hooks.example.com/bezant"
"""Where nothing is ever sent in these tests: nobody delivers."""


async def hook(tenant: Tenant) -> str:
    """The path of the tenant's first webhook endpoint, made when there is none."""
    listed = (await tenant.client.get("/v1/webhook-endpoints?limit=1")).json()
    if not listed["webhook_endpoints"]:
        await tenant.create("/v1/webhook-endpoints", {"url": HOOK_URL})
        return await hook(tenant)
    return f"/v1/webhook-endpoints/{listed['webhook_endpoints'][0]['id']}"


async def delivered(tenant: Tenant) -> str:
    """The path of a new delivery to that endpoint, as if it had arrived."""
    path = await hook(tenant)
    ping = await tenant.create(f"{path}/ping", {})

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await connection.execute(
            "UPDATE webhook_delivery SET status = 'delivered'"
            " WHERE tenant_id = $1 AND delivery_id = $2",
            tenant.id,
            UUID(ping["id"]),
        )

    await tenant.database.transaction(work)
    return f"{path}/deliveries/{ping['id']}"


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The application on a port of this machine; its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task
