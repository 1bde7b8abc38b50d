"""The clock port. Time is read through it, once per batch, and injected in tests."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """The present instant, UTC, with microseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, UTC, with microseconds."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves when told to, for tests and seeded runs."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The instant last set."""
        return self._now

    def advance(self, *, seconds: int = 0, microseconds: int = 0) -> None:
        """Move forward."""
        self._now += timedelta(seconds=seconds, microseconds=microseconds)
