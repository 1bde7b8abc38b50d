"""The TARGET calendar: the days on which euro payments settle between banks.

Closed on Saturdays, Sundays, New Year's Day, Good Friday, Easter Monday, 1 May, 25 and
26 December, in every year since 2002.
"""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

_FIXED: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
_SATURDAY: Final = 5
_ONE_DAY: Final = timedelta(days=1)


def is_business_day(day: date) -> bool:
    """Whether TARGET is open on `day`."""
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _FIXED:
        return False
    return day not in _around_easter(day.year)


def next_business_day(day: date) -> date:
    """The first business day after `day`."""
    return add_business_days(day, 1)


def on_or_after(day: date) -> date:
    """`day` itself if it is a business day, else the first one after it."""
    return day if is_business_day(day) else next_business_day(day)


def add_business_days(day: date, count: int) -> date:
    """The business day `count` business days after `day`, or before it if `count` is negative.

    With a count of 0 it is `day` itself, open or not.
    """
    step = _ONE_DAY if count > 0 else -_ONE_DAY
    left = abs(count)
    while left:
        day += step
        left -= is_business_day(day)
    return day


@lru_cache(maxsize=512)
def _around_easter(year: int) -> frozenset[date]:
    """Good Friday and Easter Monday."""
    easter = _easter(year)
    return frozenset({easter - timedelta(days=2), easter + _ONE_DAY})


def _easter(year: int) -> date:
    """Easter Sunday by the Gregorian computus in whole numbers (Meeus, Jones and Butcher)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - correction + 15) % 30
    quarter, odd = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quarter - epact - odd) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
