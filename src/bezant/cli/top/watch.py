"""One platform watched: the newest figures, how old they are, and the minutes before."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from bezant.cli.top.source import ScrapeFailed, Source
from bezant.server.figures import Figures, Scrape, figures_between

HISTORY_MAX: Final = 300


@dataclass
class Watch:
    """What is known of a platform.

    Attributes:
        figures: of the last interval that was read; None before two readings.
        history: intervals, oldest first; None for one without a reading.
        failed: why the last reading failed; None when it did not.
    """

    source: Source
    figures: Figures | None = None
    failed: ScrapeFailed | None = None
    history: deque[Figures | None] = field(default_factory=lambda: deque(maxlen=HISTORY_MAX))
    _last: Scrape | None = None

    @property
    def age_s(self) -> float | None:
        """How old the last reading is; None before the first."""
        return None if self._last is None else max(0.0, self.source.clock() - self._last.at_s)

    async def look(self) -> None:
        """Read once more. What is known stays when that fails.

        Raises:
            ScrapeFailed: it failed in a way that does not pass.
        """
        try:
            now = await self.source.scrape()
        except ScrapeFailed as failure:
            if failure.is_final:
                raise
            self.failed = failure
            self.history.append(None)
            return
        self.failed = None
        # After a silence the figures are those of all the time since the last reading.
        if self._last is not None:
            self.figures = figures_between(self._last, now)
            self.history.append(self.figures)
        self._last = now
