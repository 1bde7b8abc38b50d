"""Whatever was booked, and whenever: statements join each other, and stay what they were."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.history import Axis
from bezant.ledger.statements.schemas import Statement, StatementEntry
from fixtures_ledger import Bank, new_bank
from tellers import Teller

if TYPE_CHECKING:
    from uuid import UUID

BOOKS = 10
FIRST = date(2026, 3, 1)
NAMES = ["world", "alice", "costs"]
ZONES = ["UTC", "Pacific/Auckland", "America/New_York"]

days = st.integers(0, 12).map(lambda number: FIRST + timedelta(days=number))


@dataclass(frozen=True)
class Step:
    """One request: a posting of some kind, or what becomes of the hold before."""

    what: str
    pair: tuple[str, str]
    amount: int
    booked: date
    valued: date
    hour: int


steps = st.builds(
    Step,
    what=st.sampled_from(["post", "post", "post", "reserve", "capture", "part", "void"]),
    pair=st.permutations(NAMES).map(lambda names: (names[0], names[1])),
    amount=st.integers(1, 10**6) | st.integers(2**90, 2**100),
    booked=days,
    valued=days,
    hour=st.integers(0, 23),
)


class Story:
    """Tells a book by steps."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._holds: list[UUID] = []

    async def tell(self, step: Step) -> None:
        more: dict[str, Any] = {"booking_date": step.booked, "value_date": step.valued}
        at = datetime.combine(step.booked, time(step.hour), UTC)
        leg = self._bank.leg(*step.pair, step.amount, code=step.what, **more)
        match step.what:
            case "post":
                answer = await self._bank.post(leg, effective_at=at)
                assert not answer.is_refusal
            case "reserve":
                self._holds.append(await self._bank.reserve(*step.pair, step.amount, **more))
            case "capture" | "part" if self._holds:
                await self._bank.capture(
                    self._holds[-1], None if step.what == "capture" else 1
                )  # refused where nothing is left of it
            case "void" if self._holds:
                await self._bank.void(self._holds.pop())


def moved(statement: Statement, entries: list[StatementEntry]) -> int:
    is_debit_normal = statement.type in {schemas.AccountType.ASSET, schemas.AccountType.EXPENSE}
    return sum(
        int(entry.amount) if (entry.direction == "debit") == is_debit_normal else -int(entry.amount)
        for entry in entries
    )


async def check_joined(teller: Teller, account: str, axis: Axis, cut: date, limit: int) -> None:
    """Two periods that follow each other, and the one that they make together."""
    end = date(2062, 1, 1)  # captures are booked now, whenever that is
    before, early = await teller.whole(
        teller.asked(account, FIRST - timedelta(days=3), cut, axis), limit=limit
    )
    known = before.known_at
    after, late = await teller.whole(
        teller.asked(account, cut + timedelta(days=1), end, axis, known), limit=limit
    )
    both, all_ = await teller.whole(
        teller.asked(account, FIRST - timedelta(days=3), end, axis, known), limit=100
    )
    assert before.known_seq == after.known_seq == both.known_seq
    assert before.closing == after.opening
    assert (both.opening, both.closing) == (before.opening, after.closing)
    assert all_ == early + late
    for statement, entries in ((before, early), (after, late), (both, all_)):
        closing = int(statement.opening.balance) + moved(statement, entries)
        assert closing == int(statement.closing.balance)
        assert [entry.balance for entry in entries][-1:] in ([], [statement.closing.balance])
        assert statement.totals is not None
        assert statement.totals.debit_count + statement.totals.credit_count == len(entries)
    balance = await teller.bank.balance(account)
    assert both.closing.balance == balance.posted
    assert both.closing.pending_debits == balance.pending_debits
    assert both.closing.pending_credits == balance.pending_credits
    _, pending = await teller.whole(
        teller.asked(account, FIRST - timedelta(days=3), end, axis, known), section="pending"
    )
    for side, total in (("debit", balance.pending_debits), ("credit", balance.pending_credits)):
        reserved = sum(
            int(entry.amount) if entry.kind == "pending" else -int(entry.amount)
            for entry in pending
            if entry.direction == side
        )
        assert reserved == int(total)


async def tell_books(
    ledger: Ledger,
    database: Database,
    check: Callable[[Bank, list[Step], date, int], Any],
) -> None:
    loop = asyncio.get_running_loop()

    async def open_and_check(zone: str, story: list[Step], cut: date, limit: int) -> None:
        bank = await (await new_bank(ledger, database)).create(time_zone=zone)
        await bank.open("world", schemas.AccountType.ASSET)
        await bank.open("alice")
        await bank.open("costs", schemas.AccountType.EXPENSE)
        await check(bank, story, cut, limit)

    @settings(
        max_examples=BOOKS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(ZONES),
        st.lists(steps, min_size=1, max_size=12),
        days,
        st.integers(1, 4),
    )
    def tell(zone: str, story: list[Step], cut: date, limit: int) -> None:
        told = open_and_check(zone, story, cut, limit)
        asyncio.run_coroutine_threadsafe(told, loop).result()

    await asyncio.to_thread(tell)


async def test_adjacent_statements_join_on_every_axis(ledger: Ledger, database: Database) -> None:
    async def check(bank: Bank, story: list[Step], cut: date, limit: int) -> None:
        author, teller = Story(bank), Teller(bank)
        for step in story:
            await author.tell(step)
        for account in NAMES:
            for axis in Axis:
                await check_joined(teller, account, axis, cut, limit)

    await tell_books(ledger, database, check)


async def test_what_was_known_never_changes(ledger: Ledger, database: Database) -> None:
    async def check(bank: Bank, story: list[Step], cut: date, limit: int) -> None:
        author, teller = Story(bank), Teller(bank)
        half = len(story) // 2
        for step in story[:half]:
            await author.tell(step)
        asked = [teller.asked("alice", FIRST, cut, axis) for axis in Axis]
        stated = [await teller.whole(each, limit=limit) for each in asked]
        printed = [await teller.file(each, "csv") for each in asked]
        pdf = await teller.file(asked[0], "pdf")
        for step in story[half:]:
            await author.tell(step)  # dated like those before: late truth
        frozen = [
            teller.asked("alice", FIRST, cut, axis, first.known_at)
            for axis, (first, _) in zip(Axis, stated, strict=True)
        ]
        assert [await teller.whole(each, limit=limit) for each in frozen] == stated
        assert [await teller.file(each, "csv") for each in frozen] == printed
        assert await teller.file(frozen[0], "pdf") == pdf

    await tell_books(ledger, database, check)
