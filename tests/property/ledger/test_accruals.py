"""An accrual's parts: their sum is the amount, and each lies in its own month."""

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bezant.ledger.schedules.calendar import add_months, first_instant
from bezant.ledger.schedules.domain import Plan, occurrence_id
from bezant.ledger.schedules.schemas import NewAccrual

ZONES = [
    "UTC", "Europe/Paris", "America/New_York", "Pacific/Apia", "America/Havana", "Asia/Beirut",
    "Australia/Lord_Howe", "Africa/Cairo",
]  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    periods = draw(st.integers(1, 120))
    amount = draw(st.integers(periods, 10**6) | st.integers(2**127, 2**128 - 1))
    month = draw(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
    new = NewAccrual(
        debit="rent",
        credit="prepaid",
        asset="EUR",
        amount=str(amount),
        first_period=f"{month:%Y-%m}",
        periods=periods,
        reverse=draw(st.booleans()),
    )
    # As it comes over the wire.
    new = msgspec.json.decode(msgspec.json.encode(new), type=NewAccrual)
    return Plan(UUID(int=7), new.terms, ZoneInfo(draw(st.sampled_from(ZONES))))


def occurrences(plan: Plan) -> int:
    return next(no for no in range(1, 1_000) if plan.at(no) is None) - 1


@given(plans())
def test_the_parts_sum_to_the_amount_and_differ_by_at_most_one(plan: Plan) -> None:
    transactions = [plan.transaction(no) for no in range(1, occurrences(plan) + 1)]
    amounts = [int(leg.amount) for each in transactions for leg in each.postings]
    assert len(amounts) == plan.terms.periods  # type: ignore[union-attr]
    assert sum(amounts) == int(plan.terms.amount)  # type: ignore[union-attr]
    assert max(amounts) - min(amounts) <= 1
    assert amounts == sorted(amounts, reverse=True)
    assert min(amounts) > 0


@given(plans())
def test_each_part_is_the_last_instant_of_its_month_and_its_reversal_the_next(plan: Plan) -> None:
    terms = plan.terms
    first = date.fromisoformat(f"{terms.first_period}-01")  # type: ignore[union-attr]
    step = 2 if terms.reverse else 1  # type: ignore[union-attr]
    for period in range(terms.periods):  # type: ignore[union-attr]
        no = period * step + 1
        at = plan.at(no)
        assert at is not None
        begins = add_months(first, period)
        ends = add_months(first, period + 1) - timedelta(days=1)
        part = plan.transaction(no)
        assert part.postings[0].booking_date == at.astimezone(plan.zone).date()
        assert begins <= at.astimezone(plan.zone).date() <= ends
        # A microsecond later it is the next month, whatever the clocks do at its beginning.
        after = at + timedelta(microseconds=1)
        assert after == first_instant(add_months(first, period + 1), plan.zone)
        assert after.astimezone(plan.zone).date() > ends
        if step == 2:
            reversal = plan.transaction(no + 1)
            assert plan.at(no + 1) == after
            assert reversal.reverses is not None
            assert reversal.reverses.transaction == part.id == occurrence_id(UUID(int=7), no)
            assert reversal.reverses.booking_date == after.astimezone(plan.zone).date()


def test_every_occurrence_has_an_identifier_of_its_own() -> None:
    names = {occurrence_id(UUID(int=schedule), no) for schedule in range(50) for no in range(50)}
    assert len(names) == 2_500
    assert {name.version for name in names} == {8}
