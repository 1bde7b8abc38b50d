"""A transaction that was posted stays posted, whatever would become of it if it were new."""

from uuid import UUID

import pytest

from bezant.ledger import schemas
from bezant.ledger.schemas import AccountStatus
from fixtures_ledger import Bank

ID = UUID(int=7)


@pytest.mark.parametrize("reason", ["no funds", "a frozen account"])
async def test_a_repeat_under_another_key_is_told_of_what_stands(bank: Bank, reason: str) -> None:
    await bank.pay("world", "alice", 100)
    leg = bank.leg("alice", "world", 100)
    first = await bank.post(leg, id=ID)
    if reason == "a frozen account":
        await bank.change("alice", status=AccountStatus.FROZEN)
    again = await bank.post(leg, id=ID)
    assert (again.status, again.body) == (201, first.body)
    batch = schemas.NewBatch([schemas.BatchTransaction([leg], id=ID)])
    answer = await bank.ledger.post_batch(bank.call(), bank.book_id, batch)
    assert [item.status for item in answer.value(schemas.BatchResults).results] == [201]


async def test_another_transaction_under_an_id_is_told_that_the_id_is_taken(bank: Bank) -> None:
    """Not that it is short of funds: the client would ask again once it has some."""
    await bank.post(bank.leg("world", "alice", 100), id=ID)
    other = await bank.post(bank.leg("alice", "world", 101), id=ID)
    assert other.status == 409
    assert b"TRANSACTION_ID_REUSED" in other.body


async def test_a_dry_run_under_a_taken_id_is_told_so(bank: Bank) -> None:
    """As the transaction that it tries would be."""
    await bank.post(bank.leg("world", "alice", 100), id=ID)
    tried = await bank.post(bank.leg("world", "alice", 101), id=ID, dry_run=True)
    assert tried.status == 409
    assert b"TRANSACTION_ID_REUSED" in tried.body
    free = await bank.post(bank.leg("world", "alice", 101), id=UUID(int=8), dry_run=True)
    assert free.status == 200
