"""Creditor identifiers: each one party's in an institution, and for that party's accounts alone."""

import asyncio
from collections.abc import Mapping
from uuid import uuid4

import httpx

from bezant.kernel.ids import TimeOrderedIds
from customers import CustomerBank
from debiting import CREDITOR, OTHER_CREDITOR
from fixtures_api import fresh_key

OTHER_BUSINESS = "DE98ABC09999999999"
# The bank is shared with other tests, which have creditors of their own.
POWER, POWER_OF_BRANCH, WATER = "NL69ZZZ123456780000", "NL69ABC123456780000", "FR19ZZZ654321"


async def party(bank: CustomerBank) -> str:
    made = await bank.tenant.create("/v1/parties", {"kind": "person", "legal_name": "Ada"})
    return str(made["id"])


async def asked(bank: CustomerBank, path: str, body: Mapping[str, object]) -> httpx.Response:
    return await bank.tenant.client.post(path, json=body, headers=fresh_key())


async def register(bank: CustomerBank, owner: str, creditor_id: str = CREDITOR) -> httpx.Response:
    new = {"institution_id": bank.institution, "party_id": owner, "creditor_id": creditor_id}
    return await asked(bank, "/v1/direct-debit-creditors", new)


async def sign(bank: CustomerBank, payee: str, creditor_id: str) -> httpx.Response:
    payer = str((await bank.open())["id"])
    new = {
        "creditor_account": payee,
        "creditor_id": creditor_id,
        "creditor_name": "Example Power",
        "reference": uuid4().hex,
        "debtor": {"name": "Ada Lovelace", "iban": await bank.iban(payer)},
        "signed_on": "2026-01-05",
    }
    return await asked(bank, "/v1/direct-debit-mandates", new)


async def test_of_many_who_register_an_identifier_one_has_it(bank: CustomerBank) -> None:
    owner = await party(bank)
    answers = await asyncio.gather(*(register(bank, owner) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    # The business code is the creditor's own, and tells nobody apart.
    assert (await register(bank, owner, OTHER_BUSINESS)).json()["code"] == "CREDITOR_REGISTERED"
    assert (await register(bank, owner, OTHER_CREDITOR)).status_code == 201
    listed = (await bank.tenant.client.get("/v1/direct-debit-creditors")).json()["creditors"]
    assert [each["party_id"] for each in listed].count(owner) == 2


async def test_what_is_no_identifier_or_of_nobody_is_refused(bank: CustomerBank) -> None:
    owner = await party(bank)
    wrong = await register(bank, owner, "DE97ZZZ09999999999")
    assert wrong.json()["code"] == "CREDITOR_IDENTIFIER_INVALID"
    nobody = await register(bank, str(TimeOrderedIds().new()))
    assert (nobody.status_code, nobody.json()["code"]) == (404, "PARTY_NOT_FOUND")


async def test_it_collects_for_the_accounts_of_its_party_alone(bank: CustomerBank) -> None:
    owner = await party(bank)
    theirs, others = [str((await bank.open())["id"]) for _ in range(2)]
    await bank.tenant.create(
        f"/v1/accounts/{theirs}/parties", {"party_id": owner, "role": "holder"}
    )
    before = await sign(bank, others, POWER)
    assert before.status_code == 201, before.text  # what nobody has registered is free
    await register(bank, owner, POWER)
    refused = await sign(bank, others, POWER)
    assert (refused.status_code, refused.json()["code"]) == (422, "CREDITOR_OF_ANOTHER")
    assert (await sign(bank, theirs, POWER)).status_code == 201
    free = await sign(bank, others, WATER)
    amended = await asked(
        bank,
        f"/v1/direct-debit-mandates/{free.json()['id']}/amend",
        {"creditor_id": POWER_OF_BRANCH},
    )
    assert amended.json()["code"] == "CREDITOR_OF_ANOTHER"
