"""A circuit breaker: what failed is left alone for a while, and nobody waits for it meanwhile."""

import time
from collections.abc import Callable
from typing import Final

PAUSE_S: Final = 2.0
"""How long a server that failed is left alone; then one call tries it."""


class Breaker:
    """Closed while calls succeed. A failure opens it; then one call per pause is let through.

    Args:
        monotonic: seconds, from any start.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._is_closed = True
        self._try_at = float("-inf")

    def admits(self) -> bool:
        """Whether a call may be made now."""
        if self._is_closed:
            return True
        now = self._monotonic()
        if now < self._try_at:
            return False
        # This one tries; the others go on without.
        self._try_at = now + PAUSE_S
        return True

    def failed(self) -> bool:
        """Open it. Whether it was closed."""
        was_closed, self._is_closed = self._is_closed, False
        self._try_at = self._monotonic() + PAUSE_S
        return was_closed

    def succeeded(self) -> bool:
        """Close it. Whether it was open."""
        was_open, self._is_closed = not self._is_closed, True
        return was_open
