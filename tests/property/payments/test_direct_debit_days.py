"""Days of direct debits, for any day: dormancy, refunds, and days on which banks settle."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bezant.payments.calendars.target import is_business_day
from bezant.payments.direct_debits.domain import (
    Mandate,
    Scheme,
    Sequence,
    check_can_collect,
    check_can_refund,
    lapses_on,
    presents_on,
    settles_on,
)
from bezant.payments.direct_debits.errors import MandateNotUsable, RefundNotDue

days = st.dates(date(2014, 1, 1), date(2100, 12, 31))
waits = st.integers(0, 5_000)


def refunds(scheme: Scheme, debited: date, asked: date, *, unauthorised: bool) -> bool:
    try:
        check_can_refund(scheme, debited, asked, unauthorised=unauthorised)
    except RefundNotDue:
        return False
    return True


@given(days)
def test_a_collection_goes_out_on_a_business_day_right_before_it_settles(due: date) -> None:
    settles, presents = settles_on(due), presents_on(due)
    assert presents < settles
    assert due <= settles
    assert is_business_day(presents)
    assert is_business_day(settles)
    between = (presents + timedelta(days=n) for n in range(1, (settles - presents).days))
    assert not any(is_business_day(day) for day in between)


@given(days, waits)
def test_a_mandate_is_usable_until_it_lapses_and_never_again(signed: date, wait: int) -> None:
    mandate, due = Mandate(Scheme.CORE, one_off=False, signed_on=signed), signed + timedelta(wait)
    try:
        check_can_collect(mandate, Sequence.RECURRENT, due)
        is_usable = True
    except MandateNotUsable:
        is_usable = False
    assert is_usable is (due < lapses_on(mandate))
    assert 1_095 <= (lapses_on(mandate) - signed).days <= 1_096


@given(debited=days, wait=waits, unauthorised=st.booleans())
def test_a_refund_that_is_due_was_due_on_every_day_before(
    *, debited: date, wait: int, unauthorised: bool
) -> None:
    asked = debited + timedelta(days=wait)
    if wait and refunds(Scheme.CORE, debited, asked, unauthorised=unauthorised):
        earlier = asked - timedelta(days=1)
        assert refunds(Scheme.CORE, debited, earlier, unauthorised=unauthorised)


@given(days, waits)
def test_who_gets_a_refund_without_a_reason_gets_it_for_want_of_a_mandate_too(
    debited: date, wait: int
) -> None:
    asked = debited + timedelta(days=wait)
    without = refunds(Scheme.CORE, debited, asked, unauthorised=False)
    assert without is (wait <= 56)
    assert refunds(Scheme.CORE, debited, asked, unauthorised=True) >= without
    assert not refunds(Scheme.B2B, debited, asked, unauthorised=False)
