"""Logs, metrics and traces: what operators see. No secret and no personal datum enters them."""

from bezant.kernel.telemetry import metrics
from bezant.kernel.telemetry.logs import LogFormat, configure_logs
from bezant.kernel.telemetry.metrics import (
    ABORTS,
    BATCH_ITEMS,
    BATCH_SECONDS,
    CACHE_READS,
    FEED_LAG,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    IDEMPOTENT_REPLAYS,
    JOBS,
    JOBS_WAITING,
    LANE_QUEUE,
    LANE_TAKEOVERS,
    OUTBOX_LAG,
    REPLICA_READS,
    SLOW_STATEMENTS,
    TRANSFERS,
    WEBHOOK_DELIVERIES,
    WORKER_MEMORY,
    WORKERS,
)
from bezant.kernel.telemetry.redaction import REDACTED, Sensitive
from bezant.kernel.telemetry.tracing import Traced, Tracing, bind_request, open_tracing

__all__ = [
    "ABORTS",
    "BATCH_ITEMS",
    "BATCH_SECONDS",
    "CACHE_READS",
    "FEED_LAG",
    "HTTP_REQUESTS",
    "HTTP_SECONDS",
    "IDEMPOTENT_REPLAYS",
    "JOBS",
    "JOBS_WAITING",
    "LANE_QUEUE",
    "LANE_TAKEOVERS",
    "OUTBOX_LAG",
    "REDACTED",
    "REPLICA_READS",
    "SLOW_STATEMENTS",
    "TRANSFERS",
    "WEBHOOK_DELIVERIES",
    "WORKERS",
    "WORKER_MEMORY",
    "LogFormat",
    "Sensitive",
    "Traced",
    "Tracing",
    "bind_request",
    "configure_logs",
    "metrics",
    "open_tracing",
]
