"""Holds and joint limits, when several processes want the same money at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from fixtures_ledger import Bank, code, new_bank, open_ledger

LIMIT = 100
PROCESSES = 3
SPENT = 60


@pytest.fixture
async def ledgers(database: Database, run_folder: Path) -> AsyncIterator[list[Ledger]]:
    """Three processes' ledgers."""
    async with AsyncExitStack() as running:
        yield [
            await running.enter_async_context(open_ledger(database, run_folder))
            for _ in range(PROCESSES)
        ]


@pytest.fixture
async def bank(ledgers: list[Ledger], database: Database) -> Bank:
    """A bank whose lane the first ledger holds; Alice and Bob may owe 100 together."""
    bank = await (await new_bank(ledgers[0], database)).create()
    await bank.open("world", schemas.AccountType.ASSET)
    family = schemas.NewLimitGroup(
        "family", "EUR", schemas.AccountType.LIABILITY, schemas.Limits(overdraft=str(LIMIT))
    )
    assert (await bank.ledger.open_limit_group(bank.call(), bank.book_id, family)).status == 201
    for name in ("alice", "bob"):
        kind = schemas.AccountType.LIABILITY
        member = schemas.NewAccount(name, "EUR", kind, limit_group="family")
        assert (await bank.ledger.open_account(bank.call(), bank.book_id, member)).status == 201
    return bank


def codes(answers: list[Answer]) -> list[str]:
    """The refusals among answers."""
    return sorted(code(answer) for answer in answers if answer.is_refusal)


@pytest.mark.parametrize("release", [False, True])
async def test_of_captures_of_one_hold_from_several_processes_one_wins(
    bank: Bank, ledgers: list[Ledger], *, release: bool
) -> None:
    for _ in range(10):
        hold = await bank.reserve("world", "alice", SPENT)
        before = await bank.posted("alice")
        asked = schemas.CaptureOfHold(str(SPENT) if not release else "1", release)
        answers = await asyncio.gather(
            *(ledger.capture_hold(bank.call(), bank.book_id, hold, asked) for ledger in ledgers)
        )
        assert codes(answers) == ["HOLD_NOT_OPEN"] * (PROCESSES - 1)
        assert await bank.posted("alice") == before + (1 if release else SPENT)
    assert (await bank.verify()).findings == []


async def test_a_capture_and_a_void_from_two_processes_do_not_both_have_the_money(
    bank: Bank, ledgers: list[Ledger]
) -> None:
    won = set()
    for number in range(20):
        hold = await bank.reserve("world", "alice", SPENT)
        before = await bank.posted("alice")
        capture = ledgers[1].capture_hold(bank.call(), bank.book_id, hold, schemas.CaptureOfHold())
        void = ledgers[2].void_hold(bank.call(), bank.book_id, hold, schemas.VoidOfHold())
        both = [capture, void] if number % 2 else [void, capture]
        answers = await asyncio.gather(*both)
        assert codes(answers) == ["HOLD_NOT_OPEN"]
        state = (await bank.hold(hold)).state
        won.add(state)
        is_captured = state is schemas.HoldState.CAPTURED
        assert await bank.posted("alice") == before + (SPENT if is_captured else 0)
    assert won == {schemas.HoldState.CAPTURED, schemas.HoldState.VOIDED}
    assert (await bank.verify()).findings == []


async def spend_at_once(bank: Bank, ledgers: list[Ledger]) -> list[str]:
    """Alice and Bob spend what both may owe together but not each; the refusals."""
    answers = await asyncio.gather(
        *(
            ledger.post(
                bank.call(),
                bank.book_id,
                schemas.NewTransaction([bank.leg(name, "world", SPENT)]),
            )
            for ledger, name in zip(ledgers, ("alice", "bob"), strict=False)
        )
    )
    return codes(answers)


async def test_a_joint_limit_holds_against_spending_from_two_processes(
    bank: Bank, ledgers: list[Ledger]
) -> None:
    """Write skew: each alone is within the limit, and touches an account of its own."""
    assert await spend_at_once(bank, ledgers) == ["OVERDRAFT_EXCEEDED"]
    assert await bank.posted("alice") + await bank.posted("bob") == -SPENT
    assert (await bank.verify()).findings == []


async def test_without_one_lane_for_both_the_joint_limit_is_broken(
    bank: Bank, ledgers: list[Ledger]
) -> None:
    """The control: a second writer, which remembers the sums as they were before the first."""
    assert not (await bank.pay("alice", "world", 1)).is_refusal
    await ledgers[0]._lanes._server.close()
    bank.ledger = ledgers[1]
    assert not (await bank.pay("bob", "world", SPENT)).is_refusal
    stale, newest = (each._lanes._lanes[bank.tenant_id, bank.book_id] for each in ledgers[:2])
    stale._book.head = newest._book.head
    bank.ledger = ledgers[0]
    assert not (await bank.pay("alice", "world", SPENT)).is_refusal
    assert await bank.posted("alice") + await bank.posted("bob") < -LIMIT
    assert (await bank.verify()).findings


@pytest.mark.parametrize("level", ["READ COMMITTED", "SERIALIZABLE"])
async def test_balances_checked_in_sql_break_a_joint_limit_only_below_serializable(
    bank: Bank, database: Database, level: str
) -> None:
    """The other control: the same check and the same write, without a lane, in two sessions."""
    sums = (
        "SELECT sum(b.debits_posted) FROM balance b JOIN account a ON a.tenant_id = b.tenant_id"
        " AND a.book_id = b.book_id AND a.account_no = b.account_no WHERE a.tenant_id = $1"
        " AND a.book_id = $2 AND a.limit_group = 'family'"
    )
    spend = (
        "UPDATE balance SET debits_posted = debits_posted + $3 WHERE tenant_id = $1"
        " AND book_id = $2 AND account_no = (SELECT account_no FROM account"
        " WHERE tenant_id = $1 AND book_id = $2 AND account_id = $4)"
    )
    key = bank.tenant_id, bank.book_id
    async with database.connection() as one, database.connection() as other:
        for session in (one, other):
            await session.execute(f"BEGIN ISOLATION LEVEL {level}")
            assert await session.fetchval(sums, *key) + SPENT <= LIMIT
        outcomes = []
        for session, name in ((one, "alice"), (other, "bob")):
            try:
                await session.execute(spend, *key, SPENT, name)
                await session.execute("COMMIT")
            except asyncpg.SerializationError:
                await session.execute("ROLLBACK")
                outcomes.append("aborted")
            else:
                outcomes.append("committed")
    assert ("aborted" in outcomes) is (level == "SERIALIZABLE")
    row = await database.fetchrow(sums, *key)
    assert row is not None
    assert (row["sum"] > LIMIT) is (level == "READ COMMITTED")
