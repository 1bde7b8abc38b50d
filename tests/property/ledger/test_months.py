"""Months of a time zone: every instant in one, periods closed in order whatever is tried."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.errors import Refusal
from bezant.ledger.errors import AccountingClosed
from bezant.ledger.months import Month, PeriodEventKind, Periods

# Zones that have skipped midnights, turn at odd minutes, or lie furthest out.
ZONES = (
    "UTC",
    "Europe/Paris",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "America/Santiago",
)

months = st.builds(Month, st.integers(1970, 8999), st.integers(1, 12))
near = st.builds(Month, st.just(2026), st.integers(1, 12))
days = st.dates(date(2025, 12, 1), date(2027, 1, 31))
events = st.tuples(
    st.sampled_from(PeriodEventKind), near, st.none() | st.integers(1, 9).map(lambda n: UUID(int=n))
)


@given(months, st.sampled_from(ZONES).map(ZoneInfo))
def test_a_month_ends_where_the_next_one_begins(month: Month, zone: ZoneInfo) -> None:
    ends = month.last_instant(zone)
    assert ends.astimezone(zone).date() == month.last_day
    assert (ends + timedelta(microseconds=1)).astimezone(zone).date() == month.next.first_day


@given(months)
def test_an_identifier_is_read_as_it_was_written(month: Month) -> None:
    assert Month.parse(str(month)) == month
    assert Month.of(month.first_day) == Month.of(month.last_day) == month
    assert month.last_day + timedelta(days=1) == month.next.first_day


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "1969-12", "9000-01", "2026-10\n", "٢٠٢٦-10"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no month"):
        Month.parse(text)


@given(st.lists(events, max_size=20), days, days)
def test_what_is_closed_is_always_all_before_one_day(
    asked: list[tuple[PeriodEventKind, Month, UUID | None]], effective: date, booked: date
) -> None:
    periods, rows = Periods(), list[Mapping[str, Any]]()
    for kind, month, closing in asked:
        before = periods
        try:
            if kind is PeriodEventKind.CLOSED:
                periods = periods.close(month, closing)
                assert periods.last_closed == month
            else:
                periods = periods.reopen(month)
                assert (before.last_closed, periods.open_from) == (month, month.first_day)
        except Refusal:
            continue
        rows.append({"kind": kind, "period": str(month), "transaction_id": closing})
    # Folding the events that took effect gives what a lane has in memory.
    assert Periods.of(rows) == periods
    assert all(periods.is_closed(month.first_day) for month in periods.closings)
    is_open = min(effective, booked) >= periods.open_from
    try:
        periods.check_dated(effective, booked)
    except AccountingClosed as closed:
        assert not is_open
        day = effective if closed.field == "effective_at" else booked
        assert periods.is_closed(day)
    else:
        assert is_open
