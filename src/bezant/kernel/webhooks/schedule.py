"""When an attempt is repeated, when no more, and when an endpoint is left alone. Pure.

A message is tried for three days, at the specification's intervals. An endpoint that is away or
overloaded is asked ever less often, by one message at a time, whatever waits for it; when it
answers again, what waited is sent at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from bezant.kernel.webhooks.sending import Reply, SendFailed

Result = Reply | SendFailed

# "Deliverability and reliability" of the specification, from the attempt before.
_WAITS_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
# A part of each wait is left to chance, so that what failed together does not return together.
_SPREAD: Final = 0.1

KEPT_TRYING: Final = timedelta(days=3)
"""An attempt that fails as long as this after the first one was the last."""

DISABLED_AFTER: Final = timedelta(days=5)
"""An endpoint that has answered nothing well for as long is disabled."""

PAUSED_FROM: Final = 3
"""Failures in a row from which on an endpoint is left alone for a while."""

_PAUSE_S: Final = 5
_PAUSE_S_MAX: Final = 600
_RETRY_AFTER_MAX: Final = timedelta(hours=24)
_RESUME_AFTER_MAX: Final = timedelta(hours=1)
_GONE: Final = 410
_TOO_MANY: Final = 429
_OF_THE_ENDPOINT: Final = frozenset({_TOO_MANY, 502, 503, 504})
_WELL: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt means for its message."""

    status: Literal["pending", "delivered", "failed"]
    next_attempt_at: datetime
    response_status: int | None
    latency_ms: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fares.

    Attributes:
        failures: attempts in a row that tell of the endpoint itself, not of their message.
        failing_since: since when nothing was answered well; None when the last answer was.
        resume_at: until when it is left alone.
    """

    failures: int
    failing_since: datetime | None
    resume_at: datetime

    @property
    def is_away(self) -> bool:
        """Whether it is left alone between attempts."""
        return self.failures >= PAUSED_FROM


def is_well(result: Result) -> bool:
    """Whether the message was taken."""
    return isinstance(result, Reply) and result.status in _WELL


def is_gone(result: Result) -> bool:
    """Whether the receiver wants no more messages."""
    return isinstance(result, Reply) and result.status == _GONE


def judge(
    result: Result, *, attempts: int, first_attempt_at: datetime | None, at: datetime, luck: float
) -> Verdict:
    """What becomes of a message.

    Args:
        result: of the attempt.
        attempts: how many there were before this one.
        first_attempt_at: when the first one was; None when it is this one.
        at: now.
        luck: from 0 to 1.
    """
    status = result.status if isinstance(result, Reply) else None
    latency_ms = round(result.elapsed_s * 1_000)
    if is_well(result):
        return Verdict("delivered", at, status, latency_ms, None)
    error = f"status_{status}" if isinstance(result, Reply) else result.reason
    # Of a receiver that is gone for good the endpoint is disabled, and its messages wait.
    is_over = at - (first_attempt_at or at) >= KEPT_TRYING and not is_gone(result)
    wait = timedelta(seconds=_WAITS_S[min(attempts, len(_WAITS_S) - 1)] * (1 + _SPREAD * luck))
    asked = _asked(result, _RETRY_AFTER_MAX)
    next_attempt_at = at if is_over else at + max(wait, asked)
    return Verdict("failed" if is_over else "pending", next_attempt_at, status, latency_ms, error)


def fare(health: Health, results: Sequence[Result], at: datetime, luck: float) -> Health:
    """How an endpoint fares after a round of attempts.

    An answer such as 400 or 500 may be about its message alone: it neither pauses the endpoint nor
    ends a pause.
    """
    if any(map(is_well, results)):
        return Health(0, None, at)
    telling = [result for result in results if _tells_of_endpoint(result)]
    after = replace(health, failing_since=health.failing_since or at)
    if not telling:
        return after
    failures = health.failures + 1
    pause = timedelta(0)
    if failures >= PAUSED_FROM:
        exponent = min(failures - PAUSED_FROM, 16)
        pause = timedelta(seconds=min(_PAUSE_S * 2**exponent, _PAUSE_S_MAX) * (1 + _SPREAD * luck))
    asked = max(_asked(result, _RESUME_AFTER_MAX) for result in telling)
    return replace(after, failures=failures, resume_at=at + max(pause, asked))


def is_given_up(health: Health, at: datetime) -> bool:
    """Whether an endpoint that failed just now has failed for too long."""
    return health.failing_since is not None and at - health.failing_since >= DISABLED_AFTER


def _tells_of_endpoint(result: Result) -> bool:
    return isinstance(result, SendFailed) or result.status in _OF_THE_ENDPOINT


def _asked(result: Result, most: timedelta) -> timedelta:
    """For how long the receiver asks to be left alone, within reason."""
    if not isinstance(result, Reply) or result.retry_after_s is None:
        return timedelta(0)
    return min(timedelta(seconds=min(result.retry_after_s, 10**9)), most)
