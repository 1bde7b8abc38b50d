"""Interest loses nothing, whatever the balances, rates and calendars."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bezant.banking.fees.domain import split
from bezant.banking.interest.domain import PARTS, accrue, bookable, days, final, part_of_year
from bezant.banking.terms.fees import Fee
from bezant.banking.terms.interest import DayCount, InterestTerms, Period, Tier, Tiering

dates = st.dates(date(1970, 1, 1), date(2199, 12, 31))
balances = st.integers(-(10**38), 10**38)
rates = st.integers(-999_999_999, 999_999_999).map(
    lambda number: f"{'-' * (number < 0)}{abs(number) // 10**6}.{abs(number) % 10**6:06}"
)


@st.composite
def agreements(draw: st.DrawFn) -> InterestTerms:
    bounds = sorted(draw(st.sets(st.integers(1, 10**9), max_size=4)))
    tiers = [Tier(draw(rates), str(bound)) for bound in (0, *bounds)]
    return InterestTerms(
        draw(st.sampled_from(Period)),
        draw(st.sampled_from(DayCount)),
        tiers,
        draw(st.sampled_from(Tiering)),
        draw(rates).removeprefix("-"),
    )


@given(dates, st.integers(0, 800), st.sampled_from(DayCount))
def test_days_add_up_to_the_time_between_two_dates(
    first: date, length: int, count: DayCount
) -> None:
    last = first + timedelta(days=length)
    total = sum(part_of_year(day, count) for day in days(first, last - timedelta(days=1)))
    if count is DayCount.THIRTY_E_360:
        between = 360 * (last.year - first.year) + 30 * (last.month - first.month)
        assert total * 360 == between + min(last.day, 30) - min(first.day, 30)
    else:
        assert total == Fraction(length, 365 if count is DayCount.ACT_365F else 360)


@given(st.integers(0, 10**12), st.integers(0, 10**12), dates, rates, st.sampled_from(DayCount))
def test_one_rate_earns_the_same_on_the_whole_as_on_its_halves(
    one: int, other: int, day: date, rate: str, count: DayCount
) -> None:
    agreed = InterestTerms(Period.MONTH, count, [Tier(rate)])
    together = accrue(one + other, day, agreed)
    assert abs(together - accrue(one, day, agreed) - accrue(other, day, agreed)) <= 1


@given(st.integers(0, 10**12), dates, agreements())
def test_slices_never_earn_more_than_the_best_rate_nor_less_than_the_worst(
    balance: int, day: date, agreed: InterestTerms
) -> None:
    each = [
        accrue(balance, day, InterestTerms(Period.MONTH, agreed.day_count, [Tier(tier.rate)]))
        for tier in agreed.tiers
    ]
    assert min(each) - 1 <= accrue(balance, day, agreed) <= max(each) + 1


@given(st.lists(st.integers(-(10**40), 10**40), max_size=40))
def test_booking_carries_the_rest_and_loses_nothing(accrued: list[int]) -> None:
    carried = booked = 0
    for parts in accrued:
        carried += parts
        units = bookable(carried)
        assert abs(units) * PARTS <= abs(carried)
        carried, booked = carried - units * PARTS, booked + units
        assert abs(carried) < PARTS
    assert booked * PARTS + carried == sum(accrued)
    assert abs(final(carried) * PARTS - carried) * 2 <= PARTS


@given(balances, dates, agreements())
def test_a_days_interest_is_exact_to_the_part(
    balance: int, day: date, agreed: InterestTerms
) -> None:
    parts = accrue(balance, day, agreed)
    assert isinstance(parts, int)
    assert abs(parts) <= abs(balance) * 10 * PARTS // 90


@given(st.integers(1, 10**30), st.integers(0, 99_9999))
def test_a_fee_is_always_its_net_amount_and_its_vat(gross: int, rate: int) -> None:
    vat = f"{rate // 10**4}.{rate % 10**4:04}"
    parts = split(Fee("any", "EUR", str(gross), every=Period.MONTH, vat=vat))
    assert parts.net + parts.vat == gross
    assert 0 <= parts.vat < gross
    assert abs(parts.vat - parts.net * Fraction(rate, 10**6)) <= 1
