"""Figures for whoever looks: taken when asked for, so that nobody's looking costs nothing."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final

from bezant.kernel.telemetry import metrics
from bezant.server.figures import Figures, Scrape, figures_between

INTERVAL_S: Final = 0.5
"""The shortest interval that figures are taken over, and the first look's."""

_FRESH_S: Final = 60.0
_HISTORY_MAX: Final = 120


@dataclass(frozen=True, slots=True)
class Reading:
    """What is shown.

    Attributes:
        figures: the newest.
        history: those before and they, oldest first.
    """

    figures: Figures
    history: Sequence[Figures]


class Readings:
    """The readings of one worker, which count all workers' events.

    Args:
        render: the metrics' text.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        render: Callable[[], bytes] = metrics.render,
        clock: Callable[[], float] = monotonic,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._render = render
        self._clock = clock
        self._interval_s = interval_s
        self._turn = asyncio.Lock()
        self._last: Scrape | None = None
        self._history: deque[Figures] = deque(maxlen=_HISTORY_MAX)

    async def read(self) -> Reading:
        """The figures since somebody looked last, or of a moment where nobody did lately."""
        async with self._turn:
            if self._last is None or self._clock() - self._last.at_s > _FRESH_S:
                self._history.clear()
                self._last = await self._scrape()
            if not self._history or self._clock() - self._last.at_s >= self._interval_s:
                # Not to wait for anything: a rate needs time to be measured over.
                left_s = self._interval_s - (self._clock() - self._last.at_s)
                await asyncio.sleep(max(0.0, left_s))
                now = await self._scrape()
                self._history.append(figures_between(self._last, now))
                self._last = now
            return Reading(self._history[-1], list(self._history))

    async def _scrape(self) -> Scrape:
        # Reading and parsing many workers' files takes milliseconds that other requests should not
        # wait for.
        return await asyncio.to_thread(self._scrape_now)

    def _scrape_now(self) -> Scrape:
        at_s = self._clock()
        return Scrape.parse(self._render().decode(), at_s)
