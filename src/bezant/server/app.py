"""The application: every domain's routes behind one door."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp

import bezant
from bezant import ledger
from bezant.identity.http import add_protocol
from bezant.identity.policy import Policy
from bezant.kernel import api_keys, jobs, outbox, webhooks
from bezant.kernel.api_keys import ApiKeyService
from bezant.kernel.cache import Cache
from bezant.kernel.database import Database
from bezant.kernel.http import Authenticator, Guard, Streams, add_people, install
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import DeadJobService
from bezant.kernel.outbox import EventReader
from bezant.kernel.sealed import Sealer
from bezant.kernel.telemetry import Traced, Tracing
from bezant.kernel.webhooks import DeliveryService, WebhookService
from bezant.ledger import Ledger, ReconciliationService
from bezant.ledger.checkpoints import CheckpointService
from bezant.server.banking import Banking
from bezant.server.health import Health, add_health
from bezant.server.identity import Identity
from bezant.server.observing import observe
from bezant.server.payees import Payees
from bezant.server.payments import Payments
from bezant.server.status import add_status

_API: Final = "/v1/"


@dataclass(frozen=True, slots=True)
class Platform:
    """What the application is composed of, opened and closed by its worker.

    Attributes:
        vault: what seals data that identify people; None on a platform without a vault.
        csm_routes: where a clearing system delivers its messages; none without one.
    """

    database: Database
    ledger: Ledger
    checkpoints: CheckpointService
    reconciliations: ReconciliationService
    banking: Banking
    payments: Payments
    payees: Payees
    authenticator: Authenticator
    policy: Policy
    api_keys: ApiKeyService
    dead_jobs: DeadJobService
    events: EventReader
    webhooks: WebhookService
    webhook_deliveries: DeliveryService
    identity: Identity
    cache: Cache
    ids: Ids
    tracing: Tracing
    vault: Sealer | None = None
    csm_routes: Sequence[Route] = ()
    streams: Streams = field(default_factory=Streams)


def create_app(platform: Platform) -> ASGIApp:
    """The ASGI application over a running platform.

    Without authentication it answers health probes, `/`, what codes mean, and `/openapi.json`,
    which say nothing but what this code can do; there are no browsable documents, whose pages would
    load scripts from elsewhere.
    """
    app = FastAPI(
        title="Bezant",
        version=bezant.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    guard = Guard(platform.authenticator, platform.policy.authorizer)
    install(
        app,
        [
            *ledger.operations(platform.ledger),
            *ledger.feed_operations(platform.ledger),
            *ledger.period_operations(platform.ledger),
            *ledger.chart_operations(platform.ledger),
            *ledger.report_operations(platform.ledger),
            *ledger.fx_operations(platform.ledger),
            *ledger.reversal_operations(platform.ledger),
            *ledger.schedule_operations(platform.ledger, platform.database),
            *ledger.statement_operations(platform.ledger),
            *ledger.proof_operations(platform.database),
            *ledger.checkpoints.operations(platform.checkpoints),
            *ledger.reconciliation.operations(platform.reconciliations),
            *platform.banking.operations,
            # Before payments: a path with a name in it would take theirs.
            *platform.payees.operations,
            *platform.payments.operations,
            *api_keys.operations(platform.api_keys, platform.policy.usable_scopes),
            *outbox.operations(platform.events),
            *jobs.operations(platform.dead_jobs),
            *webhooks.operations(platform.webhooks, platform.webhook_deliveries),
            *platform.policy.routes,
            *platform.identity.operations,
        ],
        guard=guard,
        ids=platform.ids,
        observe=observe,
        streams=platform.streams,
    )
    add_people(app)
    add_health(app, Health(platform.database, platform.cache), guard)
    add_status(app, guard)
    platform.payees.add_scheme(app, guard)
    app.router.routes.extend(platform.csm_routes)
    add_protocol(app, platform.identity.endpoints, platform.identity.issuers)
    app.router.routes.extend(platform.identity.pages)
    return Traced(platform.identity.signed(app, _API), platform.tracing)
