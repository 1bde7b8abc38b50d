"""One reading of `/metrics`: what every counter, gauge and histogram stood at."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

SAMPLES_MAX: Final = 200_000

Labels = tuple[tuple[str, str], ...]
"""Names with values, by name."""


class Unreadable(Exception):  # noqa: N818 - the name says what is so
    """The text is not in the Prometheus text format."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """What was read.

    Attributes:
        at_s: when, on a clock that only ever goes forward.
        samples: value by sample name and labels; only finite values.
    """

    at_s: float
    samples: Mapping[str, Mapping[Labels, float]]

    @classmethod
    def parse(cls, text: str, at_s: float) -> "Scrape":
        """Read the text format.

        Raises:
            Unreadable: it is something else.
        """
        samples: dict[str, dict[Labels, float]] = {}
        try:
            for count, (name, labels, value) in enumerate(_samples(text)):
                if count >= SAMPLES_MAX:
                    raise Unreadable(f"There are more than {SAMPLES_MAX:,} samples.")
                if math.isfinite(value):
                    samples.setdefault(name, {})[labels] = value
        # What the parser raises depends on where in a line it loses its way.
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Unreadable("The answer is not in the Prometheus text format.") from error
        return cls(at_s, samples)

    def has(self, name: str) -> bool:
        """Whether there is any such sample."""
        return name in self.samples

    def of(self, name: str) -> Mapping[Labels, float]:
        """All samples of a name, by labels."""
        return self.samples.get(name, {})

    def total(self, name: str) -> float | None:
        """The sum over all labels; None where there is no such sample."""
        return sum(self.samples[name].values()) if name in self.samples else None


def _samples(text: str) -> Iterator[tuple[str, Labels, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, tuple(sorted(sample.labels.items())), sample.value
