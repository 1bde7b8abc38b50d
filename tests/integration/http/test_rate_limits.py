"""A key that makes too many requests is told so on every route, and holds up nobody else."""

from collections.abc import AsyncIterator

import pytest

from bezant.identity.policy import Policy
from bezant.kernel.api_keys import ApiKeyAuthenticator
from bezant.kernel.cache import open_cache
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.http import RateLimits
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import DeadJobService
from bezant.kernel.outbox import EventReader
from bezant.kernel.sealing import KeySealer
from bezant.kernel.telemetry import open_tracing
from bezant.kernel.unsealed import Unsealed
from bezant.kernel.webhooks import DeliveryService, Means, WebhookService
from bezant.ledger import Ledger, ReconciliationService
from bezant.ledger.checkpoints import CheckpointService
from bezant.payments import ListedPayees, Patience
from bezant.server.app import Platform, create_app
from bezant.server.banking import Banking
from bezant.server.embedded import EmbeddedServers
from bezant.server.identity import Identity
from bezant.server.payees import Payees
from bezant.server.payments import Payments
from fixtures_api import CACHE_SECRET, Api

BURST = 3


class Stopwatch:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
async def limited(
    api: Api,
    database: Database,
    ledger: Ledger,
    reconciliations: ReconciliationService,
    embedded_servers: EmbeddedServers,
    watch: Stopwatch,
    hooks: Means,
    identity: Identity,
) -> AsyncIterator[Api]:
    """The API for keys that may make three requests at once, and one per second."""
    authenticator = ApiKeyAuthenticator(database, SystemClock())
    limits = RateLimits(authenticator, per_s=1, burst=BURST, monotonic=watch)
    cache = open_cache(embedded_servers.valkey_url, CACHE_SECRET)
    tracing = open_tracing(otlp_endpoint=None)
    ids = TimeOrderedIds()
    banking = Banking.of(database, SystemClock(), ids, ledger, Unsealed(), bytes(32))
    payments = Payments.of(database, SystemClock(), ids, ledger, banking.accounts, bytes(32), {})
    clock, nobody = SystemClock(), ListedPayees([])
    payees = Payees.of(database, clock, ids, banking, Unsealed(), bytes(32), nobody, Patience())
    app = create_app(
        Platform(
            database=database,
            ledger=ledger,
            checkpoints=CheckpointService(database, SystemClock(), ids, KeySealer(bytes(32)), []),
            reconciliations=reconciliations,
            banking=banking,
            payments=payments,
            payees=payees,
            authenticator=limits,
            policy=Policy.shipped(database, SystemClock(), ids),
            api_keys=api.keys,
            dead_jobs=DeadJobService(database, SystemClock()),
            events=EventReader(database),
            webhooks=WebhookService(hooks),
            webhook_deliveries=DeliveryService(hooks),
            identity=identity,
            cache=cache,
            ids=ids,
            tracing=tracing,
        )
    )
    yield Api(app, database, api.keys, declared={})
    await authenticator.close()
    await cache.close()


async def test_beyond_its_burst_a_key_is_answered_429_until_it_waited(
    limited: Api, watch: Stopwatch
) -> None:
    async with limited.tenant() as tenant:
        for _ in range(BURST):
            assert (await tenant.client.get("/v1/books")).status_code == 200
        refused = await tenant.client.get("/v1/books")
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        watch.now_s += int(refused.headers["retry-after"])
        assert (await tenant.client.get("/v1/books")).status_code == 200


async def test_a_write_that_was_limited_was_not_carried_out(limited: Api, watch: Stopwatch) -> None:
    body = {"name": "Money", "assets": [{"code": "EUR", "scale": 2}]}
    async with limited.tenant() as tenant:
        answers = [await tenant.post("/v1/books", body) for _ in range(BURST + 1)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        watch.now_s += BURST
        assert len((await tenant.client.get("/v1/books")).json()["books"]) == BURST


async def test_another_key_of_the_same_tenant_is_not_held_up(limited: Api) -> None:
    async with limited.tenant() as tenant:
        for _ in range(BURST + 1):
            answer = await tenant.client.get("/metrics")
        assert answer.status_code == 429
        issued = await limited.issue(tenant.id, ("ledger:read",))
        assert issued.key is not None
        async with limited.client(issued.key) as client:
            assert (await client.get("/v1/books")).status_code == 200


async def test_every_authenticated_route_declares_the_limit(limited: Api) -> None:
    operations = [
        operation
        for methods in (await limited.document())["paths"].values()
        for operation in methods.values()
        if "security" in operation
    ]
    assert len(operations) > 10
    for operation in operations:
        assert "429" in operation["responses"], operation["operationId"]
        if operation["operationId"] not in {"metrics", "status", "answer_payee_verification"}:
            declared = operation["responses"]["429"]
            [_, codes] = declared["content"]["application/problem+json"]["schema"]["allOf"]
            assert "RATE_LIMITED" in codes["properties"]["code"]["enum"]
            assert "Retry-After" in declared["headers"]
