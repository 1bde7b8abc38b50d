"""Interest by hand-made examples, to the part of a cent."""

from datetime import date
from fractions import Fraction

import msgspec
import pytest

from bezant.banking.fees.domain import due_on, is_waived, split
from bezant.banking.interest.domain import (
    PARTS,
    accrue,
    bookable,
    days,
    final,
    is_last_day,
    part_of_year,
    rate_of,
)
from bezant.banking.terms.fees import Fee
from bezant.banking.terms.interest import DayCount, InterestTerms, Period, Tier, Tiering

JUNE = date(2026, 6, 15)


def terms(*tiers: Tier, **more: object) -> InterestTerms:
    given = {"capitalisation": "month", "day_count": "ACT/365F", "tiers": list(tiers)} | more
    return msgspec.convert(given, InterestTerms)


def interest(balance: int, agreed: InterestTerms, first: date, last: date) -> int:
    """Of a balance that does not change, in whole minor units."""
    return final(sum(accrue(balance, day, agreed) for day in days(first, last)))


@pytest.mark.parametrize(
    ("text", "rate"),
    [("2.5", Fraction(1, 40)), ("0", Fraction(0)), ("-0.000001", Fraction(-1, 10**8)), ("100", 1)],
)
def test_rates_are_read_exactly(text: str, rate: Fraction) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize(
    ("count", "year", "earned"),
    [
        ("ACT/365F", 2026, 365_00),
        ("ACT/365F", 2028, 366_00),
        ("ACT/360", 2026, 370_07),  # 365 * 365 / 360 = 370.0694
        ("30E/360", 2026, 365_00),
        ("30E/360", 2028, 365_00),
    ],
)
def test_a_year_is_as_long_as_its_day_count_says(count: str, year: int, earned: int) -> None:
    agreed = terms(Tier("3.65"), day_count=count)
    assert interest(10_000_00, agreed, date(year, 1, 1), date(year, 12, 31)) == earned


def test_a_31st_is_no_day_and_february_has_thirty() -> None:
    def shares(*of: date) -> list[Fraction]:
        return [part_of_year(day, DayCount.THIRTY_E_360) * 360 for day in of]

    assert shares(date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)) == [0, 1, 1]
    assert shares(date(2026, 2, 28)) == [3]
    assert shares(date(2028, 2, 28), date(2028, 2, 29)) == [1, 2]


def test_slices_earn_their_own_rates_and_wholes_the_highest() -> None:
    tiers = [Tier("0"), Tier("1", above="100000"), Tier("2", above="500000")]
    # 4,000.00 at 1 % and 1,000.00 at 2 %, of 6,000.00.
    assert accrue(600_000, JUNE, terms(*tiers)) == round(Fraction(6_000, 365) * PARTS)
    whole = terms(*tiers, tiering=Tiering.WHOLE)
    assert accrue(600_000, JUNE, whole) == round(Fraction(12_000, 365) * PARTS)
    assert accrue(99_999, JUNE, whole) == 0


def test_a_negative_rate_and_an_overdraft_cost() -> None:
    agreed = terms(Tier("-0.5"), overdraft_rate="12")
    assert accrue(730_000, JUNE, agreed) == -10 * PARTS
    assert accrue(-36_500, JUNE, agreed) == -12 * PARTS
    assert accrue(0, JUNE, agreed) == 0
    assert accrue(36_500, JUNE, terms(overdraft_rate="12")) == 0


def test_periods_end_where_calendars_say() -> None:
    ends = {period: [] for period in Period}  # type: dict[Period, list[int]]
    for day in days(date(2028, 1, 1), date(2028, 12, 31)):
        for period in Period:
            if is_last_day(day, period):
                ends[period].append(day.month)
    assert ends[Period.MONTH] == list(range(1, 13))
    assert ends[Period.QUARTER] == [3, 6, 9, 12]
    assert ends[Period.YEAR] == [12]


def test_what_is_booked_never_exceeds_what_accrued() -> None:
    assert [bookable(parts) for parts in (PARTS - 1, PARTS, -PARTS - 1)] == [0, 1, -1]
    assert [final(PARTS * part // 10) for part in (4, 5, 6, 15, -15)] == [0, 0, 1, 2, -2]


@pytest.mark.parametrize(
    "given",
    [
        {"tiers": [{"rate": "1", "above": "1"}]},
        {"tiers": [{"rate": "1"}, {"rate": "2"}]},
        {"tiers": [{"rate": "1"}, {"rate": "2", "above": "5"}, {"rate": "3", "above": "4"}]},
        {"tiers": [{"rate": "1.0000001"}]},
        {"tiers": [{"rate": "1e3"}]},
        {"overdraft_rate": "-1"},
    ],
)
def test_terms_that_leave_a_balance_without_one_rate_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        terms(**given)


def test_a_fee_is_net_and_vat_and_due_when_its_time_is_over() -> None:
    fee = Fee("keeping", "EUR", "490", every=Period.MONTH, vat="19", waived_from="100000")
    assert (split(fee).net, split(fee).vat) == (412, 78)
    assert not is_waived(fee, 99_999)
    assert is_waived(fee, 100_000)
    assert due_on([fee], date(2026, 2, 28), "EUR") == [fee]
    assert due_on([fee], date(2026, 2, 27), "EUR") == due_on([fee], date(2026, 2, 28), "USD") == []


def test_a_fee_is_for_a_time_or_for_an_event() -> None:
    for given in ({}, {"every": "month", "event": "payment.out"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"code": "odd", "asset": "EUR", "gross": "1"} | given, Fee)
