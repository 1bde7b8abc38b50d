"""Traces: W3C Trace Context in, OpenTelemetry spans out where a collector is configured.

Without a collector a request costs one header look-up: the caller's trace id is bound to the log
events and no span is made, so the OpenTelemetry SDK is not even imported.
"""

import re
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# W3C Trace Context, section 3.2: version 00 has exactly four fields; all-zero identifiers are
# invalid; a later version may carry more after a dash.
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})"
    rb"-(?P<span>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


def trace_id_of(traceparent: bytes) -> str | None:
    """The trace that a `traceparent` header names; None when invalid, which restarts the trace.

    Source: W3C Trace Context, sections 3.2.2 and 4.3.
    """
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or (match["version"] == b"00" and match["more"]):
        return None
    return match["trace"].decode()


def bind_request(request_id: str) -> None:
    """Write `request_id` on every log event of the current task from here on."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


class Tracing(Protocol):
    """Where spans go."""

    def request(self, scope: "Scope", traceparent: bytes | None) -> AbstractContextManager[Any]:
        """A span around one request, a child of the caller's where `traceparent` is valid."""
        ...

    def close(self) -> None:
        """Send what is buffered."""
        ...


class NoTracing:
    """No collector is configured."""

    def request(self, _scope: "Scope", _traceparent: bytes | None) -> AbstractContextManager[Any]:
        """Nothing."""
        return nullcontext()

    def close(self) -> None:
        """Nothing is buffered."""


def open_tracing(otlp_endpoint: str | None) -> Tracing:
    """Spans to the collector at `otlp_endpoint` (OTLP over HTTP); none when it is None.

    Args:
        otlp_endpoint: the collector's traces URL, such as `https://collector:4318/v1/traces`.
    """
    if otlp_endpoint is None:
        return NoTracing()
    # Imported here: the SDK and its protobuf cost 60 ms and 20 MiB that platforms without a
    # collector save.
    from bezant.kernel.telemetry.otlp import OtlpTracing  # noqa: PLC0415 - see above

    return OtlpTracing.to(otlp_endpoint)


class Traced:
    """The ASGI layer that opens the log context and the span of each request."""

    def __init__(self, app: "Application", tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A connection's task serves its requests in turn: nothing of the one before may stay.
        structlog.contextvars.clear_contextvars()
        traceparent = next(
            (value for name, value in scope["headers"] if name == b"traceparent"), None
        )
        trace_id = trace_id_of(traceparent) if traceparent is not None else None
        if trace_id is not None:
            structlog.contextvars.bind_contextvars(trace_id=trace_id)
        with self._tracing.request(scope, traceparent if trace_id is not None else None):
            await self._app(scope, receive, send)
