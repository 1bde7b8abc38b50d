"""Codes for credit transfers: what one account's code says, another's payer orders."""

from typing import Any

from bezant.kernel.database import Database
from customers import CustomerBank, open_bank
from fixtures_api import Tenant, fresh_key

ASKED = {
    "purpose": "invoicing",
    "name": "Grace Hopper",
    "amount": "1250",
    "remittance": "Invoice 7",
}


async def code_of(bank: CustomerBank, account: str, **more: object) -> dict[str, Any]:
    return await bank.tenant.create(f"/v1/accounts/{account}/qr-code", ASKED | more)


async def test_what_a_code_says_is_what_is_drafted(bank: CustomerBank) -> None:
    account = (await bank.open())["id"]
    code = await code_of(bank, account, note="Thank you")
    assert code["svg"].startswith("<svg")
    draft = await bank.tenant.create("/v1/payments/qr", {"payload": code["payload"]})
    assert draft == {
        "creditor": {"iban": await bank.iban(account), "name": "Grace Hopper"},
        "asset": "EUR",
        "amount": "1250",
        "remittance": "Invoice 7",
        "reference": None,
        "purpose_code": None,
        "bic": "COBADEFFXXX",
        "note": "Thank you",
    }


async def test_a_draft_is_ordered_as_it_is(bank: CustomerBank) -> None:
    payer, payee = await bank.funded(), (await bank.open())["id"]
    code = await code_of(bank, payee)
    draft = await bank.tenant.create("/v1/payments/qr", {"payload": code["payload"]})
    members = {name: draft[name] for name in ("creditor", "asset", "amount", "remittance")}
    paid = await bank.tenant.create("/v1/payments", {"debtor_account": payer, **members})
    assert paid["state"] == "settled"
    assert (await bank.balance(payee))["booked"] == "1250"


async def test_a_repeat_is_the_same_code_and_no_name_is_stored(
    bank: CustomerBank, database: Database
) -> None:
    account, key = (await bank.open())["id"], fresh_key()
    path = f"/v1/accounts/{account}/qr-code"
    answers = [await bank.tenant.post(path, ASKED, **key) for _ in "12"]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    [row] = await database.fetch(
        "SELECT body FROM idempotency_record WHERE tenant_id = $1 AND key = $2",
        bank.tenant.id,
        key["Idempotency-Key"],
    )
    assert row["body"] == b"{}"
    entries = await database.fetch(
        "SELECT purpose FROM audit_entry WHERE tenant_id = $1 AND resource = $2",
        bank.tenant.id,
        path,
    )
    assert [each["purpose"] for each in entries] == ["invoicing"]


async def test_a_key_of_another_request_is_told_nothing(bank: CustomerBank) -> None:
    account, key = (await bank.open())["id"], fresh_key()
    path = f"/v1/accounts/{account}/qr-code"
    assert (await bank.tenant.post(path, ASKED, **key)).status_code == 200
    other = await bank.tenant.post(path, ASKED | {"amount": "9"}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_what_is_no_code_is_refused_without_repeating_it(
    bank: CustomerBank, other_tenant: Tenant
) -> None:
    for payload in ("https://example.com", "BCD\n002\n1\nSCT\n\nGrace Hopper\nDE00"):
        answer = await bank.tenant.post("/v1/payments/qr", {"payload": payload})
        assert (answer.status_code, answer.json()["code"]) == (422, "QR_CODE_UNUSABLE")
        assert "Hopper" not in answer.text
    account = (await bank.open())["id"]
    both = ASKED | {"reference": "RF18539007547034"}
    answer = await bank.tenant.post(f"/v1/accounts/{account}/qr-code", both)
    assert (answer.status_code, answer.json()["code"]) == (422, "QR_CODE_UNUSABLE")
    foreign = await other_tenant.post(f"/v1/accounts/{account}/qr-code", ASKED)
    assert foreign.status_code == 404


async def test_an_account_without_an_iban_has_no_code(own: Tenant) -> None:
    bank = await open_bank(own, country="US", bank_code="021000021", bic="CHASUS33")
    account = (await bank.open())["id"]
    answer = await own.post(f"/v1/accounts/{account}/qr-code", ASKED)
    assert (answer.status_code, answer.json()["code"]) == (422, "ACCOUNT_WITHOUT_IBAN")
