"""What a client can rely on when it moves as much as there is."""

from uuid import uuid4

import pytest

from bezant.ledger import schemas
from fixtures_ledger import Bank, code

DEBIT, CREDIT, BOTH = schemas.Side


async def moved(bank: Bank, leg: schemas.Posting) -> int:
    answer = await bank.post(leg)
    return int(answer.value(schemas.PostedTransaction).postings[0].amount)


async def test_a_balancing_debit_takes_what_is_available_and_no_more(bank: Bank) -> None:
    await bank.pay("world", "alice", 70)
    await bank.reserve("alice", "world", 20)
    assert await moved(bank, bank.leg("alice", "world", 30, balancing=DEBIT)) == 30
    assert await moved(bank, bank.leg("alice", "world", 30, balancing=DEBIT)) == 20
    assert await moved(bank, bank.leg("alice", "world", 30, balancing=DEBIT)) == 0


async def test_a_balancing_credit_fills_what_is_owed(bank: Bank) -> None:
    await bank.open("loan", schemas.AccountType.ASSET)
    await bank.pay("loan", "alice", 50)
    await bank.pay("world", "alice", 100)
    assert await moved(bank, bank.leg("alice", "loan", 80, balancing=CREDIT)) == 50
    assert await bank.posted("loan") == 0


async def test_both_sides_bound_what_moves(bank: Bank) -> None:
    await bank.open("loan", schemas.AccountType.ASSET)
    await bank.pay("loan", "world", 50)
    await bank.pay("world", "alice", 30)
    assert await moved(bank, bank.leg("alice", "loan", 80, balancing=BOTH)) == 30


async def test_a_minimum_stays(bank: Bank) -> None:
    await bank.open("pot", minimum="0")
    await bank.pay("world", "pot", 100)
    await bank.change("pot", limits=schemas.Limits(minimum="40"))
    assert await moved(bank, bank.leg("pot", "world", 100, balancing=DEBIT)) == 60


async def test_an_overdraft_is_not_drawn_by_balancing(bank: Bank) -> None:
    await bank.open("credit-line", overdraft="500")
    assert await moved(bank, bank.leg("credit-line", "world", 100, balancing=DEBIT)) == 0


async def test_as_much_as_there_is_can_be_reserved(bank: Bank) -> None:
    await bank.pay("world", "alice", 70)
    hold = await bank.reserve("alice", "world", 1_000, balancing=DEBIT)
    assert (await bank.hold(hold)).amount == "70"


@pytest.mark.parametrize(("asked", "same"), [("30", True), ("70", True), ("20", False)])
async def test_a_repeat_of_a_balancing_posting_asks_for_at_least_what_moved(
    bank: Bank,
    asked: str,
    same: bool,  # noqa: FBT001 - a table of cases
) -> None:
    await bank.pay("world", "alice", 30)
    name = uuid4()
    first = await bank.post(bank.leg("alice", "world", 50, balancing=DEBIT), id=name)
    again = await bank.post(bank.leg("alice", "world", asked, balancing=DEBIT), id=name)
    assert (again.body == first.body) is same
    if not same:
        assert code(again) == "TRANSACTION_ID_REUSED"
