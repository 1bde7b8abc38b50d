"""What a client can rely on when items of a batch are linked, and when an id was refused."""

from pathlib import Path
from uuid import UUID, uuid4

from bezant.kernel.database import Database
from bezant.ledger import schemas
from fixtures_ledger import Bank, code, new_bank, open_ledger


def item(
    bank: Bank, debit: str, credit: str, amount: int, *, linked: bool = False
) -> schemas.BatchTransaction:
    postings = [bank.leg(debit, credit, amount)]
    return schemas.BatchTransaction(id=uuid4(), postings=postings, linked=linked)


async def test_a_chain_stands_as_a_whole(bank: Bank) -> None:
    await bank.open("bob", overdraft="0")
    results = await bank.batch(
        item(bank, "world", "alice", 10, linked=True),
        item(bank, "alice", "bob", 10, linked=True),
        item(bank, "bob", "world", 10),
    )
    assert [result.status for result in results] == [201, 201, 201]


async def test_a_chain_falls_as_a_whole_and_others_stand(bank: Bank) -> None:
    results = await bank.batch(
        item(bank, "world", "alice", 1),
        item(bank, "world", "alice", 10, linked=True),
        item(bank, "alice", "world", 12, linked=True),
        item(bank, "world", "alice", 100),
        item(bank, "alice", "world", 1),
    )
    assert [(result.status, result.code) for result in results] == [
        (201, None),
        (422, "CHAIN_FAILED"),
        (422, "OVERDRAFT_EXCEEDED"),
        (422, "CHAIN_FAILED"),
        (201, None),
    ]
    assert await bank.posted("alice") == 0


async def test_each_link_is_judged_after_the_one_before(bank: Bank) -> None:
    """Within a transaction limits judge the net effect; within a chain each item by itself."""
    out, back = bank.leg("alice", "world", 5), bank.leg("world", "alice", 5)
    assert (await bank.post(out, back)).status == 201
    results = await bank.batch(
        schemas.BatchTransaction(id=uuid4(), postings=[out], linked=True),
        schemas.BatchTransaction(id=uuid4(), postings=[back]),
    )
    assert [result.code for result in results] == ["OVERDRAFT_EXCEEDED", "CHAIN_FAILED"]


async def test_a_chain_without_an_end_is_refused(bank: Bank) -> None:
    results = await bank.batch(
        item(bank, "world", "alice", 10, linked=True), item(bank, "world", "alice", 10, linked=True)
    )
    assert [result.code for result in results] == ["CHAIN_FAILED", "CHAIN_OPEN"]
    assert await bank.posted("alice") == 0


async def test_a_chain_that_stands_is_answered_as_before(bank: Bank) -> None:
    chain = [item(bank, "world", "alice", 10, linked=True), item(bank, "alice", "world", 10)]
    first = await bank.batch(*chain)
    again = await bank.batch(*chain)
    assert [result.status for result in again] == [result.status for result in first] == [201, 201]
    assert [result.stood_before for result in again] == [True, True]
    assert (await bank.balance("alice")).version == 2


async def test_accounts_are_opened_in_batches_and_chains(bank: Bank) -> None:
    def account(name: str, *, linked: bool = False) -> schemas.BatchAccount:
        kind = schemas.AccountType.LIABILITY
        return schemas.BatchAccount(id=name, asset="EUR", type=kind, linked=linked)

    new = schemas.NewAccounts(
        [
            account("one"),
            account("two", linked=True),
            account("alice"),
            account("three", linked=True),
            account("four"),
        ]
    )
    answer = await bank.ledger.open_accounts(bank.call(), bank.book_id, new)
    results = answer.value(schemas.AccountResults).results
    assert [(result.id, result.status, result.code) for result in results] == [
        ("one", 201, None),
        ("two", 422, "CHAIN_FAILED"),
        ("alice", 409, "ACCOUNT_EXISTS"),
        ("three", 201, None),
        ("four", 201, None),
    ]
    accounts = await bank.ledger.accounts(bank.tenant_id, bank.book_id, after="e", limit=10)
    assert [found.id for found in accounts.accounts if not found.id.endswith(":EUR")] == [
        "four",
        "one",
        "three",
        "world",
    ]


async def test_an_id_that_was_refused_stays_refused(bank: Bank) -> None:
    """Who sends it again, not knowing the answer, must not find it posted."""
    name = uuid4()
    leg = bank.leg("alice", "world", 5)
    assert code(await bank.post(leg, id=name)) == "OVERDRAFT_EXCEEDED"
    await bank.pay("world", "alice", 100)
    refused = await bank.post(leg, id=name)
    assert (refused.status, code(refused)) == (409, "TRANSACTION_ID_REFUSED")
    assert b'"reason":"OVERDRAFT_EXCEEDED"' in refused.body
    results = await bank.batch(schemas.BatchTransaction(id=name, postings=[leg]))
    assert results[0].code == "TRANSACTION_ID_REFUSED"
    assert (await bank.post(leg, id=uuid4())).status == 201


async def test_a_refused_id_is_known_to_the_next_holder_of_the_lane(
    database: Database, run_folder: Path
) -> None:
    name = uuid4()
    async with open_ledger(database, run_folder) as first:
        bank = await (await new_bank(first, database)).create()
        await bank.open("world")
        await bank.open("alice", overdraft="0")
        leg = bank.leg("alice", "world", 5)
        assert code(await bank.post(leg, id=name)) == "OVERDRAFT_EXCEEDED"
    async with open_ledger(database, run_folder) as bank.ledger:
        await bank.pay("world", "alice", 100)
        assert code(await bank.post(leg, id=name)) == "TRANSACTION_ID_REFUSED"


async def test_what_can_never_be_posted_does_not_use_up_its_id(bank: Bank) -> None:
    name = uuid4()
    assert code(await bank.post(bank.leg("alice", "alice", 5), id=name)) == "SAME_ACCOUNT"
    assert (await bank.post(bank.leg("world", "alice", 5), id=name)).status == 201


async def test_a_transaction_that_stands_is_found_though_it_would_be_refused_now(
    bank: Bank,
) -> None:
    name: UUID = uuid4()
    await bank.pay("world", "alice", 5)
    leg = bank.leg("alice", "world", 5)
    first = await bank.post(leg, id=name)
    again = await bank.post(leg, id=name)
    assert again.body == first.body
    assert (await bank.batch(schemas.BatchTransaction(id=name, postings=[leg])))[0].stood_before
