"""Figures as short text, for the terminal and the page alike."""

from typing import Final

ABSENT: Final = "-"

_TEN, _HUNDRED, _MILLION = 10, 100, 1_000_000
_KIB: Final = 1024


def number(value: float | None) -> str:
    """A count or a rate with three digits or more."""
    if value is None:
        return ABSENT
    if value >= _MILLION:
        return f"{value / _MILLION:,.2f} M"
    if value >= _HUNDRED or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= _TEN else f"{value:.2f}"


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it."""
    if seconds is None:
        return ABSENT
    if seconds >= 1:
        return f"{seconds:.2f} s"
    ms = seconds * 1000
    return f"{ms:.0f} ms" if ms >= _HUNDRED else f"{ms:.1f} ms" if ms >= _TEN else f"{ms:.2f} ms"


def size(octets: float | None) -> str:
    """An amount of memory."""
    if octets is None:
        return ABSENT
    for unit in ("B", "KiB", "MiB"):
        if octets < _KIB:
            return f"{octets:.0f} {unit}"
        octets /= _KIB
    return f"{octets:.1f} GiB"


def share(part: float | None) -> str:
    """A part of one as a percentage."""
    if part is None:
        return ABSENT
    # Nothing but all is 100 %.
    percent = min(99.9, part * 100) if part < 1 else 100
    return f"{percent:.0f} %" if percent in {0, 100} else f"{percent:.1f} %"
