"""Signatures are their givers': a person signs as the party they are; a server vouches, by name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from bezant.server.identity import Identity
from customers import CustomerBank, new_party, open_bank
from fixtures_api import Api, fresh_key
from token_people import Person, person_of

OF_ANOTHER = (403, "SIGNATURE_OF_ANOTHER")


@dataclass
class Signer:
    """A party who is a person, and logs in."""

    party: str
    person: Person


@pytest.fixture(scope="module")
async def bank(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant of these tests' own."""
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


async def signer_of(api: Api, identity: Identity, bank: CustomerBank) -> Signer:
    tenant = bank.tenant
    new = {"name": "Ada", "email": f"{uuid4()}@example.com", "roles": ["operations"]}
    user = (await tenant.create("/v1/users", new))["user"]
    known = {"kind": "person", "legal_name": "Ada", "subject_id": user["subject_id"]}
    party = (await tenant.create("/v1/parties", known))["id"]
    await tenant.create(f"/v1/parties/{party}/user", {"user_id": user["id"]})
    scopes = ("banking:write", "orders:read", "orders:write")
    person = await person_of(api, identity, tenant, scopes=scopes, user_id=UUID(user["id"]))
    return Signer(party, person)


@pytest.fixture(scope="module")
async def ada(api: Api, identity: Identity, bank: CustomerBank) -> AsyncIterator[Signer]:
    signer = await signer_of(api, identity, bank)
    yield signer
    await signer.person.http.aclose()


@pytest.fixture(scope="module")
async def grace(api: Api, identity: Identity, bank: CustomerBank) -> AsyncIterator[Signer]:
    signer = await signer_of(api, identity, bank)
    yield signer
    await signer.person.http.aclose()


@pytest.fixture
async def joint(bank: CustomerBank, ada: Signer, grace: Signer) -> dict[str, Any]:
    """A payment from an account of both, of which each payment needs two signatures."""
    account, payee = await bank.funded(), (await bank.open())["id"]
    for signer in (ada, grace):
        holder = {"party_id": signer.party, "role": "holder"}
        await bank.tenant.create(f"/v1/accounts/{account}/parties", holder)
    rules = {"bands": [{"asset": "EUR", "up_to": "50"} | {"signatures": 1}]}
    rules["bands"].append({"asset": "EUR", "signatures": 2})
    path = f"/v1/accounts/{account}/signing-rules"
    agreed = await bank.tenant.client.put(path, json=rules, headers=fresh_key())
    assert agreed.status_code == 200, agreed.text
    payee_of = {"creditor": {"account_id": payee}}
    return {"debtor_account": account, "asset": "EUR", "amount": "100", **payee_of}


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_two_people_sign_each_for_themselves(
    bank: CustomerBank, ada: Signer, grace: Signer, joint: dict[str, Any]
) -> None:
    refused = await ada.person.post("/v1/payments", joint | {"party_id": grace.party})
    assert told(refused) == OF_ANOTHER
    made = await ada.person.post("/v1/payments", joint | {"party_id": ada.party})
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "awaiting_approval"
    path = f"/v1/payments/{made.json()['id']}"
    for end in ("approve", "withdraw"):
        refused = await ada.person.post(f"{path}/{end}", {"party_id": grace.party})
        assert told(refused) == OF_ANOTHER
    refused = await grace.person.post(f"{path}/withdraw", {"party_id": ada.party})
    assert told(refused) == OF_ANOTHER
    signed = await grace.person.post(f"{path}/approve", {"party_id": grace.party})
    assert (signed.status_code, signed.json()["state"]) == (200, "settled")
    approvals = (await bank.tenant.client.get(f"{path}/approvals")).json()["approvals"]
    assert {each["party_id"]: each["approved_by"] for each in approvals} == {
        ada.party: ada.person.actor,
        grace.party: grace.person.actor,
    }


