"""Whatever is posted, closed and reopened: a book does as its model does, at any pair of times."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bezant.kernel.calls import Answer
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.periods.schemas import Period, Reopening
from bezant.ledger.reports.schemas import At, FromTo
from fixtures_ledger import code
from fixtures_periods import EQUITY, Office, day, new_office

STORIES = 10
MONTHS = (1, 2, 3, 4)
TYPES = {
    "bank": schemas.AccountType.ASSET,
    "wallet": schemas.AccountType.LIABILITY,
    "fees": schemas.AccountType.INCOME,
    "rent": schemas.AccountType.EXPENSE,
    f"{EQUITY}:EUR": schemas.AccountType.EQUITY,
}
NAMES = tuple(TYPES)
RESULTS = ("fees", "rent")

Leg = tuple[str, str, int]

months = st.sampled_from(MONTHS)
steps = st.one_of(
    st.tuples(
        st.just("post"),
        st.permutations(NAMES).map(lambda names: names[:2]),
        st.integers(1, 50),
        months,
        months,
    ),
    # Without a month: the latest that is over, or that is closed.
    st.tuples(st.just("close"), st.none(), st.booleans()),
    st.tuples(st.just("close"), months, st.booleans()),
    st.tuples(st.just("reopen"), st.none()),
    st.tuples(st.just("reopen"), months),
    st.tuples(st.just("reserve"), st.integers(1, 50)),
    st.tuples(st.just("capture")),
    st.tuples(st.just("wait")),
    st.tuples(st.just("wait")),
)


@dataclass
class Model:
    """A book as its bookkeeper would keep it on paper.

    Attributes:
        entries: legs with the month in which they count and whether closing entries made them, in
            the order in which they were known.
        open_from: the first month that is open.
        closings: the closing legs that stand, by month.
    """

    entries: list[tuple[int, Leg, bool]] = field(default_factory=list)
    open_from: int = 0
    closings: dict[int, list[Leg]] = field(default_factory=dict)

    def post(self, month: int, booked: int, leg: Leg) -> str | None:
        if min(month, booked) < self.open_from:
            return "ACCOUNTING_CLOSED"
        self.entries.append((month, leg, False))
        return None

    def close(self, month: int, now: int, *, has_entries: bool) -> str | None:
        if month < self.open_from:
            return "PERIOD_CLOSED"
        if month >= now:
            return "PERIOD_NOT_OVER"
        if has_entries:
            totals = self.totals(month, len(self.entries))
            legs: list[Leg] = []
            for name in RESULTS:
                net = totals[name, "debit"] - totals[name, "credit"]
                if net > 0:
                    legs.append((NAMES[-1], name, net))
                elif net:
                    legs.append((name, NAMES[-1], -net))
            self.entries += [(month, leg, True) for leg in legs]
            if legs:
                self.closings[month] = legs
        self.open_from = month + 1
        return None

    def reopen(self, month: int) -> str | None:
        if month >= self.open_from:
            return "PERIOD_NOT_CLOSED"
        if month != self.open_from - 1:
            return "PERIOD_NOT_LAST"
        self.open_from = month
        back = [(credit, debit, amount) for debit, credit, amount in self.closings.pop(month, [])]
        self.entries += [(month, leg, True) for leg in back]
        return None

    def totals(self, month: int, known: int) -> Counter[tuple[str, str]]:
        """Debits and credits up to a month's end, of the first entries known."""
        found: Counter[tuple[str, str]] = Counter()
        for counts_in, (debit, credit, amount), _ in self.entries[:known]:
            if counts_in <= month:
                found[debit, "debit"] += amount
                found[credit, "credit"] += amount
        return found

    def earned(self, month: int) -> int:
        """Income less expenses of a month, without what closing entries did."""
        net = 0
        for counts_in, (debit, credit, amount), is_closing in self.entries:
            if counts_in == month and not is_closing:
                net += amount * ((credit in RESULTS) - (debit in RESULTS))
        return net


