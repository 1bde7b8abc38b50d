"""Rate limits: one token bucket per credential in each process, approximate by design.

A platform of several workers admits up to that many times the rate: processes share no counters,
so that a limit costs no round trip and no store can fail under it.
"""

import time
from collections.abc import Callable
from math import ceil
from typing import Final

from bezant.kernel.calls import Principal
from bezant.kernel.errors import Busy, Unauthenticated
from bezant.kernel.http.authorization import Authenticator
from bezant.kernel.http.credentials import Credentials

BUCKETS_MAX: Final = 10_000

_NOBODY: Final = ""
_FAILURES_PER_S_MAX: Final = 100
_FAILURES_BURST_MAX: Final = 1_000


class RateLimited(Busy):
    """The credential makes more requests than it may. Try again after `Retry-After` seconds."""

    status, code, title = 429, "RATE_LIMITED", "Too many requests"


class TokenBuckets:
    """Token buckets by key, each kept as one number: when it will be full again.

    That is the generic cell rate algorithm (ITU-T I.371, annex A.1), which needs no refilling: a
    token moves the instant by `1 / per_s`, and none is left when it is a whole burst ahead.

    Args:
        per_s: tokens that flow into a bucket per second.
        burst: how many tokens a bucket holds.
        buckets_max: the buckets kept; the one that was used longest ago is forgotten for another,
            and its key starts anew with a full one.
        monotonic: seconds, from any start.
    """

    def __init__(
        self,
        *,
        per_s: int,
        burst: int,
        buckets_max: int = BUCKETS_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        assert per_s > 0 < burst
        self._interval_s = 1 / per_s
        # Half a token more than `burst - 1`, so that no rounding takes the last one away.
        self._ahead_s_max = (burst - 0.5) / per_s
        self._buckets_max = buckets_max
        self._monotonic = monotonic
        self._full_at: dict[str, float] = {}

    def take(self, key: str, count: int = 1) -> float:
        """Take tokens out of a key's bucket.

        Args:
            key: whose bucket.
            count: at most what a bucket holds.

        Returns:
            0 when they were there; else the seconds until they are, and none is taken.
        """
        now = self._monotonic()
        full_at = max(self._full_at.pop(key, now), now)
        more_s = (count - 1) * self._interval_s
        assert more_s < self._ahead_s_max
        wait_s = max(0.0, full_at + more_s - now - self._ahead_s_max)
        # Put last, refused or not: a bucket that is asked for all the time is never forgotten.
        self._full_at[key] = full_at if wait_s else full_at + count * self._interval_s
        if len(self._full_at) > self._buckets_max:
            del self._full_at[next(iter(self._full_at))]
        return wait_s


class RateLimits:
    """An authenticator that also counts: each caller's requests, and failures of everybody.

    Failures share one bucket, as nobody knows whose they are. Once it is empty they are told to
    slow down; a valid credential is served all the same, so that no stranger can keep its owner
    out. What guesses may cost the database is bounded by the authenticator itself.

    Args:
        authenticator: knows who calls.
        per_s: requests per second and caller, on the average.
        burst: requests of a caller at once, after a rest.
        monotonic: seconds, from any start.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        *,
        per_s: int,
        burst: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticator = authenticator
        self._of_callers = TokenBuckets(per_s=per_s, burst=burst, monotonic=monotonic)
        self._of_failures = TokenBuckets(
            per_s=_FAILURES_PER_S_MAX,
            burst=_FAILURES_BURST_MAX,
            buckets_max=1,
            monotonic=monotonic,
        )

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller.

        Raises:
            Unauthenticated: unknown, expired or revoked.
            Unavailable: that cannot be known now.
            RateLimited: too many requests of this caller, or too many failures.
        """
        try:
            principal = await self._authenticator.authenticate(credentials)
        except Unauthenticated:
            _admit(self._of_failures, _NOBODY, "Too many credentials that are not valid.")
            raise
        _admit(self._of_callers, principal.actor, "Too many requests with this credential.")
        return principal


def _admit(buckets: TokenBuckets, key: str, detail: str) -> None:
    wait_s = buckets.take(key)
    if wait_s:
        raise RateLimited(detail, retry_after_s=ceil(wait_s))
