"""Rates and quantiles from two readings, whatever happened to the counters in between."""

import math
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.server.figures import (
    Distribution,
    Interval,
    Scrape,
    Unreadable,
    figures_between,
    increase,
)
from bezant.server.figures import (
    scrape as under_test,
)

COUNTER = "bezant_ledger_transfers_total"
STEPS = st.lists(st.integers(0, 10**6), min_size=2, max_size=30)


def text(value: float, name: str = COUNTER, labels: str = "") -> str:
    return f"{name}{labels} {value}\n"


def read(written: str, at_s: float = 0.0) -> Scrape:
    return Scrape.parse(written, at_s)


def histogram(name: str, counts: dict[str, int], labels: str = "") -> str:
    """Cumulative counts by upper bound, as the text format has them."""
    joint = f"{labels}," if labels else ""
    lines = [f'{name}_bucket{{{joint}le="{bound}"}} {count}\n' for bound, count in counts.items()]
    return f"# TYPE {name} histogram\n" + "".join(lines)


@given(STEPS, st.sets(st.integers(1, 29)))
def test_rates_are_never_negative_and_lose_only_what_a_restart_hid(
    steps: list[int], restarts: set[int]
) -> None:
    stands, value = [], 0
    for at, step in enumerate(steps):
        value = step if at in restarts else value + step
        stands.append(value)
    seen = [increase(before, after) for before, after in pairwise(stands)]
    assert all(each >= 0 for each in seen)
    assert all(each <= max(after, 0) for each, after in zip(seen, stands[1:], strict=True))
    if not restarts:
        assert sum(seen) == stands[-1] - stands[0]
    # A restart is seen when the counter stands lower than it did: then its count is exact.
    for at, (before, after) in enumerate(pairwise(stands), start=1):
        if at not in restarts or after < before:
            assert seen[at - 1] == steps[at]


@given(
    st.lists(st.integers(0, 1000), min_size=3, max_size=8),
    st.lists(st.integers(0, 1000), min_size=3, max_size=8),
)
def test_a_histogram_that_restarted_has_no_negative_bucket(
    before: list[int], after: list[int]
) -> None:
    bounds = ["0.1", "0.5", "1.0", "2.0", "5.0", "10.0", "20.0", "+Inf"][
        -min(len(before), len(after)) :
    ]
    old, new = (dict(zip(bounds, accumulate(each), strict=False)) for each in (before, after))
    interval = Interval(read(histogram("h", old)), read(histogram("h", new), 1.0))
    found = interval.distribution("h")
    assert found is not None
    assert all(count >= 0 for count in found.counts)
    for q in (0.5, 0.99):
        quantile = found.quantile(q)
        assert (quantile is None) == (found.total == 0)
        assert quantile is None or 0 <= quantile <= found.bounds[-1]


