"""Traces continue those of the caller."""

from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bezant.kernel.telemetry import Traced, Tracing, open_tracing
from bezant.kernel.telemetry.otlp import OtlpTracing
from bezant.kernel.telemetry.tracing import trace_id_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
VALID = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("header", "trace_id"),
    [
        (VALID, TRACE),
        (f"01-{TRACE}-b7ad6b7169203331-01-more", TRACE),  # a later version may append fields
        (f"00-{TRACE}-b7ad6b7169203331-01-more", None),
        (f"ff-{TRACE}-b7ad6b7169203331-01", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (VALID.upper(), None),
        ("00-1-2-3", None),
        ("", None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(header: str, trace_id: str | None) -> None:
    assert trace_id_of(header.encode()) == trace_id


async def receive() -> MutableMapping[str, Any]:
    raise AssertionError


async def send(_message: object) -> None:
    raise AssertionError


async def serve(tracing: Tracing, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """Send one request through the layer; the log context that the application saw."""
    seen: dict[str, Any] = {}

    async def app(scope: MutableMapping[str, Any], _receive: object, _send: object) -> None:
        scope["route"] = SimpleNamespace(path="/v1/books/{book}")
        seen.update(structlog.contextvars.get_contextvars())

    scope = {"type": "http", "method": "GET", "path": "/v1/books/0198", "headers": list(headers)}
    await Traced(app, tracing)(scope, receive, send)
    return seen


async def test_without_a_collector_the_callers_trace_is_still_logged() -> None:
    assert await serve(open_tracing(None), (b"traceparent", VALID.encode())) == {"trace_id": TRACE}


async def test_an_invalid_traceparent_is_not_logged() -> None:
    assert await serve(open_tracing(None), (b"traceparent", b"'; DROP TABLE book")) == {}


async def test_nothing_of_the_request_before_stays_in_the_context() -> None:
    await serve(open_tracing(None), (b"traceparent", VALID.encode()))
    assert await serve(open_tracing(None)) == {}


async def test_a_span_continues_the_callers_trace_and_names_the_route_not_the_path() -> None:
    exporter = InMemorySpanExporter()
    tracing = OtlpTracing(SimpleSpanProcessor(exporter))
    await serve(tracing, (b"traceparent", VALID.encode()))
    [span] = exporter.get_finished_spans()
    assert span.name == "GET /v1/books/{book}"
    assert span.attributes == {"http.request.method": "GET", "http.route": "/v1/books/{book}"}
    assert span.context is not None
    assert format(span.context.trace_id, "032x") == TRACE
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "b7ad6b7169203331"
    tracing.close()


async def test_a_request_without_a_trace_starts_one_and_logs_it() -> None:
    exporter = InMemorySpanExporter()
    tracing = OtlpTracing(SimpleSpanProcessor(exporter))
    seen = await serve(tracing)
    [span] = exporter.get_finished_spans()
    assert span.context is not None
    assert seen == {"trace_id": format(span.context.trace_id, "032x")}
    tracing.close()


async def test_websockets_and_lifespan_pass_through_unseen() -> None:
    passed: list[str] = []

    async def app(scope: MutableMapping[str, Any], _receive: object, _send: object) -> None:
        passed.append(scope["type"])

    exporter = InMemorySpanExporter()
    tracing = OtlpTracing(SimpleSpanProcessor(exporter))
    await Traced(app, tracing)({"type": "lifespan"}, receive, send)
    assert passed == ["lifespan"]
    assert exporter.get_finished_spans() == ()
    tracing.close()
