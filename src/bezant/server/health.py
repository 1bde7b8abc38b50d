"""Health and metrics: what load balancers, orchestrators and Prometheus ask."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import ClassVar, Final, Generic, Literal, Protocol, TypeVar

from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.requests import Request

from bezant.kernel.cache import Cache
from bezant.kernel.database import PING, Database, DatabaseUnavailable
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Action, Guard, RateLimited
from bezant.kernel.telemetry import metrics
from bezant.server.migrations import CONTRACT, SchemaTooNew, SchemaTooOld, check_schema

METRICS_SCOPE: Final = "metrics:read"
_METRICS: Final = Action("metrics", METRICS_SCOPE)

_PROBLEM: Final = {
    "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    }
}
_PROBE_TIMEOUT_S: Final = 2.0
# Anybody may ask, so that a flood of questions must not become one of database connections.
_READINESS_KEPT_S: Final = 0.5


class NotReady(Refusal):
    """The platform cannot serve: the database is down, or its schema does not fit the code."""

    status, code, title = 503, "NOT_READY", "Not ready to serve"
    retry_after_s: ClassVar[int] = 1


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(BaseModel):
    """What the platform stands on.

    Attributes:
        status: `degraded` when the cache is down: everything works, slower.
        migrations: the schema is the one that this code needs.
    """

    status: Literal["ready", "degraded"]
    database: Literal["up"] = "up"
    migrations: Literal["current"] = "current"
    cache: Literal["up", "down"]


T = TypeVar("T")


class Asked(Generic[T]):
    """A question whose answer serves everybody who asks within a moment.

    Args:
        ask: the question itself.
    """

    def __init__(self, ask: Callable[[], Coroutine[None, None, T]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[T] | None = None
        self._asked_at = float("-inf")

    async def answer(self) -> T:
        """The answer, from a moment ago at the most."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or (
            self._asking.done() and now - self._asked_at > _READINESS_KEPT_S
        ):
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask())
            # When everybody who waited has hung up, its refusal is for nobody.
            self._asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        # Shielded: the answer is everybody's, and one client's hanging up must not take it from
        # others.
        return await asyncio.shield(self._asking)


class Health:
    """The probes of one worker."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache
        self._readiness = Asked(self._ask)

    async def live(self) -> Liveness:
        """The process answers. It looks at nothing else: a database outage must restart nobody."""
        return Liveness()

    async def ready(self) -> Readiness:
        """Database reachable, schema current, cache up or at least not needed.

        Raises:
            NotReady: the platform cannot serve.
        """
        return await self._readiness.answer()

    async def _ask(self) -> Readiness:
        await probe(self._database, "database")
        if await self._cache.is_up():
            return Readiness(status="ready", cache="up")
        return Readiness(status="degraded", cache="down")


async def probe(database: Database, name: str, contract: int = CONTRACT) -> None:
    """Make sure that a database answers, with a schema that fits this code.

    Args:
        database: which.
        name: as the refusal calls it.
        contract: of its schema.

    Raises:
        NotReady: it does not.
    """
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            await database.fetch(PING)
            await check_schema(database, contract)
    except (DatabaseUnavailable, TimeoutError):
        raise NotReady(f"The {name} does not answer.", **{name: "down"}) from None
    except (SchemaTooNew, SchemaTooOld) as error:
        raise NotReady(str(error), **{name: "up"}) from None


class Probes(Protocol):
    """What `/health/live` and `/health/ready` answer with."""

    async def live(self) -> BaseModel:
        """Whether the process answers."""
        ...

    async def ready(self) -> BaseModel:
        """Whether it can serve.

        Raises:
            NotReady: it cannot.
        """
        ...


def probes(health: Probes) -> APIRouter:
    """`/health/live` and `/health/ready`. They ask nobody who they are."""
    router = APIRouter(tags=["operations"])
    router.add_api_route(
        "/health/live", health.live, operation_id="live", summary="Whether the process answers"
    )
    router.add_api_route(
        "/health/ready",
        health.ready,
        operation_id="ready",
        summary="Whether the platform can serve",
        responses={503: {**_PROBLEM, "description": NotReady.title}},
    )
    return router


def add_health(app: FastAPI, health: Health, guard: Guard) -> None:
    """Add `/health/live`, `/health/ready` and `/metrics`. Only the last asks who is there."""
    router = probes(health)

    async def read_metrics(request: Request) -> Response:
        await guard.admit(request.scope, _METRICS)
        # Reading the files of many workers takes milliseconds that other requests should not wait
        # for.
        text = await asyncio.to_thread(metrics.render)
        return Response(text, media_type=metrics.CONTENT_TYPE)

    router.add_api_route(
        "/metrics",
        read_metrics,
        operation_id="metrics",
        summary="Metrics in the Prometheus text format",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {}}, "description": "The sum over all workers"},
            401: {**_PROBLEM, "description": "Authentication is required"},
            403: {**_PROBLEM, "description": "The credential does not grant this action"},
            429: {**_PROBLEM, "description": RateLimited.title},
            503: {**_PROBLEM, "description": "Temporarily unavailable"},
        },
        openapi_extra={"security": [{"apiKey": [METRICS_SCOPE]}]},
    )
    app.include_router(router)