@given(st.lists(st.sampled_from([1, 2, 5, 9]), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(sizes: list[int], q: float) -> None:
    bounds = [1.0, 2.0, 5.0, 10.0]
    counts = [
        float(sum(low < size <= high for size in sizes))
        for low, high in zip([0.0, *bounds], bounds, strict=False)
    ]
    true = sorted(sizes)[max(0, math.ceil(q * len(sizes)) - 1)]
    found = Distribution(bounds, [*counts, 0.0])
    bound, quantile = found.bound(q), found.quantile(q)
    assert bound is not None
    assert quantile is not None
    assert bound == min(each for each in bounds if each >= true)
    assert quantile <= bound


def test_a_rate_is_the_increase_over_the_time() -> None:
    figures = figures_between(read(text(100), 10.0), read(text(350), 12.5))
    assert (figures.postings_per_s, figures.over_s) == (100.0, 2.5)


def test_after_a_restart_what_is_counted_anew_counts() -> None:
    figures = figures_between(read(text(1_000_000), 10.0), read(text(50), 12.0))
    assert figures.postings_per_s == 25.0


def test_two_readings_at_once_give_no_rate_and_no_error() -> None:
    assert figures_between(read(text(1), 5.0), read(text(9), 5.0)).postings_per_s is None


def test_what_is_not_counted_is_unknown_rather_than_zero() -> None:
    figures = figures_between(read("", 0.0), read("", 1.0))
    assert figures.postings_per_s is None
    assert figures.queue_items is None
    assert figures.cache is None
    assert figures.webhooks is None
    assert figures.replica is None
    assert figures.feed is None
    assert figures.batches.per_s is None
    assert figures.requests.routes == []


def test_routes_come_busiest_first_with_their_own_quantiles_and_faults() -> None:
    def page(slow: int, quick: int, faults: int) -> str:
        name = "bezant_http_request_seconds"
        quick_labels, slow_labels = 'method="GET",route="/q"', 'method="POST",route="/s"'
        return (
            histogram(name, {"0.01": quick, "1.0": quick, "+Inf": quick}, quick_labels)
            + "".join(
                f'{name}_bucket{{{slow_labels},le="{le}"}} {n}\n'
                for le, n in (("0.01", 0), ("1.0", slow), ("+Inf", slow))
            )
            + f'bezant_http_requests_total{{{quick_labels},status="200"}} {quick}\n'
            + f'bezant_http_requests_total{{{slow_labels},status="503"}} {faults}\n'
        )

    figures = figures_between(read(page(0, 0, 0), 0.0), read(page(10, 200, 6), 2.0))
    quick, slow = figures.requests.routes
    assert (quick.route, quick.per_s, quick.errors_per_s) == ("/q", 100.0, 0.0)
    assert (slow.route, slow.per_s, slow.errors_per_s) == ("/s", 5.0, 3.0)
    assert quick.times.p50_s == 0.005
    assert slow.times.p99_s is not None
    assert 0.9 < slow.times.p99_s <= 1.0


def test_cache_hits_are_a_share_of_each_kinds_reads() -> None:
    def page(**counts: int) -> str:
        return "".join(
            f'bezant_cache_reads_total{{kind="{key.split("_")[0]}",outcome="{key.split("_")[1]}"}}'
            f" {count}\n"
            for key, count in counts.items()
        )

    before = read(page(balance_hit=10, balance_miss=10, session_hit=5), 0.0)
    after = read(page(balance_hit=100, balance_miss=20, session_hit=5), 1.0)
    balance, session = figures_between(before, after).cache or []
    assert (balance.kind, balance.hits, balance.per_s) == ("balance", 0.9, 100.0)
    assert (session.kind, session.hits) == ("session", None)


def test_dead_jobs_are_told_for_the_interval_and_in_all() -> None:
    def page(dead: int) -> str:
        return f'bezant_jobs_total{{kind="k",outcome="dead"}} {dead}\nbezant_jobs_waiting 7\n'

    jobs = figures_between(read(page(3), 0.0), read(page(5), 1.0)).background
    assert (jobs.dead, jobs.dead_total, jobs.jobs_waiting) == (2.0, 5.0, 7.0)


@pytest.mark.parametrize(
    "garbage",
    [
        "<!doctype html><title>502</title>",
        '{"status": "ok"}',
        "metric one two three",
        'name{label="unclosed} 1',
        "name{label=1} 1\n",
        "name nought",
        "\x00\x01\x02",
        "# TYPE a\n",
    ],
)
def test_garbage_is_unreadable_or_empty_and_nothing_else(garbage: str) -> None:
    try:
        found = read(garbage)
    except Unreadable:
        return
    assert all(math.isfinite(value) for each in found.samples.values() for value in each.values())


@given(st.text(max_size=300))
def test_no_text_does_worse_than_be_unreadable(written: str) -> None:
    try:
        found = read(written)
    except Unreadable:
        return
    figures_between(found, Scrape(1.0, found.samples))


def test_values_that_are_no_numbers_are_left_out() -> None:
    found = read(text(math.nan) + text(math.inf, "b") + text(3, "c"))
    assert dict(found.samples) == {"c": {(): 3.0}}


def test_an_endless_answer_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "SAMPLES_MAX", 3)
    with pytest.raises(Unreadable):
        read("".join(text(1, f"m{at}") for at in range(5)))


@pytest.mark.parametrize("before", [{"0.1": 100, "1.0": 200, "+Inf": 200}, {"0.1": 0, "+Inf": 9}])
def test_the_buckets_of_a_histogram_restart_together(before: dict[str, int]) -> None:
    # Though the smallest may stand no lower than it did.
    after = {"0.1": 3, "1.0": 5, "+Inf": 6}
    interval = Interval(read(histogram("h", before)), read(histogram("h", after), 1.0))
    assert interval.distribution("h") == Distribution([0.1, 1.0], [3, 2, 1])
