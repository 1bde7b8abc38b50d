"""Logs, metrics and traces: what operators see. No secret and no personal datum enters them."""

from bezant.kernel.telemetry import metrics
from bezant.kernel.telemetry.logs import LogFormat, configure_logs
from bezant.kernel.telemetry.metrics import (
    ABORTS,
    BATCH_ITEMS,
    BATCH_SECONDS,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    IDEMPOTENT_REPLAYS,
    LANE_QUEUE,
    LANE_TAKEOVERS,
    REPLICA_READS,
    SLOW_STATEMENTS,
    TRANSFERS,
)
from bezant.kernel.telemetry.redaction import REDACTED, Sensitive
from bezant.kernel.telemetry.tracing import Traced, Tracing, bind_request, open_tracing

__all__ = [
    "ABORTS",
    "BATCH_ITEMS",
    "BATCH_SECONDS",
    "HTTP_REQUESTS",
    "HTTP_SECONDS",
    "IDEMPOTENT_REPLAYS",
    "LANE_QUEUE",
    "LANE_TAKEOVERS",
    "REDACTED",
    "REPLICA_READS",
    "SLOW_STATEMENTS",
    "TRANSFERS",
    "LogFormat",
    "Sensitive",
    "Traced",
    "Tracing",
    "bind_request",
    "configure_logs",
    "metrics",
    "open_tracing",
]
