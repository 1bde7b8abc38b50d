"""Waiting times and small charts as text."""

from collections.abc import Iterable, Sequence
from typing import Final

_BARS: Final = "▁▂▃▄▅▆▇█"


def age(seconds: float) -> str:
    """A time that somebody has waited."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The newest values, scaled to the largest of them; a gap where there is none."""
    shown = values[-width:] if width > 0 else []
    top = max((value for value in shown if value is not None), default=0.0)
    return "".join(" " if value is None else _bar(value, top) for value in shown)


def bars(values: Iterable[float], height: int) -> list[list[str]]:
    """A bar for each value, `height` rows high: the rows from the top, a character per bar."""
    values = list(values)
    top = max(values, default=0.0)
    eighths = [
        # What happened at all is seen.
        max(1 if value > 0 else 0, round(value / top * height * 8)) if top else 0
        for value in values
    ]
    rows = []
    for row in reversed(range(height)):
        filled = [max(0, min(8, each - row * 8)) for each in eighths]
        rows.append([_BARS[each - 1] if each else " " for each in filled])
    return rows


def _bar(value: float, top: float) -> str:
    return _BARS[min(7, int(value / top * 8))] if top else _BARS[0]
