"""Mandates and signing rules over the API: given, ended, and judged in the lane."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from bezant.banking.mandates import store
from bezant.banking.terms.signing import MandateRole
from bezant.kernel.database import Database
from customers import CustomerBank, new_party, open_bank
from fixtures_api import Api, Tenant, fresh_key


@pytest.fixture(scope="module")
async def customers(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant for this module."""
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


async def give(customers: CustomerBank, account: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - members by name
    body = {"role": "holder"} | more
    if "party_id" not in body:
        body["party_id"] = await new_party(customers.tenant)
    return await customers.tenant.post(f"/v1/accounts/{account}/parties", body)


async def rules(customers: CustomerBank, account: str, *bands: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    path = f"/v1/accounts/{account}/signing-rules"
    return await customers.tenant.client.put(path, json={"bands": bands}, headers=fresh_key())


async def parties(customers: CustomerBank, account: str) -> list[dict[str, Any]]:
    answer = await customers.tenant.client.get(f"/v1/accounts/{account}/parties")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["parties"]
    return found


async def test_a_mandate_is_given_listed_and_ended(customers: CustomerBank) -> None:
    account = await customers.funded()
    other = (await give(customers, account)).json()
    given = (await give(customers, account)).json()
    assert given["valid_until"] is None
    assert await parties(customers, account) == [other, given]
    path = f"/v1/accounts/{account}/parties/{given['party_id']}/remove"
    ended = await customers.tenant.create(path, {"role": "holder"})
    assert ended["valid_from"] == given["valid_from"]
    assert ended["valid_until"] > given["valid_from"]
    assert await parties(customers, account) == [other, ended]
    again = await customers.tenant.post(path, {"role": "holder"})
    assert (again.status_code, again.json()["code"]) == (404, "MANDATE_NOT_FOUND")
    unknown = await customers.tenant.post(path, {"role": "attorney"})
    assert unknown.status_code == 404
    anew = (await give(customers, account, party_id=given["party_id"])).json()
    assert await parties(customers, account) == [other, anew]


async def test_an_account_that_is_open_is_somebodys(customers: CustomerBank) -> None:
    tenant, account = customers.tenant, (await customers.open())["id"]
    path, tomorrow = f"/v1/accounts/{account}/parties", datetime.now(UTC) + timedelta(days=1)
    holder = (await give(customers, account)).json()["party_id"]
    await give(customers, account, role="signatory")
    await give(customers, account, valid_from=tomorrow.isoformat())
    remove = f"{path}/{holder}/remove"
    refused = [
        await tenant.post(remove, {"role": "holder"}),
        await give(customers, account, party_id=holder, valid_from=tomorrow.isoformat()),
    ]
    told = [(answer.status_code, answer.json()["code"]) for answer in refused]
    assert told == [(409, "LAST_HOLDER")] * 2
    both = [holder, (await give(customers, account)).json()["party_id"]]
    answers = await asyncio.gather(
        *(tenant.post(f"{path}/{party}/remove", {"role": "holder"}) for party in both)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    closed = {"status": "closed", "reason": "customer_left"}
    await tenant.create(f"/v1/accounts/{account}/status", closed)
    [left] = [
        party for party, answer in zip(both, answers, strict=True) if answer.status_code == 409
    ]
    await tenant.create(f"{path}/{left}/remove", {"role": "holder"})


async def test_an_account_is_opened_once_somebody_holds_it(customers: CustomerBank) -> None:
    tenant, account = customers.tenant, (await customers.open(opening=True))["id"]
    path, active = f"/v1/accounts/{account}/status", {"status": "active", "reason": "complete"}
    await give(customers, account, role="signatory")
    refused = await tenant.post(path, active)
    assert (refused.status_code, refused.json()["code"]) == (422, "HOLDER_NEEDED")
    holder = (await give(customers, account)).json()["party_id"]
    await tenant.create(f"/v1/accounts/{account}/parties/{holder}/remove", {"role": "holder"})
    assert (await tenant.post(path, active)).status_code == 422
    await give(customers, account)
    assert (await tenant.create(path, active))["status"] == "active"


async def test_a_mandate_is_a_partys_that_is_known(
    api: Api, customers: CustomerBank, vault_databases: tuple[Database, Database]
) -> None:
    account, erased = await customers.funded(), await new_party(customers.tenant)
    await vault_databases[0].transaction(
        lambda connection: connection.execute(
            "UPDATE party SET status = 'erased' WHERE tenant_id = $1 AND party_id = $2",
            customers.tenant.id,
            UUID(erased),
        )
    )
    async with api.tenant() as other:
        for party in (str(uuid4()), erased, await new_party(other)):
            answer = await give(customers, account, party_id=party)
            assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_PARTY")
    assert await parties(customers, account) == []


@pytest.mark.parametrize("of_whom", ["account", "party"])
async def test_the_database_holds_mandates_to_accounts_and_parties(
    api: Api, customers: CustomerBank, of_whom: str
) -> None:
    account, party = UUID(await customers.funded()), UUID(await new_party(customers.tenant))
    names = (uuid4(), party) if of_whom == "account" else (account, uuid4())
    begin = end = added = datetime.now(UTC)
    values = [*names, MandateRole.HOLDER, begin, end, None, added, "test"]
    with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
        await api.database.transaction(
            lambda connection: connection.execute(
                store.SAVE_PARTIES, customers.tenant.id, *([value] for value in values)
            )
        )
    assert refused.value.constraint_name == f"account_party_{of_whom}_fkey"


async def test_a_power_of_attorney_has_an_end_and_nothing_ends_before_it_begins(
    customers: CustomerBank,
) -> None:
    account, now = await customers.funded(), datetime.now(UTC)
    tomorrow, past = (now + timedelta(days=1)).isoformat(), (now - timedelta(days=1)).isoformat()
    for body in (
        {"role": "attorney"},
        {"valid_until": past},
        {"valid_from": tomorrow, "valid_until": tomorrow},
    ):
        answer = await give(customers, account, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "MANDATE_PERIOD_INVALID")
    holder = (await give(customers, account)).json()["party_id"]
    answer = await give(
        customers, account, role="attorney", valid_until=tomorrow, on_behalf_of=holder
    )
    assert answer.status_code == 201


async def test_a_power_of_attorney_is_a_holders(customers: CustomerBank) -> None:
    account, other = await customers.funded(), await customers.funded()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    holder, was, elsewhere = [
        (await give(customers, where)).json()["party_id"] for where in (account, account, other)
    ]
    signatory = (await give(customers, account, role="signatory")).json()["party_id"]
    ended = f"/v1/accounts/{account}/parties/{was}/remove"
    await customers.tenant.create(ended, {"role": "holder"})
    attorney = {"role": "attorney", "valid_until": tomorrow}
    for body in (
        attorney,
        attorney | {"on_behalf_of": elsewhere},
        attorney | {"on_behalf_of": was},
        attorney | {"on_behalf_of": signatory},
        attorney | {"on_behalf_of": str(uuid4())},
        attorney | {"on_behalf_of": holder, "party_id": holder},
        {"role": "signatory", "on_behalf_of": holder},
        {"role": "holder", "on_behalf_of": holder},
    ):
        answer = await give(customers, account, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, "MANDATE_PRINCIPAL_UNFIT")
        assert answer.json()["field"] == "on_behalf_of"
    given = await give(customers, account, **attorney, on_behalf_of=holder)
    assert given.status_code == 201, given.text
    assert given.json()["on_behalf_of"] == holder
    assert given.json() in await parties(customers, account)


async def test_a_holder_and_their_attorney_are_too_few_to_sign_for_two(
    customers: CustomerBank,
) -> None:
    account, two = await customers.funded(), {"asset": "EUR", "signatures": 2}
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    holder = (await give(customers, account)).json()["party_id"]
    power = {"role": "attorney", "valid_until": tomorrow, "on_behalf_of": holder}
    assert (await give(customers, account, **power)).status_code == 201
    refused = await rules(customers, account, two)
    assert (refused.status_code, refused.json()["code"]) == (422, "TOO_FEW_SIGNERS")
    await give(customers, account)
    assert (await rules(customers, account, two)).status_code == 200


@pytest.mark.parametrize("found", [{"suspended": True}, {"risk": "prohibited"}])
async def test_who_is_not_served_is_given_no_mandate_and_signs_nothing(
    customers: CustomerBank, found: dict[str, object]
) -> None:
    tenant, account = customers.tenant, await customers.funded()
    party = (await give(customers, account)).json()["party_id"]
    payee = (await customers.open())["id"]
    order = {
        "debtor_account": account,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "1",
        "party_id": party,
    }
    assert (await tenant.post("/v1/payments", order)).status_code == 201
    assessed = {"verification": "standard", "risk": "low"}
    path = f"/v1/parties/{party}/assessments"
    await tenant.create(path, assessed | found)
    refused = await tenant.post("/v1/payments", order)
    assert (refused.status_code, refused.json()["code"]) == (422, "MAY_NOT_ACT")
    for role in ("holder", "signatory"):
        answer = await give(customers, account, party_id=party, role=role)
        assert (answer.status_code, answer.json()["code"]) == (422, "PARTY_NOT_SERVED")
    await tenant.create(path, assessed)
    assert (await tenant.post("/v1/payments", order)).status_code == 201


async def test_signing_rules_are_versions_and_reachable(customers: CustomerBank) -> None:
    account = await customers.funded()
    path = f"/v1/accounts/{account}/signing-rules"
    assert (await customers.tenant.client.get(path)).json() == {"version": 0, "bands": []}
    two = {"asset": "EUR", "signatures": 2, "up_to": "100"}
    refused = await rules(customers, account, two)
    assert (refused.status_code, refused.json()["code"]) == (422, "TOO_FEW_SIGNERS")
    for _ in range(2):
        await give(customers, account)
    assert (await rules(customers, account, two)).json() == {"version": 1, "bands": [two]}
    unclear = await rules(customers, account, two, two | {"signatures": 1})
    assert (unclear.status_code, unclear.json()["code"]) == (422, "SIGNING_BANDS_UNCLEAR")
    assert (await rules(customers, account)).json() == {"version": 2, "bands": []}
    assert (await customers.tenant.client.get(path)).json() == {"version": 2, "bands": []}


async def test_another_tenants_account_has_no_parties(
    api: Api, customers: CustomerBank, other_tenant: Tenant
) -> None:
    account = await customers.funded()
    given = (await give(customers, account)).json()
    client, base = other_tenant.client, f"/v1/accounts/{account}"
    for path in ("parties", "signing-rules"):
        assert (await client.get(f"{base}/{path}")).status_code == 404
    answers = [
        await other_tenant.post(f"{base}/parties", {"party_id": str(uuid4()), "role": "holder"}),
        await other_tenant.post(f"{base}/parties/{given['party_id']}/remove", {"role": "holder"}),
        await client.put(f"{base}/signing-rules", json={"bands": []}, headers=fresh_key()),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    row = await api.database.fetchrow(
        "SELECT count(*) AS n FROM account_party WHERE tenant_id = $1 AND account_id = $2",
        customers.tenant.id,
        UUID(account),
    )
    assert row is not None
    assert row["n"] == 1