@dataclass
class Story:
    """The book and its model, side by side.

    Attributes:
        known: instants, and how many entries the model had then.
        done: how many steps of each kind were not refused.
    """

    office: Office
    model: Model = field(default_factory=Model)
    holds: list[tuple[Any, int]] = field(default_factory=list)
    known: list[tuple[datetime, int]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def now(self) -> int:
        return self.office.clock.now().month

    async def take(self, step: tuple[Any, ...]) -> None:
        what, *members = step
        answer, expected = await getattr(self, what)(*members)
        assert (code(answer) if answer.is_refusal else None) == expected
        self.done[what] += not answer.is_refusal
        self.office.clock.advance(seconds=1)
        self.known.append((self.office.clock.now(), len(self.model.entries)))

    async def post(
        self, names: list[str], amount: int, month: int, booked: int
    ) -> tuple[Answer, str | None]:
        bank = self.office.bank
        leg = bank.leg(names[0], names[1], amount, booking_date=day(booked, 15).date())
        answer = await bank.post(leg, effective_at=day(month, 15))
        return answer, self.model.post(month, booked, (names[0], names[1], amount))

    async def close(self, month: int | None, has_entries: bool) -> tuple[Answer, str | None]:  # noqa: FBT001 - as drawn
        month = month or max(1, self.now - 1)
        answer = await self.office.close(f"2060-{month:02}", EQUITY if has_entries else None)
        return answer, self.model.close(month, self.now, has_entries=has_entries)

    async def reopen(self, month: int | None) -> tuple[Answer, str | None]:
        month = month or max(1, self.model.open_from - 1)
        period, expected = f"2060-{month:02}", self.model.reopen(month)
        answer = await self.office.ask(period)
        if answer.is_refusal:
            return answer, expected
        answer = await self.office.approve(period, answer.value(Reopening).id)
        assert answer.value(Period).period == period
        return answer, expected

    async def reserve(self, amount: int) -> tuple[Answer, None]:
        leg = self.office.bank.leg("bank", "wallet", amount, pending=True)
        answer = await self.office.bank.post(leg)
        hold_id = answer.value(schemas.PostedTransaction).postings[0].hold_id
        self.holds.append((hold_id, amount))
        return answer, None

    async def capture(self) -> tuple[Answer, str | None]:
        if not self.holds:
            return await self.reserve(1)
        hold, amount = self.holds.pop()
        return await self.office.bank.capture(hold), self.model.post(
            self.now, self.now, ("bank", "wallet", amount)
        )

    async def wait(self) -> tuple[Answer, None]:
        if self.now < MONTHS[-1] + 1:
            self.office.goes_on_to(day(self.now + 1, 1))
        return Answer(200, b""), None

    async def check(self) -> None:
        """The trial balance at every month's end, as known after every step."""
        for known_at, known in self.known:
            for month in MONTHS:
                last = day(month + 1, 1).date() - timedelta(days=1)
                trial = await self.office.trial(last.isoformat(), known_at=known_at)
                totals = self.model.totals(month, known)
                lines = [line for asset in trial.assets for line in asset.lines]
                debits = sum(int(line.debits) for line in lines)
                assert debits == sum(int(line.credits) for line in lines)
                assert debits == sum(n for (_, side), n in totals.items() if side == "debit")
                by_type = {line.type: (int(line.debits), int(line.credits)) for line in lines}
                expected = {
                    kind: (totals[name, "debit"], totals[name, "credit"])
                    for name, kind in TYPES.items()
                    if totals[name, "debit"] or totals[name, "credit"]
                }
                assert by_type == expected
        await self._check_statements()
        assert (await self.office.bank.verify()).findings == []

    async def _check_statements(self) -> None:
        """Assets are liabilities and equity; closing entries leave what was earned as it was."""
        for month in MONTHS:
            last = day(month + 1, 1).date() - timedelta(days=1)
            sheets = await self.office.reports.balance_sheet(*self.office.key, At(last.isoformat()))
            for sheet in sheets.assets:
                owed = int(sheet.liabilities.total) + int(sheet.equity.total)
                assert int(sheet.assets.total) == owed
            span = FromTo(last.replace(day=1), last)
            found = (await self.office.reports.income_statement(*self.office.key, span)).assets
            earned = sum(int(statement.net_income) for statement in found)
            assert earned == self.model.earned(month)


async def test_a_book_does_as_its_model_does(
    slow_ledger: Ledger, database: Database, clock: ManualClock
) -> None:
    loop = asyncio.get_running_loop()
    start = clock.now()
    done: Counter[str] = Counter()

    async def check(told: list[tuple[Any, ...]]) -> None:
        clock.advance(seconds=int((start - clock.now()).total_seconds()))
        story = Story(await new_office(slow_ledger, database, clock))
        for step in told:
            await story.take(step)
        await story.check()
        done.update(story.done)

    @settings(
        max_examples=STORIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=10, max_size=20))
    def tell(told: list[tuple[Any, ...]]) -> None:
        asyncio.run_coroutine_threadsafe(check(told), loop).result(120)

    await asyncio.to_thread(tell)
    assert min(done["close"], done["reopen"], done["capture"]) > 0, done
