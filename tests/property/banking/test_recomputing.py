"""Whatever was posted late, corrected days and bookings are those of who knew it in time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from bezant.banking.interest.domain import PARTS, accrue, bookable, is_last_day
from bezant.banking.interest.recomputing import Accrued, Booked, Past, recompute
from bezant.banking.interest.records import DayAccrued, Rebooking
from bezant.banking.terms.interest import DayCount, InterestTerms, Period, Tier

FIRST = date(2026, 1, 20)
DAYS = 80
DAY = timedelta(days=1)


class Movement(NamedTuple):
    """Minor units that count from a day, and how many days later they were posted."""

    counts: int
    late: int
    amount: int


@dataclass
class Account:
    """An account as runs leave it, day after day."""

    terms: InterestTerms
    movements: list[Movement]
    compounds: bool = True
    accrued: dict[date, Accrued] = field(default_factory=dict)
    booked: dict[date, Booked] = field(default_factory=dict)

    def end_days(self) -> "Account":
        for number in range(DAYS):
            self._end_day(number)
        return self

    def _end_day(self, number: int) -> None:
        day = FIRST + number * DAY
        late = [each.counts for each in self._known(number) if each.counts + each.late == number]
        if late and min(late) < number:
            self._correct(number, FIRST + min(late) * DAY)
        parts = accrue(self._balance(number, day), day, self.terms)
        self.accrued[day] = Accrued(day, 0, 1, parts)
        amount = bookable(self.due)
        if is_last_day(day, self.terms.capitalisation) and amount:
            self._book(day, 0, amount)

    def _correct(self, number: int, since: date) -> None:
        past = Past(
            0,
            list(self.accrued.values()),
            list(self.booked.values()),
            {1: self.terms},
            lambda day: self._balance(number, day),
        )
        found = recompute(past, since, compounds=self.compounds)
        for day in found.days:
            self._revise(day)
        for each in found.rebookings:
            self._rebook(each)

    def _revise(self, now: DayAccrued) -> None:
        before = self.accrued[now.day]
        assert (now.revision, int(now.before)) == (before.revision + 1, before.parts)
        self.accrued[now.day] = Accrued(now.day, now.revision, 1, int(now.parts))

    def _rebook(self, now: Rebooking) -> None:
        before = self.booked.get(now.day, Booked(now.day, -1, 0, None))
        assert (now.revision, int(now.before)) == (before.revision + 1, before.amount)
        assert now.takes_back == (before.transaction_id if before.amount else None)
        self._book(now.day, now.revision, int(now.amount))

    def _book(self, day: date, revision: int, amount: int) -> None:
        transaction_id = uuid5(UUID(int=0), f"{day}/{revision}")
        self.booked[day] = Booked(day, revision, amount, transaction_id)

    def _known(self, number: int) -> Iterable[Movement]:
        return (each for each in self.movements if each.counts + each.late <= number)

    def _balance(self, number: int, day: date) -> int:
        moved = (e.amount for e in self._known(number) if FIRST + e.counts * DAY <= day)
        return sum(moved) + sum(each.amount for each in self.booked.values() if each.day < day)

    @property
    def due(self) -> int:
        """What has accrued and is not booked, parts."""
        earned = sum(each.parts for each in self.accrued.values())
        return earned - PARTS * sum(each.amount for each in self.booked.values())

    def outcome(self) -> tuple[dict[date, int], dict[date, int], int]:
        """What each day earned, what each month's end booked, and what is due."""
        booked = {each.day: each.amount for each in self.booked.values() if each.amount}
        return {day: each.parts for day, each in self.accrued.items()}, booked, self.due


def agreed(count: DayCount) -> InterestTerms:
    tiers = [Tier("4.75"), Tier("9.5", above="500000")]
    return InterestTerms(Period.MONTH, count, tiers, overdraft_rate="17.9")


movements = st.builds(
    Movement,
    counts=st.integers(0, DAYS - 1),
    late=st.integers(0, DAYS),
    amount=st.integers(-(10**9), 10**9),
)


@settings(max_examples=150)
@given(count=st.sampled_from(DayCount), moved=st.lists(movements, max_size=6))
def test_who_learns_late_ends_as_who_knew_in_time(count: DayCount, moved: list[Movement]) -> None:
    known = [each for each in moved if each.counts + each.late < DAYS]
    late = Account(agreed(count), known).end_days()
    timely = Account(agreed(count), [each._replace(late=0) for each in known]).end_days()
    assert late.outcome() == timely.outcome()


def test_a_control_that_does_not_compound_ends_otherwise() -> None:
    known = [Movement(0, 30, 10_000_000)]
    timely = Account(agreed(DayCount.ACT_360), [Movement(0, 0, 10_000_000)]).end_days()
    plain = Account(agreed(DayCount.ACT_360), known, compounds=False).end_days()
    late = Account(agreed(DayCount.ACT_360), known).end_days()
    assert plain.outcome() != timely.outcome() == late.outcome()


def test_what_could_not_be_paid_is_left_to_the_next_period() -> None:
    owing = Account(agreed(DayCount.ACT_360), [Movement(0, 0, -1_000_000)]).end_days()
    del owing.booked[date(2026, 1, 31)]  # as if it had been refused
    past = Past(
        0,
        list(owing.accrued.values()),
        list(owing.booked.values()),
        {1: owing.terms},
        lambda _: -2_000_000,
    )
    found = recompute(past, date(2026, 1, 25))
    assert [each.day for each in found.rebookings] == [date(2026, 2, 28), date(2026, 3, 31)]
    first, _ = found.rebookings
    assert int(first.amount) < 2 * int(first.before) < 0, "what was left is due at the next end"
