"""A customer's erasure on a running platform: what they paid stays, what it said does not."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from bezant.server import endpoint
from fixtures_api import fresh_key
from fixtures_servers import open_folder
from running_platform import RunningPlatform, running

pytestmark = pytest.mark.long

# As if the account had been closed long enough ago; the platform's clock is the machine's.
CLOSE = """
    UPDATE bank_account SET status = 'closed', closed_at = now() - interval '1828 days'
    WHERE account_id = $1
"""


REACHED: dict[str, list[Any]] = {
    "emails": ["ada@example.com", "ada@engines.example"],
    "phones": ["+442071838750", "+442071838751"],
    "addresses": [{"country": "GB", "town": "London"}, {"country": "FR", "town": "Paris"}],
}


async def create(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=fresh_key())
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def customers(client: httpx.AsyncClient) -> tuple[dict[str, Any], list[str], str]:
    """Somebody who has paid somebody: the party, both accounts, and the book."""
    assets = [{"code": "EUR", "scale": 2}]
    book = (await create(client, "/v1/books", {"name": "Bank", "assets": assets}))["id"]
    bank = {"book_id": book, "name": "Bank", "country": "DE", "bank_code": "37040044"}
    made = await create(client, "/v1/institutions", bank | {"bic": "COBADEFFXXX"})
    terms = {"assets": ["EUR"], "overdraft": {"EUR": "5000"}}
    new = {"code": "current", "institution_id": made["id"], "kind": "current", "terms": terms}
    product = (await create(client, "/v1/products", new))["id"]
    party = await create(
        client, "/v1/parties", {"kind": "person", "legal_name": "Ada Lovelace", **REACHED}
    )
    accounts = [
        (await create(client, "/v1/accounts", {"product_id": product}))["id"] for _ in range(2)
    ]
    for role in ("holder", "signatory"):
        body = {"party_id": party["id"], "role": role}
        await create(client, f"/v1/accounts/{accounts[0]}/parties", body)
    return party, accounts, book


async def close(platform: RunningPlatform, account: str) -> None:
    owner_url = endpoint.read(platform.data_dir).owner_url
    owner = await asyncpg.connect(owner_url)
    await owner.execute(CLOSE, UUID(account))
    await owner.close()


async def test_an_erasure_waits_for_the_law_and_takes_the_words_of_payments() -> None:
    with open_folder() as parent:
        async with running(parent / "data") as platform, platform.client() as client:
            party, (payer, payee), book = await customers(client)
            payment = await create(
                client,
                "/v1/payments",
                {
                    "debtor_account": payer,
                    "creditor": {"account_id": payee},
                    "asset": "EUR",
                    "amount": "1250",
                    "remittance": "Lunch at Mario's",
                },
            )
            content = f"/v1/payments/{payment['id']}/content?purpose=testing"
            assert (await client.get(content)).json()["remittance"] == "Lunch at Mario's"
            trial = f"/v1/books/{book}/trial-balance"
            before = (await client.get(trial)).json()["assets"]
            subject = f"{platform.serving['vault_url']}/v1/vault/subjects/{party['subject_id']}"

            told = (await client.get(f"{subject}/export?purpose=subject_access")).json()
            [said] = told["holdings"]["payments"]
            assert (said["payment"], said["text"]) == (payment["id"], "Lunch at Mario's")
            values = [each["value"] for each in told["values"]]
            for reached in (*REACHED["emails"], *REACHED["phones"]):
                assert reached in values
            assert sum("town" in value for value in values) == 2
            roles = {each["role"] for each in told["holdings"]["account_roles"]}
            assert roles == {"holder", "signatory"}

            asked = {"reason": "consent_withdrawn"}
            blocked = await client.post(f"{subject}/erase", json=asked, headers=fresh_key())
            assert (blocked.status_code, blocked.json()["code"]) == (409, "ERASURE_BLOCKED")
            assert blocked.json()["retained"] == "payment.content"

            for account in (payer, payee):
                await close(platform, account)
            await create(client, f"{subject}/erase", asked)
            assert (await client.get(content)).json()["remittance"] is None
            opened = await client.get(f"/v1/parties/{party['id']}?purpose=testing")
            assert set(opened.json()["values"].values()) == {None}
            for email in REACHED["emails"]:
                search = {"purpose": "testing", "email": email}
                assert (await create(client, "/v1/parties/search", search))["parties"] == []
            assert (await client.get(trial)).json()["assets"] == before
            assert (await client.get(f"/v1/payments/{payment['id']}")).json()["amount"] == "1250"
            roles_now = (await client.get(f"/v1/accounts/{payer}/parties")).json()
            assert all(each["valid_until"] is not None for each in roles_now["parties"])
