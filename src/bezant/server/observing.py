"""What is told of every request: to the metrics, and to the log where somebody may have to act."""

from typing import Final

import structlog

from bezant.kernel.http import Exchange
from bezant.kernel.telemetry import HTTP_REQUESTS, HTTP_SECONDS

_SLOW_S: Final = 1.0
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SERVER_ERROR: Final = 500

log = structlog.get_logger("bezant.http")


def observe(exchange: Exchange) -> None:
    """Count an exchange, and log it where an operator may have to act: a fault, or slowness.

    The others are in the metrics, and every change with its actor in the audit log, which unlike a
    log file commits with the change itself.
    """
    status = exchange.status
    method = exchange.method if exchange.method in _METHODS else "other"
    HTTP_REQUESTS.labels(method, exchange.route, status).inc()
    HTTP_SECONDS.labels(method, exchange.route).observe(exchange.elapsed_s)
    if status >= _SERVER_ERROR or exchange.elapsed_s >= _SLOW_S:
        log.warning(
            "request",
            method=method,
            route=exchange.route,
            status=status,
            elapsed_s=round(exchange.elapsed_s, 6),
            request_id=exchange.request_id,
            actor=exchange.actor,
        )
