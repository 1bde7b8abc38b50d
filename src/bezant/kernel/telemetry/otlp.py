"""Spans to an OpenTelemetry collector. Imported only where one is configured."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Self

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


class OtlpTracing:
    """One span per request, which holds the method and the route's template, no identifiers."""

    def __init__(self, processor: SpanProcessor) -> None:
        # Our own provider, not the process-wide one, by which libraries of others would send too.
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: "bezant"}))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("bezant")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, endpoint: str) -> Self:
        """Send spans in batches to a collector's traces URL."""
        return cls(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))

    @contextmanager
    def request(self, scope: MutableMapping[str, Any], traceparent: bytes | None) -> Iterator[None]:
        """A span around one request, a child of the caller's where there is one."""
        carrier = {} if traceparent is None else {"traceparent": traceparent.decode("ascii")}
        context = self._propagator.extract(carrier)
        method = scope["method"]
        with self._tracer.start_as_current_span(
            method, context, SpanKind.SERVER, {"http.request.method": method}
        ) as span:
            if traceparent is None:
                trace_id = format(span.get_span_context().trace_id, "032x")
                structlog.contextvars.bind_contextvars(trace_id=trace_id)
            try:
                yield
            finally:
                # The router leaves the route that it matched in the scope.
                template = getattr(scope.get("route"), "path", None)
                if template is not None:
                    span.update_name(f"{method} {template}")
                    span.set_attribute("http.route", template)

    def close(self) -> None:
        """Send what is buffered."""
        self._provider.shutdown()
