"""Prometheus metrics. Label values come from the code (route templates), never from callers.

Several workers share one listening socket, so a scrape reaches any of them. The workers therefore
keep their values in memory-mapped files of one folder (prometheus-client's multiprocess mode) and
whoever is scraped adds them up. Counters of a worker that died stay in the sum, so they never fall.
The folder is named by `PROMETHEUS_MULTIPROC_DIR`, which the parent sets before a worker is started,
since the library reads it when it is imported.
"""

import os
import struct
from contextlib import suppress
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_LATENCY_BUCKETS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10,
)  # fmt: skip
_LOOKS: Final = 10
_SIZE_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 8_190)

ABORTS: Final = Counter(
    "bezant_db_serialization_aborts",
    "Transactions that lost against another (SQLSTATE 40001, 40P01) and were run again.",
)

SLOW_STATEMENTS: Final = Counter(
    "bezant_db_slow_statements",
    "Statements that took longer than the slow-statement threshold.",
)

REPLICA_READS: Final = Counter(
    "bezant_replica_reads",
    "Reads that a replica might answer: it did (`served`), it was `behind`, or `unavailable`.",
    ("outcome",),
)

CACHE_READS: Final = Counter(
    "bezant_cache_reads",
    "Reads of the cache: a `hit`; nothing there (`miss`); older than what is known (`stale`); not"
    " made by this platform (`invalid`); the cache is down or slow (`unavailable`).",
    ("kind", "outcome"),
)

BATCH_ITEMS: Final = Histogram(
    "bezant_lane_batch_transfers",
    "Items committed together by a lane.",
    buckets=_SIZE_BUCKETS,
)

BATCH_SECONDS: Final = Histogram(
    "bezant_lane_batch_seconds",
    "Time from taking a batch off a lane's queue until its commit.",
    buckets=_LATENCY_BUCKETS_S,
)

TRANSFERS: Final = Counter(
    "bezant_ledger_transfers",
    "Transfers (legs of transactions) that are durable.",
)

LANE_QUEUE: Final = Gauge(
    "bezant_lane_queue_items",
    "Items that wait for a lane, over all books and live workers.",
    multiprocess_mode="livesum",
)

LANE_TAKEOVERS: Final = Counter(
    "bezant_lane_takeovers",
    "Lanes taken from a holder whose lease had run out.",
)

FEED_LAG: Final = Histogram(
    "bezant_feed_lag_seconds",
    "Age of a feed's newest event when a consumer that follows it gets it, without what was old"
    " when it began.",
    ("consumer",),
    buckets=_LATENCY_BUCKETS_S,
)

JOBS: Final = Counter(
    "bezant_jobs",
    "Attempts at jobs that ended: `done`, `again`, `dead`; `replaced` where another process had "
    "taken the job over meanwhile, `given_back` by a worker that was asked to stop.",
    ("kind", "outcome"),
)

JOBS_WAITING: Final = Gauge(
    "bezant_jobs_waiting",
    "Jobs that are due and wait for a worker, up to 100,000; sampled.",
    multiprocess_mode="livemostrecent",
)

OUTBOX_LAG: Final = Gauge(
    "bezant_outbox_lag_events",
    "Events outside books that wait for their number, up to 100,000; sampled.",
    multiprocess_mode="livemostrecent",
)

CHECKPOINTS: Final = Counter(
    "bezant_checkpoints",
    "Checkpoints that were `signed`, and `published` to a place outside; rounds in which a place"
    " `failed`, or a book's log did not extend what was signed of it (`refused`); looks at a place"
    " before a lane was taken that came to nothing (`unread`).",
    ("outcome",),
)

CHECKPOINTS_COMPLETE: Final = Gauge(
    "bezant_checkpoints_complete_timestamp_seconds",
    "When every book's growth was last signed and published everywhere.",
    multiprocess_mode="max",
)

IDEMPOTENT_REPLAYS: Final = Counter(
    "bezant_idempotent_replays",
    "Requests answered with the stored response of an earlier one.",
)

WEBHOOK_DELIVERIES: Final = Counter(
    "bezant_webhook_deliveries",
    "Webhook attempts: the message was `delivered`, will be `retried`, or was `given_up`.",
    ("outcome",),
)

VAULT_ROTATED: Final = Counter(
    "bezant_vault_rotated",
    "What rotations of keys looked at: it `moved` to the new version, or `failed` to open and stays"
    " under the old one, which is kept for it.",
    ("kind", "outcome"),
)

SAFEGUARDING: Final = Counter(
    "bezant_safeguarding_reconciliations",
    "Days of safeguarding that were reconciled: `covered`, with a `shortfall`, or with an `excess`"
    " above what is tolerated.",
    ("outcome",),
)

SAFEGUARDING_INCIDENTS: Final = Gauge(
    "bezant_safeguarding_incidents",
    "Incidents of safeguarding that are not closed: a `shortfall` or an `excess`, `open` or"
    " `acknowledged`; counted every minute.",
    ("kind", "state"),
    multiprocess_mode="livemostrecent",
)

HTTP_REQUESTS: Final = Counter(
    "bezant_http_requests",
    "Requests answered, by route template.",
    ("method", "route", "status"),
)

HTTP_SECONDS: Final = Histogram(
    "bezant_http_request_seconds",
    "Time from a request's head until its response was handed over, by route template.",
    ("method", "route"),
    buckets=_LATENCY_BUCKETS_S,
)

WORKERS: Final = Gauge(
    "bezant_workers",
    "Workers that serve.",
    multiprocess_mode="livesum",
)

WORKER_MEMORY: Final = Gauge(
    "bezant_worker_memory_bytes",
    "Resident memory of the workers together, what they share counted in each.",
    multiprocess_mode="livesum",
)


def render() -> bytes:
    """The metrics of all workers in the Prometheus text format."""
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # unannotated there
    for _ in range(_LOOKS - 1):
        # A worker that begins makes its files, empty at first, and one that ends has them dropped.
        with suppress(struct.error, FileNotFoundError):
            return generate_latest(registry)
    return generate_latest(registry)


def forget_worker(pid: int, folder: str) -> None:
    """Drop the gauges of a worker that ended, so that they leave the sums; its counters stay.

    Args:
        pid: the worker's process.
        folder: where the workers keep their values.
    """
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]  # unannotated in the library
