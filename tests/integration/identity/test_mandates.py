"""Mandates as relations: whoever may act for a bank account reads it while that lasts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.banking import HoldsMandate
from bezant.kernel.clock import ManualClock
from bezant.server.identity import Identity
from customers import CustomerBank, open_bank
from fixtures_api import Api, Tenant
from token_people import Person, person_of

READ = ("ledger:read",)


@pytest.fixture(scope="module")
async def bank(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant of these tests' own."""
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


async def party_of(tenant: Tenant) -> tuple[UUID, dict[str, Any]]:
    """A user, and the party that they are."""
    new = {"name": "Grace Hopper", "email": f"{uuid4()}@example.com"}
    user = (await tenant.create("/v1/users", new))["user"]
    party = await tenant.create(
        "/v1/parties",
        {"kind": "person", "legal_name": "Grace Hopper", "subject_id": user["subject_id"]},
    )
    linked = await tenant.post(f"/v1/parties/{party['id']}/user", {"user_id": user["id"]})
    assert linked.status_code == 200, linked.text
    return UUID(user["id"]), party


async def grant(bank: CustomerBank, account: str, party: dict[str, Any], **more: str) -> None:
    """Let a party act for an account."""
    mandate = {"party_id": party["id"], "role": "holder"} | more
    await bank.tenant.create(f"/v1/accounts/{account}/parties", mandate)


async def status(person: Person, bank: CustomerBank, account: str, end: str = "/balance") -> int:
    path = f"{bank.book_path}/accounts/accounts:{account}:EUR{end}"
    return (await person.get(path)).status_code


@pytest.mark.parametrize("role", ["holder", "signatory"])
async def test_who_may_act_reads_the_account_until_the_mandate_ends(
    api: Api, identity: Identity, bank: CustomerBank, role: str
) -> None:
    account, other = await bank.funded(), await bank.funded()
    user, party = await party_of(bank.tenant)
    person = await person_of(api, identity, bank.tenant, scopes=READ, user_id=user)
    assert await status(person, bank, account) == 403
    await grant(bank, account, party, role=role)
    assert await status(person, bank, account) == 200
    assert await status(person, bank, account, "/entries") == 200
    assert await status(person, bank, account, "/holders") == 403, "the bank's, not the customer's"
    assert await status(person, bank, other) == 403
    await grant(bank, account, (await party_of(bank.tenant))[1])
    ended = await bank.tenant.post(
        f"/v1/accounts/{account}/parties/{party['id']}/remove", {"role": role}
    )
    assert ended.status_code == 200, ended.text
    assert await status(person, bank, account) == 403
    await person.http.aclose()


async def test_a_power_of_attorney_opens_the_account_from_its_begin_to_its_end(
    bank: CustomerBank,
) -> None:
    account = await bank.funded()
    user, party = await party_of(bank.tenant)
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    end = begin + timedelta(days=1)
    _, holder = await party_of(bank.tenant)
    await grant(bank, account, holder)
    await grant(
        bank, account, party, role="attorney", on_behalf_of=holder["id"],
        valid_from=begin.isoformat(), valid_until=end.isoformat(),
    )  # fmt: skip
    names = {"book": bank.book, "account": f"accounts:{account}:EUR"}
    moment = timedelta(microseconds=1)

    async def stands(at: datetime) -> bool:
        relation = HoldsMandate(bank.tenant.database, ManualClock(at))
        return await relation.holds(bank.tenant.id, user, names)

    for at, expected in {
        begin - moment: False, begin: True, end - moment: True, end: False,
    }.items():  # fmt: skip
        assert await stands(at) is expected, at
    for suspended in (holder, party):
        path = f"/v1/parties/{suspended['id']}/assessments"
        found: dict[str, object] = {"verification": "standard", "risk": "low"}
        await bank.tenant.create(path, found | {"suspended": True})
        assert not await stands(begin)
        await bank.tenant.create(path, found)
        assert await stands(begin)
    path = f"/v1/accounts/{account}/parties/{holder['id']}/remove"
    await grant(bank, account, (await party_of(bank.tenant))[1])
    await bank.tenant.create(path, {"role": "holder"})
    assert not await stands(begin), "whose power it is holds it no more"


@pytest.mark.parametrize(
    "names",
    [
        {"account": "world"},
        {"account": "accounts:nonsense:EUR"},
        {"account": "accounts:{account}"},
        {"book": "nonsense"},
        {"book": str(uuid4())},
    ],
)
async def test_what_is_no_account_of_the_book_is_nobodys(
    bank: CustomerBank, names: dict[str, str]
) -> None:
    account = await bank.funded()
    user, party = await party_of(bank.tenant)
    await grant(bank, account, party)
    relation = HoldsMandate(bank.tenant.database, ManualClock(datetime.now(UTC)))
    right = {"book": bank.book, "account": f"accounts:{account}:EUR"}
    assert await relation.holds(bank.tenant.id, user, right)
    wrong = right | {name: value.format(account=account) for name, value in names.items()}
    assert not await relation.holds(bank.tenant.id, user, wrong)
    assert not await relation.holds(uuid4(), user, right)
    assert not await relation.holds(bank.tenant.id, uuid4(), right)
