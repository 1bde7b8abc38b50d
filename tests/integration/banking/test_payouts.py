"""What is left when an account is closed goes to its holders, or like a payment to others."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from customers import CustomerBank, new_party, open_bank
from fixtures_api import Api, fresh_key

DONE = (200, "closed")
LEFT = 10_000


@pytest.fixture(scope="module")
async def bank(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant for this module."""
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


@dataclass
class Leaving:
    """An account with money that two hold, of which all payments need both."""

    bank: CustomerBank
    account: str
    holders: list[str]

    async def held(self, *holders: str) -> str:
        """An account of somebody's."""
        account = str((await self.bank.open())["id"])
        await hold(self.bank, account, *holders)
        return account

    async def put(self, path: str, body: object) -> None:
        """Set rules or limits."""
        answer = await self.bank.tenant.client.put(path, json=body, headers=fresh_key())
        assert answer.status_code == 200, answer.text

    async def close(self, payout_to: str, *signed_by: str) -> tuple[int, str]:
        """Ask for it to be closed."""
        closing = {"reason": "customer_left", "payout_to": payout_to, "signed_by": signed_by}
        answer = await self.bank.tenant.post(f"/v1/accounts/{self.account}/close", closing)
        told = answer.json()
        if answer.status_code == 200:
            assert told["paid_out"]["EUR"] == str(LEFT)
            assert (await self.bank.balance(payout_to))["booked"] == str(LEFT)
        return answer.status_code, told.get("code") or told["account"]["status"]


async def hold(bank: CustomerBank, account: str, *holders: str) -> None:
    for party in holders:
        holder = {"party_id": party, "role": "holder"}
        await bank.tenant.create(f"/v1/accounts/{account}/parties", holder)


@pytest.fixture
async def leaving(bank: CustomerBank) -> Leaving:
    holders = [await new_party(bank.tenant) for _ in range(2)]
    found = Leaving(bank, await bank.funded(LEFT), holders)
    await hold(bank, found.account, *holders)
    rules = {"bands": [{"asset": "EUR", "signatures": 2}]}
    await found.put(f"/v1/accounts/{found.account}/signing-rules", rules)
    return found


async def test_what_stays_with_the_same_holders_needs_nobody_elses_word(leaving: Leaving) -> None:
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "0"}]}
    await leaving.put(f"/v1/accounts/{leaving.account}/limits", limits)
    assert await leaving.close(await leaving.held(*reversed(leaving.holders))) == DONE


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's", "one holder's", "more people's"])
async def test_what_goes_to_others_needs_the_signatures_of_a_payment(
    leaving: Leaving, whose: str
) -> None:
    one, other = leaving.holders
    stranger = await new_party(leaving.bank.tenant)
    holders = {
        "nobody's": [],
        "a stranger's": [stranger],
        "one holder's": [one],
        "more people's": [one, other, stranger],
    }
    payee = await leaving.held(*holders[whose])
    assert await leaving.close(payee) == (422, "SIGNATURES_NEEDED")
    assert await leaving.close(payee, one) == (422, "SIGNATURES_NEEDED")
    assert await leaving.close(payee, one, stranger) == (422, "MAY_NOT_ACT")
    assert await leaving.close(payee, one, one) == (409, "ALREADY_APPROVED_BY_PARTY")
    assert (await leaving.bank.balance(leaving.account))["booked"] == str(LEFT)
    assert await leaving.close(payee, one, other) == DONE
    database, tenant_id = leaving.bank.tenant.database, leaving.bank.tenant.id
    rows = await database.fetch(
        "SELECT party_id, approved_by FROM order_approval WHERE tenant_id = $1 AND account_id = $2",
        tenant_id,
        UUID(leaving.account),
    )
    assert {str(row["party_id"]) for row in rows} == {one, other}
    assert all(row["approved_by"].startswith("key:") for row in rows)


async def test_what_goes_to_others_spends_of_limits(leaving: Leaving) -> None:
    payee = await leaving.held(await new_party(leaving.bank.tenant))
    own = f"/v1/accounts/{leaving.account}/limits/at-once"
    of_one = f"/v1/parties/{leaving.holders[0]}/limits"
    day = {"asset": "EUR", "window": "day", "amount": str(LEFT - 1)}
    await leaving.put(own, {"limits": [day]})
    assert await leaving.close(payee, *leaving.holders) == (422, "LIMIT_EXCEEDED")
    await leaving.put(own, {"limits": []})
    await leaving.put(of_one, {"limits": [day]})
    rules = f"/v1/accounts/{leaving.account}/signing-rules"
    await leaving.put(rules, {"bands": []})
    assert await leaving.close(payee) == (422, "ORDERING_PARTY_NEEDED")
    assert await leaving.close(payee, leaving.holders[0]) == (422, "LIMIT_EXCEEDED")
    assert await leaving.close(payee, leaving.holders[1]) == DONE


async def test_who_is_paid_out_to_is_a_counterparty(leaving: Leaving) -> None:
    payee = await leaving.held(await new_party(leaving.bank.tenant))
    few = {"limits": [{"asset": "EUR", "window": "day", "counterparties": 0}]}
    await leaving.put(f"/v1/parties/{leaving.holders[0]}/limits", few)
    assert await leaving.close(payee, *leaving.holders) == (422, "LIMIT_EXCEEDED")
    assert await leaving.close(payee, *reversed(leaving.holders)) == DONE
