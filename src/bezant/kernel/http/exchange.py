"""What happens around every request: identifier, headers, faults, observation. Pure ASGI."""

import asyncio
import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Final
from uuid import UUID

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bezant.kernel.errors import Unavailable
from bezant.kernel.http.answers import Header, send_refusal
from bezant.kernel.http.bodies import ClientGone
from bezant.kernel.http.errors import InternalError
from bezant.kernel.ids import Ids
from bezant.kernel.telemetry import bind_request

_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
_CACHE_CONTROL: Final = b"cache-control"
_NO_STORE: Final = (_CACHE_CONTROL, b"no-store")
_UNROUTED: Final = "unrouted"

log = structlog.get_logger("bezant.http")


class Exchange:
    """One request and its response, as logs and metrics see them.

    Attributes:
        request_id: the caller's `X-Request-Id` where sane, else ours; echoed.
        route: the path's template, never the path: metrics stay few, logs without identifiers.
        actor: who, once authenticated.
        signs_for: the tenant as whom the response is signed; None for one that is not.
        status: of the response; 499 when the client left before there was one.
        elapsed_s: until the response was handed over; of a stream, until it began.
        is_stream: whether the response goes on for as long as its reader likes.
    """

    __slots__ = (
        "actor",
        "elapsed_s",
        "is_stream",
        "method",
        "request_id",
        "route",
        "signs_for",
        "status",
    )

    def __init__(self, method: str, request_id: str) -> None:
        self.method = method
        self.request_id = request_id
        self.route = _UNROUTED
        self.actor = ""
        self.signs_for: UUID | None = None
        self.status = 499
        self.elapsed_s = 0.0
        self.is_stream = False


Observer = Callable[[Exchange], None]
"""Told of every finished exchange: access log and metrics."""


def exchange_of(scope: Scope) -> Exchange:
    """The exchange that a request belongs to."""
    exchange: Exchange = scope["bezant.exchange"]
    return exchange


class Exchanges:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, *, ids: Ids, observe: Observer) -> None:
        self._app = app
        self._ids = ids
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        exchange = Exchange(scope["method"], _request_id(scope, self._ids.new))
        scope["bezant.exchange"] = exchange
        bind_request(exchange.request_id)
        id_header = (b"x-request-id", exchange.request_id.encode())
        is_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                exchange.status = message["status"]
                exchange.elapsed_s = perf_counter() - started
                message["headers"] = [*_completed(message["headers"]), id_header]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientGone:
            pass  # nobody is left to answer; the observer sees 499
        except asyncio.CancelledError:
            # The server stops, and its bound on requests in flight has passed.
            if is_started:
                raise
            stopping = Unavailable("The server stops; a repeat with the same key is safe.")
            await send_refusal(send_with_headers, stopping)
        except Exception:  # the boundary: whatever it was, the caller learns nothing of it
            log.exception("fault", request_id=exchange.request_id, route=_template(scope))
            if is_started:
                raise  # half a response cannot be mended; the server closes the connection
            await send_refusal(send_with_headers, InternalError("The fault was logged."))
        finally:
            exchange.route = _template(scope)
            if not exchange.is_stream:
                exchange.elapsed_s = perf_counter() - started
            self._observe(exchange)


def _completed(headers: Iterable[Header]) -> list[Header]:
    """An answer's headers with those of every answer: it is not kept, unless it says how."""
    completed = [*headers, _NO_SNIFFING]
    if not any(name == _CACHE_CONTROL for name, _ in completed):
        completed.append(_NO_STORE)
    return completed


def _template(scope: Scope) -> str:
    """The matched route's template."""
    route = scope.get("route")
    if route is not None:
        path: str = route.path
        return path
    # Starlette's own routes, such as the document's, have no parameters: the path is the template.
    is_matched = "endpoint" in scope and not scope.get("path_params")
    return scope["path"] if is_matched else _UNROUTED


def _request_id(scope: Scope, new: Callable[[], UUID]) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _SANE_REQUEST_ID.fullmatch(value) else str(new())
    return str(new())
