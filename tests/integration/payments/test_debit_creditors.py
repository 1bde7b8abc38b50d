"""Creditor identifiers: each one party's in an institution, and for that party's accounts alone."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.direct_debits.schemas import DirectDebit
from customers import CustomerBank, due_soon
from debiting import CREDITOR, OTHER_CREDITOR, open_collecting
from fixtures_api import fresh_key

OTHER_BUSINESS = "DE98ABC09999999999"
# The bank is shared with other tests, which have creditors of their own.
POWER, POWER_OF_BRANCH, WATER = "NL69ZZZ123456780000", "NL69ABC123456780000", "FR19ZZZ654321"
GAS, HEAT = "DE79ZZZ01234567890", "ES54ZZZ12345678A"


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


async def collect(bank: CustomerBank, mandate: httpx.Response) -> tuple[int, str | None]:
    """Announce a collection: the status, and the code of why not."""
    new = {"mandate_id": mandate.json()["id"], "asset": "EUR", "amount": "100"}
    answer = await asked(bank, "/v1/direct-debits", new | {"due_on": due_soon()})
    return answer.status_code, answer.json().get("code")


async def test_an_identifier_of_nobody_collects_nothing(bank: CustomerBank) -> None:
    owner, payee = await party(bank), str((await bank.open())["id"])
    mandate = await sign(bank, payee, GAS)
    assert mandate.status_code == 201, "it may be kept before its creditor is registered"
    assert await collect(bank, mandate) == (422, "CREDITOR_UNREGISTERED")
    await register(bank, owner, GAS)
    assert await collect(bank, mandate) == (422, "CREDITOR_OF_ANOTHER")
    await bank.tenant.create(f"/v1/accounts/{payee}/parties", {"party_id": owner, "role": "holder"})
    assert await collect(bank, mandate) == (201, None)


async def test_who_may_not_act_any_more_collects_no_more(bank: CustomerBank) -> None:
    owner, payee = await party(bank), str((await bank.open())["id"])
    await register(bank, owner, HEAT)
    path = f"/v1/accounts/{payee}/parties"
    await bank.tenant.create(path, {"party_id": owner, "role": "holder"})
    mandate = await sign(bank, payee, HEAT)
    assert await collect(bank, mandate) == (201, None)
    await bank.tenant.create(path, {"party_id": await party(bank), "role": "holder"})
    await bank.tenant.create(f"{path}/{owner}/remove", {"role": "holder"})
    assert await collect(bank, mandate) == (422, "CREDITOR_OF_ANOTHER")


async def test_a_platform_may_let_it_collect_by_a_setting(
    database: Database, run_folder: Path
) -> None:
    async with open_collecting(database, run_folder, allow_unregistered=False) as desk:
        signed = await desk.mandate(await desk.open(), await desk.open(1_000))
        with pytest.raises(RefusedAnswer, match="CREDITOR_UNREGISTERED"):
            (await desk.asked(signed)).value(DirectDebit)
    async with open_collecting(database, run_folder, allow_unregistered=True) as desk:
        signed = await desk.mandate(await desk.open(), await desk.open(1_000))
        assert (await desk.asked(signed)).value(DirectDebit).asset == "EUR"


async def test_it_collects_for_the_accounts_of_its_party_alone(bank: CustomerBank) -> None:
    owner = await party(bank)
    theirs, others = [str((await bank.open())["id"]) for _ in range(2)]
    await bank.tenant.create(
        f"/v1/accounts/{theirs}/parties", {"party_id": owner, "role": "holder"}
    )
    before = await sign(bank, others, POWER)
    assert before.status_code == 201, before.text
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
