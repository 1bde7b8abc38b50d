"""What a balance earns in a day, and what of it can be booked: exact, no I/O.

Interest is counted in parts of a minor unit, `PARTS` to one, so that nothing is lost from day to
day: what cannot be booked yet is carried.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Final

from bezant.banking.terms.interest import DayCount, InterestTerms, Period, Tiering

PARTS: Final = 10**12
"""Of a minor unit. A day's interest is rounded to one of these, half to even."""

_RATE_SCALE: Final = 10**6
_PERCENT: Final = 100
_DAY: Final = timedelta(days=1)
_MONTHS: Final = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


def rate_of(text: str) -> Fraction:
    """A rate from percent a year: `2.5` is 1/40."""
    return Fraction(_millionths(text), _RATE_SCALE * _PERCENT)


@lru_cache(maxsize=1024)
def _millionths(text: str) -> int:
    """A rate in millionths of a percent."""
    whole, _, decimals = text.removeprefix("-").partition(".")
    millionths = int(whole) * _RATE_SCALE + int(decimals.ljust(6, "0"))
    return -millionths if text.startswith("-") else millionths


@lru_cache(maxsize=1024)
def part_of_year(day: date, count: DayCount) -> Fraction:
    """How much of a year a day is: from its own beginning to that of the next."""
    match count:
        case DayCount.ACT_365F:
            return Fraction(1, 365)
        case DayCount.ACT_360:
            return Fraction(1, 360)
        case DayCount.THIRTY_E_360:
            return Fraction(_days_30e(day + _DAY) - _days_30e(day), 360)


def _days_30e(day: date) -> int:
    # Every month has thirty days: a 31st is no day, and the end of February makes up what it lacks.
    return 360 * day.year + 30 * day.month + min(day.day, 30)


def accrue(balance: int, day: date, terms: InterestTerms) -> int:
    """What a balance earns in a day, or costs: parts of a minor unit, below zero if it costs.

    `balance` is what there is at the end of the day, in minor units.
    """
    # Numerator and denominator apart: a fraction that is reduced at every step takes ten times as
    # long, and a night has as many of them as there are accounts.
    share = part_of_year(day, terms.day_count)
    parts = _yearly(balance, terms) * share.numerator * PARTS
    return _rounded(parts, _RATE_SCALE * _PERCENT * share.denominator)


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest integer, half to even."""
    whole, left = divmod(numerator, denominator)
    # `left` is at least zero, whatever the sign of the whole.
    return whole + (2 * left > denominator or (2 * left == denominator and whole % 2 == 1))


def _yearly(balance: int, terms: InterestTerms) -> int:
    """What a balance earns in a year, in units of 10^-8 of a minor unit."""
    if balance < 0:
        return balance * _millionths(terms.overdraft_rate)
    if terms.tiering is Tiering.WHOLE:
        reached = [tier for tier in terms.tiers if balance >= int(tier.above)]
        return balance * _millionths(reached[-1].rate) if reached else 0
    earned, top = 0, balance
    for tier in reversed(terms.tiers):
        bound = int(tier.above)
        if top > bound:
            earned += (top - bound) * _millionths(tier.rate)
            top = bound
    return earned


def is_last_day(day: date, period: Period) -> bool:
    """Whether a month, quarter or year ends with a day."""
    following = day + _DAY
    return following.day == 1 and (following.month - 1) % _MONTHS[period] == 0


def bookable(parts: int) -> int:
    """Whole minor units of what has accrued: towards zero, so that no more is booked than was due.

    What is left stays accrued.
    """
    units = abs(parts) // PARTS
    return units if parts >= 0 else -units


def final(parts: int) -> int:
    """Whole minor units where nothing can be carried any more: the nearest, half to even."""
    return round(Fraction(parts, PARTS))


def days(first: date, last: date) -> Iterator[date]:
    """Each day from one to another, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)
