"""What happened between two readings: counters and histograms, across restarts of what counts.

A counter that stands lower than before began again at zero in between, so all that it stands at has
happened since; what it had counted up to the restart is lost. No difference is ever negative.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bezant.server.figures.scrape import Labels, Scrape

# Two readings this close say nothing about a rate.
_INTERVAL_S_MIN: Final = 1e-3


def increase(before: float, after: float) -> float:
    """How far a counter went up, at least."""
    return max(0.0, after if after < before else after - before)


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram observed in an interval.

    Attributes:
        bounds: upper bounds of its buckets, ascending, without the infinite one.
        counts: observations in each bucket; one more, for those above the last bound.
    """

    bounds: Sequence[float]
    counts: Sequence[float]

    @property
    def total(self) -> float:
        """All observations."""
        return sum(self.counts)

    def quantile(self, q: float) -> float | None:
        """An estimate, linear within its bucket; None without observations.

        Above the last bound nothing is known, and the last bound is the answer (as PromQL's).
        """
        at = self._bucket(q)
        if at is None or not self.bounds:
            return None
        if at == len(self.bounds):
            return self.bounds[-1]
        below = sum(self.counts[:at])
        low = self.bounds[at - 1] if at else 0.0
        share = (q * self.total - below) / self.counts[at]
        return low + (self.bounds[at] - low) * min(1.0, max(0.0, share))

    def bound(self, q: float) -> float | None:
        """The upper bound of the bucket that a quantile is in: exact, where sizes are whole."""
        at = self._bucket(q)
        if at is None or not self.bounds:
            return None
        return self.bounds[min(at, len(self.bounds) - 1)]

    def _bucket(self, q: float) -> int | None:
        seen, rank = 0.0, q * self.total
        last = None
        for at, count in enumerate(self.counts):
            seen += count
            if count > 0:
                last = at
                if seen >= rank:
                    return at
        return last  # sums of fractions may stay a hair below the rank


@dataclass(frozen=True, slots=True)
class Interval:
    """Two readings, the second after the first."""

    before: Scrape
    after: Scrape

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.after.at_s - self.before.at_s

    def increase(
        self, name: str, is_of: Callable[[Mapping[str, str]], bool] | None = None
    ) -> float | None:
        """How far the counters of a name went up together; None where there is none.

        Args:
            name: of the sample, with `_total`.
            is_of: which labels to count; all.
        """
        if not self.after.has(name):
            return None
        return sum(
            step for labels, step in self._steps(name) if is_of is None or is_of(dict(labels))
        )

    def rate(
        self, name: str, is_of: Callable[[Mapping[str, str]], bool] | None = None
    ) -> float | None:
        """The same per second; None as well where the interval is too short to tell."""
        return self.per_s(self.increase(name, is_of))

    def per_s(self, count: float | None) -> float | None:
        """A count of the interval, per second."""
        if count is None or self.seconds < _INTERVAL_S_MIN:
            return None
        return count / self.seconds

    def by_label(self, name: str, label: str) -> dict[str, float]:
        """How far counters went up, summed by the value of one label."""
        found: dict[str, float] = {}
        for labels, step in self._steps(name):
            value = dict(labels).get(label, "")
            found[value] = found.get(value, 0.0) + step
        return found

    def distributions(self, name: str) -> Iterator[tuple[dict[str, str], Distribution]]:
        """What each histogram of a name observed, by its labels."""
        cumulative: dict[Labels, dict[float, tuple[float, float]]] = {}
        before = self.before.of(f"{name}_bucket")
        for labels, count in self.after.of(f"{name}_bucket").items():
            bound = _bound(dict(labels).get("le", ""))
            if bound is not None:
                others = tuple(pair for pair in labels if pair[0] != "le")
                cumulative.setdefault(others, {})[bound] = (before.get(labels, 0.0), count)
        for labels, buckets in cumulative.items():
            yield dict(labels), _distribution(buckets)

    def distribution(self, name: str) -> Distribution | None:
        """What all histograms of a name observed together; None where there is none."""
        merged: dict[float, float] = {}
        is_there = False
        for _, each in self.distributions(name):
            is_there = True
            for bound, count in zip([*each.bounds, math.inf], each.counts, strict=True):
                merged[bound] = merged.get(bound, 0.0) + count
        if not is_there:
            return None
        bounds = sorted(bound for bound in merged if bound != math.inf)
        return Distribution(bounds, [merged[bound] for bound in bounds] + [merged[math.inf]])

    def _steps(self, name: str) -> Iterable[tuple[Labels, float]]:
        # A counter that was not there before had counted nothing.
        before = self.before.of(name)
        for labels, value in self.after.of(name).items():
            yield labels, increase(before.get(labels, 0.0), value)


def _distribution(buckets: Mapping[float, tuple[float, float]]) -> Distribution:
    """From cumulative counts before and after, by upper bound."""
    # Its buckets restart together, though only some may stand lower than before.
    is_reset = any(after < before for before, after in buckets.values())
    bounds = sorted(buckets)
    counts, seen = [], 0.0
    for bound in bounds:
        before, after = buckets[bound]
        # Read while observations go on, a bucket may be behind a smaller one for a moment.
        up_to = max(seen, after if is_reset else after - before)
        counts.append(up_to - seen)
        seen = up_to
    if bounds and bounds[-1] == math.inf:
        return Distribution(bounds[:-1], counts)
    return Distribution(bounds, [*counts, 0.0])


def _bound(text: str) -> float | None:
    """A bucket's upper bound; None where there is none to read."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound
