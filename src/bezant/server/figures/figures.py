"""The figures that operators watch, from two readings of `/metrics`.

What a platform does not count is None, never zero: an older release, or a part that is not used.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from bezant.server.figures.rates import Distribution, Interval
from bezant.server.figures.scrape import Scrape

ROUTES_MAX: Final = 20

_DECIMALS: Final = 6
_SERVER_ERRORS: Final = "5"
_CLIENT_ERRORS: Final = "4"
_P50, _P99 = 0.5, 0.99


class Times(msgspec.Struct, frozen=True):
    """How long something took, in seconds; None when it did not happen."""

    p50_s: float | None = None
    p99_s: float | None = None


class Bucket(msgspec.Struct, frozen=True):
    """How many batches were of a size.

    Attributes:
        up_to: the largest size of this bucket; None for the last, which has no bound.
        batches: how many, in the interval.
    """

    up_to: int | None
    batches: float


class Batches(msgspec.Struct, frozen=True):
    """What lanes committed. A batch's size is that of its items, the requests that share it.

    Attributes:
        size_p50: an upper bound of the median size.
        size_p99: an upper bound of the 99th percentile.
        sizes: the histogram.
        commit: from taking a batch off the queue until its commit.
    """

    per_s: float | None
    size_p50: int | None
    size_p99: int | None
    sizes: list[Bucket]
    commit: Times


class Route(msgspec.Struct, frozen=True):
    """Requests to one route template."""

    method: str
    route: str
    per_s: float
    errors_per_s: float
    times: Times


class Requests(msgspec.Struct, frozen=True):
    """Requests answered.

    Attributes:
        refused_per_s: with a status 4xx.
        errors_per_s: with a status 5xx.
        routes: the busiest first.
    """

    per_s: float | None
    refused_per_s: float | None
    errors_per_s: float | None
    routes: list[Route]


class Database(msgspec.Struct, frozen=True):
    """What the lanes and the database had to do twice, or slowly."""

    aborts_per_s: float | None
    replays_per_s: float | None
    slow_statements_per_s: float | None
    takeovers: float | None


class CacheKind(msgspec.Struct, frozen=True):
    """Reads of one kind of cached thing.

    Attributes:
        hits: the share that was answered, 0 to 1; None without reads.
        down_per_s: reads that the cache did not answer.
    """

    kind: str
    per_s: float | None
    hits: float | None
    down_per_s: float | None


class Consumer(msgspec.Struct, frozen=True):
    """How late a kind of consumer got events."""

    consumer: str
    lag: Times


class Background(msgspec.Struct, frozen=True):
    """Jobs and the outbox.

    Attributes:
        dead: jobs given up in the interval.
        dead_total: since the counters began.
    """

    outbox_lag_events: float | None
    jobs_waiting: float | None
    jobs_per_s: float | None
    dead: float | None
    dead_total: float | None


class Figures(msgspec.Struct, frozen=True):
    """One interval of a platform.

    Attributes:
        over_s: the interval's length.
        postings_per_s: legs of transactions that became durable.
        queue_items: what waits for a lane now.
        webhooks: deliveries per second by outcome; None where they are not counted.
        replica: reads per second by outcome; None where they are not counted.
        memory_bytes: resident, of all workers together.
    """

    over_s: float
    postings_per_s: float | None
    queue_items: float | None
    workers: float | None
    memory_bytes: float | None
    batches: Batches
    requests: Requests
    database: Database
    cache: list[CacheKind] | None
    feed: list[Consumer] | None
    background: Background
    webhooks: dict[str, float] | None
    replica: dict[str, float] | None


def figures_between(before: Scrape, after: Scrape) -> Figures:
    """The figures of the time from one reading to the next."""
    interval = Interval(before, after)
    return Figures(
        over_s=round(interval.seconds, _DECIMALS),
        postings_per_s=_rounded(interval.rate("bezant_ledger_transfers_total")),
        queue_items=after.total("bezant_lane_queue_items"),
        workers=after.total("bezant_workers"),
        memory_bytes=after.total("bezant_worker_memory_bytes"),
        batches=_batches(interval),
        requests=_requests(interval),
        database=_database(interval),
        cache=_cache(interval),
        feed=_feed(interval),
        background=_background(interval),
        webhooks=_by_outcome(interval, "bezant_webhook_deliveries_total"),
        replica=_by_outcome(interval, "bezant_replica_reads_total"),
    )


def _batches(interval: Interval) -> Batches:
    sizes = interval.distribution("bezant_lane_batch_transfers")
    buckets: list[Bucket] = []
    if sizes is not None:
        bounds: list[int | None] = [*(int(bound) for bound in sizes.bounds), None]
        buckets = [Bucket(*pair) for pair in zip(bounds, sizes.counts, strict=True)]
    return Batches(
        per_s=_rounded(interval.per_s(None if sizes is None else sizes.total)),
        size_p50=_size(sizes, _P50),
        size_p99=_size(sizes, _P99),
        sizes=buckets,
        commit=_times(interval.distribution("bezant_lane_batch_seconds")),
    )


def _requests(interval: Interval) -> Requests:
    name = "bezant_http_requests_total"

    def per_s(first: str, labels: Mapping[str, str] | None = None) -> float | None:
        wanted = labels or {}
        return _rounded(
            interval.rate(
                name,
                lambda each: (
                    each.get("status", "").startswith(first) and wanted.items() <= each.items()
                ),
            )
        )

    routes = []
    for labels, seconds in interval.distributions("bezant_http_request_seconds"):
        rate = interval.per_s(seconds.total)
        if rate:
            routes.append(
                Route(
                    method=labels.get("method", ""),
                    route=labels.get("route", ""),
                    per_s=round(rate, _DECIMALS),
                    errors_per_s=per_s(_SERVER_ERRORS, labels) or 0.0,
                    times=_times(seconds),
                )
            )
    routes.sort(key=lambda each: (-each.per_s, each.route, each.method))
    return Requests(
        per_s=per_s(""),
        refused_per_s=per_s(_CLIENT_ERRORS),
        errors_per_s=per_s(_SERVER_ERRORS),
        routes=routes[:ROUTES_MAX],
    )


def _database(interval: Interval) -> Database:
    return Database(
        aborts_per_s=_rounded(interval.rate("bezant_db_serialization_aborts_total")),
        replays_per_s=_rounded(interval.rate("bezant_idempotent_replays_total")),
        slow_statements_per_s=_rounded(interval.rate("bezant_db_slow_statements_total")),
        takeovers=interval.increase("bezant_lane_takeovers_total"),
    )


def _cache(interval: Interval) -> list[CacheKind] | None:
    name = "bezant_cache_reads_total"
    if not interval.after.has(name):
        return None
    found = []
    for kind, reads in sorted(interval.by_label(name, "kind").items()):

        def of(outcome: str, kind: str = kind) -> float:
            wanted = {"kind": kind, "outcome": outcome}.items()
            return interval.increase(name, lambda each: wanted <= each.items()) or 0.0

        found.append(
            CacheKind(
                kind=kind,
                per_s=_rounded(interval.per_s(reads)),
                hits=_rounded(of("hit") / reads) if reads else None,
                down_per_s=_rounded(interval.per_s(of("unavailable"))),
            )
        )
    return found


def _feed(interval: Interval) -> list[Consumer] | None:
    found = [
        Consumer(labels.get("consumer", ""), _times(lags))
        for labels, lags in interval.distributions("bezant_feed_lag_seconds")
    ]
    return sorted(found, key=lambda each: each.consumer) or None


def _background(interval: Interval) -> Background:
    jobs = "bezant_jobs_total"

    def is_dead(labels: Mapping[str, str]) -> bool:
        return labels.get("outcome") == "dead"

    dead_total = None
    if interval.after.has(jobs):
        samples = interval.after.of(jobs).items()
        dead_total = sum(count for labels, count in samples if is_dead(dict(labels)))
    return Background(
        outbox_lag_events=interval.after.total("bezant_outbox_lag_events"),
        jobs_waiting=interval.after.total("bezant_jobs_waiting"),
        jobs_per_s=_rounded(interval.rate(jobs)),
        dead=interval.increase(jobs, is_dead),
        dead_total=dead_total,
    )


def _by_outcome(interval: Interval, name: str) -> dict[str, float] | None:
    if not interval.after.has(name):
        return None
    steps = sorted(interval.by_label(name, "outcome").items())
    rates = ((outcome, interval.per_s(step)) for outcome, step in steps)
    return {outcome: round(rate, _DECIMALS) for outcome, rate in rates if rate is not None}


def _times(seconds: Distribution | None) -> Times:
    if seconds is None:
        return Times()
    return Times(_rounded(seconds.quantile(_P50)), _rounded(seconds.quantile(_P99)))


def _size(sizes: Distribution | None, q: float) -> int | None:
    bound = None if sizes is None else sizes.bound(q)
    return None if bound is None else int(bound)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)
