"""Token buckets: what they admit, and for how long they keep others waiting. Time is injected."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.calls import Principal
from bezant.kernel.errors import Unauthenticated
from bezant.kernel.http import BEARER, Credentials, RateLimited, RateLimits
from bezant.kernel.http.limits import TokenBuckets


class Stopwatch:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


def taken(buckets: TokenBuckets, key: str, tries: int) -> int:
    return sum(buckets.take(key) == 0 for _ in range(tries))


def test_a_burst_is_admitted_and_nothing_beyond_it(watch: Stopwatch) -> None:
    buckets = TokenBuckets(per_s=10, burst=5, monotonic=watch)
    assert taken(buckets, "a", 20) == 5


def test_tokens_flow_back_at_the_rate_up_to_the_burst(watch: Stopwatch) -> None:
    buckets = TokenBuckets(per_s=10, burst=5, monotonic=watch)
    taken(buckets, "a", 5)
    watch.now_s += 0.3
    assert taken(buckets, "a", 20) == 3
    watch.now_s += 3_600
    assert taken(buckets, "a", 20) == 5


def test_several_are_taken_together_or_not_at_all(watch: Stopwatch) -> None:
    buckets = TokenBuckets(per_s=10, burst=5, monotonic=watch)
    assert buckets.take("a", 3) == 0
    wait_s = buckets.take("a", 3)
    assert wait_s > 0
    assert taken(buckets, "b", 5) == 5
    watch.now_s += wait_s
    assert buckets.take("a", 3) == 0
    assert taken(buckets, "a", 1) == 0


def test_after_the_time_that_was_told_there_is_a_token(watch: Stopwatch) -> None:
    buckets = TokenBuckets(per_s=3, burst=2, monotonic=watch)
    taken(buckets, "a", 2)
    wait_s = buckets.take("a")
    assert 0 < wait_s <= 1 / 3
    watch.now_s += wait_s + 1e-6
    assert buckets.take("a") == 0


def test_a_key_takes_nothing_from_another(watch: Stopwatch) -> None:
    buckets = TokenBuckets(per_s=1, burst=1, monotonic=watch)
    assert taken(buckets, "a", 5) == 1
    assert taken(buckets, "b", 5) == 1


def test_memory_is_bounded_and_busy_keys_stay_limited(watch: Stopwatch) -> None:
    buckets = TokenBuckets(per_s=1, burst=2, buckets_max=10, monotonic=watch)
    busy = 0
    for stranger in range(1_000):
        busy += buckets.take("busy") == 0
        buckets.take(f"stranger-{stranger}")
        assert len(buckets._full_at) <= 10
        watch.now_s += 0.01
    # Two at once, one for each of the ten seconds: nobody forgot that it is busy. Half a token of
    # slack admits the last one early.
    assert 11 <= busy <= 13


@given(
    per_s=st.integers(1, 10_000),
    burst=st.integers(1, 10_000),
    pauses=st.lists(st.floats(0, 2, allow_nan=False), max_size=200),
)
def test_no_rhythm_admits_more_than_the_burst_and_the_rate(
    per_s: int, burst: int, pauses: list[float]
) -> None:
    watch = Stopwatch()
    buckets = TokenBuckets(per_s=per_s, burst=burst, monotonic=watch)
    admitted = 0
    for pause_s in pauses:
        admitted += buckets.take("a") == 0
        watch.now_s += pause_s
    assert admitted <= burst + (watch.now_s - 1_000_000.0) * per_s + 1


class OneKey:
    """Knows `good` and no other token."""

    async def authenticate(self, credentials: Credentials) -> Principal:
        if credentials.token != "good":
            raise Unauthenticated("The API key is not valid.")
        return Principal(UUID(int=1), "key:good", frozenset())


async def times_limited(limits: RateLimits, token: str, tries: int) -> int:
    return sum([await is_limited(limits, token) for _ in range(tries)])


async def is_limited(limits: RateLimits, token: str) -> bool:
    try:
        await limits.authenticate(Credentials(BEARER, token))
    except RateLimited:
        return True
    except Unauthenticated:
        pass  # refused, though not for its rate
    return False


@pytest.fixture
def limits(watch: Stopwatch) -> RateLimits:
    return RateLimits(OneKey(), per_s=1, burst=3, monotonic=watch)


async def test_a_caller_is_refused_beyond_its_burst_until_it_waited(
    limits: RateLimits, watch: Stopwatch
) -> None:
    assert await times_limited(limits, "good", 5) == 2
    with pytest.raises(RateLimited) as caught:
        await limits.authenticate(Credentials(BEARER, "good"))
    watch.now_s += caught.value.retry_after_s
    assert not await is_limited(limits, "good")


async def test_failures_are_limited_together_and_hold_up_no_valid_credential(
    limits: RateLimits,
) -> None:
    assert await times_limited(limits, "bad", 1_000) == 0
    assert await is_limited(limits, "other")
    assert not await is_limited(limits, "good")