async def test_a_servers_key_vouches_for_whom_it_names_and_is_named_itself(
    bank: CustomerBank, ada: Signer, grace: Signer, joint: dict[str, Any]
) -> None:
    tenant = bank.tenant
    made = await tenant.create("/v1/payments", joint | {"party_id": ada.party})
    path = f"/v1/payments/{made['id']}"
    await tenant.create(f"{path}/withdraw", {"party_id": ada.party})
    signed = await grace.person.post(f"{path}/approve", {"party_id": grace.party})
    assert signed.json()["state"] == "awaiting_approval"
    [first, second] = sorted(
        (await tenant.client.get(f"{path}/approvals")).json()["approvals"],
        key=lambda each: str(each["approved_at"]),
    )
    assert first["party_id"] == ada.party
    assert first["approved_by"].startswith("key:")
    assert first["revoked_at"] is not None
    assert (second["approved_by"], second["revoked_at"]) == (grace.person.actor, None)
    done = await tenant.create(f"{path}/approve", {"party_id": ada.party})
    assert done["state"] == "settled"
    stranger = f"/v1/payments/{uuid4()}/approvals"
    assert told(await tenant.client.get(stranger)) == (404, "PAYMENT_NOT_FOUND")


async def test_nobody_logs_in_as_an_organisation(
    bank: CustomerBank, ada: Signer, joint: dict[str, Any]
) -> None:
    company = await new_party(bank.tenant)
    holder = {"party_id": company, "role": "holder"}
    await bank.tenant.create(f"/v1/accounts/{joint['debtor_account']}/parties", holder)
    order = joint | {"party_id": company, "amount": "10"}
    assert told(await ada.person.post("/v1/payments", order)) == OF_ANOTHER
    assert (await bank.tenant.post("/v1/payments", order)).status_code == 201


async def test_what_a_party_stands_for_is_theirs_to_order_and_to_raise(
    bank: CustomerBank, ada: Signer, grace: Signer, joint: dict[str, Any]
) -> None:
    first = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
    rent = joint | {"amount": "10", "rule": {"every": "month", "first": first}}
    rent["party_id"] = grace.party
    assert told(await ada.person.post("/v1/standing-orders", rent)) == OF_ANOTHER
    made = await grace.person.post("/v1/standing-orders", rent)
    assert made.status_code == 201, made.text
    path, more = f"/v1/standing-orders/{made.json()['id']}/amend", {"amount": "50"}
    assert told(await ada.person.post(path, more)) == OF_ANOTHER
    assert (await grace.person.post(path, more)).status_code == 200
    assert (await bank.tenant.post(path, {"amount": "40"})).status_code == 200

    held = {name: joint[name] for name in ("debtor_account", "asset")}
    held |= {"creditor_account": joint["creditor"]["account_id"], "amount": "10"}
    held["party_id"] = grace.party
    assert told(await ada.person.post("/v1/authorizations", held)) == OF_ANOTHER
    authorized = await grace.person.post("/v1/authorizations", held)
    path, more = f"/v1/payments/{authorized.json()['id']}/increment", {"amount": "5"}
    assert told(await ada.person.post(path, more)) == OF_ANOTHER
    assert (await grace.person.post(path, more)).status_code == 200
    assert (await bank.tenant.post(path, more)).status_code == 200

    ended = f"/v1/accounts/{joint['debtor_account']}/parties/{grace.party}/remove"
    await bank.tenant.create(ended, {"role": "holder"})
    assert told(await grace.person.post(path, more)) == (422, "MAY_NOT_ACT")
    path = f"/v1/standing-orders/{made.json()['id']}/amend"
    assert told(await grace.person.post(path, {"amount": "45"})) == (422, "MAY_NOT_ACT")


async def test_a_payout_to_others_is_signed_by_people_for_themselves(
    bank: CustomerBank, ada: Signer, grace: Signer, joint: dict[str, Any]
) -> None:
    account, payee = joint["debtor_account"], joint["creditor"]["account_id"]
    path = f"/v1/accounts/{account}/close"
    closing = {"reason": "customer_left", "payout_to": payee}
    both = {"signed_by": [ada.party, grace.party]}
    assert told(await ada.person.post(path, closing | both)) == OF_ANOTHER
    alone = await ada.person.post(path, closing | {"signed_by": [ada.party]})
    assert told(alone) == (422, "SIGNATURES_NEEDED")
    await bank.tenant.create(path, closing | both)
