"""What a client can rely on when accounts share a limit."""

import asyncio
from pathlib import Path

import pytest

from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.ledger import schemas
from bezant.ledger.errors import LimitGroupNotFound
from fixtures_ledger import Bank, code, open_ledger

LIABILITY = schemas.AccountType.LIABILITY


async def open_group(bank: Bank, name: str = "ann", **limits: str) -> Answer:
    new = schemas.NewLimitGroup(name, "EUR", LIABILITY, schemas.Limits(**limits))
    return await bank.ledger.open_limit_group(bank.call(), bank.book_id, new)


async def open_member(bank: Bank, name: str, group: str | None = "ann", **limits: str) -> Answer:
    new = schemas.NewAccount(name, "EUR", LIABILITY, schemas.Limits(**limits), limit_group=group)
    return await bank.ledger.open_account(bank.call(), bank.book_id, new)


async def found(bank: Bank, name: str = "ann") -> schemas.LimitGroup:
    return await bank.ledger.limit_group(bank.tenant_id, bank.book_id, name)


@pytest.fixture
async def pair(bank: Bank) -> Bank:
    """Two accounts that may each be overdrawn, together by no more than 100."""
    await open_group(bank, overdraft="100")
    await open_member(bank, "ann:current", overdraft="80")
    await open_member(bank, "ann:savings")
    return bank


async def test_accounts_share_what_their_group_allows(pair: Bank) -> None:
    assert (await pair.pay("ann:current", "world", 80)).status == 201
    refused = await pair.pay("ann:savings", "world", 21)
    assert code(refused) == "OVERDRAFT_EXCEEDED"
    assert b'"limit_group":"ann"' in refused.body
    assert (await pair.pay("ann:savings", "world", 20)).status == 201
    assert (await found(pair)).available == "-100"
    assert (await pair.pay("world", "ann:savings", 50)).status == 201
    assert (await found(pair)).posted == "-50"


async def test_an_accounts_own_limit_holds_within_its_group(pair: Bank) -> None:
    refused = await pair.pay("ann:current", "world", 81)
    assert b'"account":"ann:current"' in refused.body


async def test_money_within_the_group_changes_nothing_of_it(pair: Bank) -> None:
    await pair.pay("ann:savings", "world", 100)
    assert (await pair.pay("ann:current", "ann:savings", 80)).status == 201
    assert (await found(pair)).posted == "-100"


async def test_what_is_reserved_counts(pair: Bank) -> None:
    hold = await pair.reserve("ann:savings", "world", 90)
    assert code(await pair.pay("ann:current", "world", 11)) == "OVERDRAFT_EXCEEDED"
    await pair.void(hold)
    assert (await pair.pay("ann:current", "world", 11)).status == 201


async def test_a_group_may_bound_what_is_held_together(bank: Bank) -> None:
    await open_group(bank, maximum="100")
    await open_member(bank, "a")
    await open_member(bank, "b")
    await bank.pay("world", "a", 60)
    assert code(await bank.pay("world", "b", 41)) == "MAXIMUM_EXCEEDED"


async def test_an_account_joins_with_what_it_has_and_leaves_with_it(pair: Bank) -> None:
    await pair.pay("world", "alice", 30)
    joined = await pair.change("alice", limit_group="ann")
    assert joined.value(schemas.Account).limit_group == "ann"
    assert (await found(pair)).posted == "30"
    await pair.pay("ann:savings", "world", 130)
    left = await pair.change("alice", limit_group=None)
    assert code(left) == "LIMITS_BROKEN"
    await pair.pay("world", "ann:savings", 60)
    assert (await pair.change("alice", limit_group=None)).status == 200
    assert (await found(pair)).posted == "-70"


async def test_a_group_changes_its_limits_only_as_its_balances_allow(pair: Bank) -> None:
    await pair.pay("ann:savings", "world", 60)

    async def change(overdraft: str) -> Answer:
        return await pair.ledger.change_limit_group(
            pair.call(),
            pair.book_id,
            "ann",
            schemas.LimitGroupChange(schemas.Limits(overdraft=overdraft)),
        )

    assert code(await change("59")) == "LIMITS_BROKEN"
    changed = (await change("60")).value(schemas.LimitGroup)
    assert changed.limits.overdraft == "60"
    assert code(await pair.pay("ann:savings", "world", 1)) == "OVERDRAFT_EXCEEDED"


async def test_a_group_is_for_accounts_that_fit(pair: Bank) -> None:
    new = schemas.NewAccount("till", "EUR", schemas.AccountType.ASSET, limit_group="ann")
    refused = await pair.ledger.open_account(pair.call(), pair.book_id, new)
    assert code(refused) == "LIMIT_GROUP_MISMATCH"
    assert code(await open_member(pair, "x", "nobody")) == "UNKNOWN_LIMIT_GROUP"
    assert code(await open_group(pair, overdraft="5")) == "LIMIT_GROUP_EXISTS"
    with pytest.raises(LimitGroupNotFound):
        await found(pair, "nobody")


async def test_two_processes_never_skew_a_joint_limit(
    pair: Bank, database: Database, run_folder: Path
) -> None:
    """Each would see room for its own account; both together there is none."""
    async with open_ledger(database, run_folder) as other:
        rival = Bank(other, database, pair.tenant_id, pair.book_id)
        for _ in range(5):
            answers = await asyncio.gather(
                *(
                    teller.pay(account, "world", 60)
                    for teller, account in ((pair, "ann:current"), (rival, "ann:savings"))
                )
            )
            assert sorted(answer.status for answer in answers) == [201, 422]
            await pair.pay("world", "ann:savings", 60)
            if await pair.posted("ann:current") < 0:
                await pair.pay("ann:savings", "ann:current", 60)
