"""A bank with a product, over the API: what tests of banking and payments begin with."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from fixtures_api import Tenant, fresh_key

BANK_CODE = "37040044"


@dataclass
class CustomerBank:
    """An institution of a tenant's, its book, and accounts of one product.

    Attributes:
        creditor: the party that is registered for `CREDITOR`, once there is one.
    """

    tenant: Tenant
    book: str
    institution: str
    product: str
    creditor: str | None = None

    @property
    def book_path(self) -> str:
        return f"/v1/books/{self.book}"

    async def open(self, **members: object) -> dict[str, Any]:
        """An account."""
        return await self.tenant.create("/v1/accounts", {"product_id": self.product, **members})

    async def opened_long_ago(self, days: int = 400) -> dict[str, Any]:
        """An account that has been open for some days."""
        account = await self.open()
        await self.tenant.database.fetch(
            "UPDATE bank_account SET opened_at = opened_at - $3::int * interval '1 day'"
            " WHERE tenant_id = $1 AND account_id = $2",
            self.tenant.id, UUID(account["id"]), days,
        )  # fmt: skip
        return account

    async def funded(self, amount: int = 10_000) -> str:
        """An account with money on it; its identifier."""
        account = await self.open()
        await self.fund(account, amount)
        return str(account["id"])

    async def fund(self, account: dict[str, Any], amount: int, asset: str = "EUR") -> None:
        """Money from the world, without any product's doing."""
        leg = {
            "debit": "world",
            "credit": account["ledger_accounts"][asset],
            "asset": asset,
            "amount": str(amount),
        }
        await self.tenant.create(f"{self.book_path}/transactions", {"postings": [leg]})

    async def take(self, account: dict[str, Any], amount: int) -> httpx.Response:
        """Money back to the world."""
        leg = {
            "debit": account["ledger_accounts"]["EUR"],
            "credit": "world",
            "asset": "EUR",
            "amount": str(amount),
        }
        return await self.tenant.post(f"{self.book_path}/transactions", {"postings": [leg]})

    async def balance(self, account_id: str, asset: str = "EUR") -> dict[str, Any]:
        """What an account has of an asset."""
        answer = await self.tenant.client.get(f"/v1/accounts/{account_id}/balances")
        assert answer.status_code == 200, answer.text
        [found] = [each for each in answer.json()["balances"] if each["asset"] == asset]
        return dict(found)

    async def iban(self, account_id: str) -> str:
        """An account's number."""
        path = f"/v1/accounts/{account_id}/number?purpose=testing"
        answer = await self.tenant.client.get(path)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["iban"])


async def open_bank(tenant: Tenant, **institution: str) -> CustomerBank:
    """A bank with a current account in euros and dollars, with 500.00 of overdraft in euros."""
    assets = [{"code": "EUR", "scale": 2}, {"code": "USD", "scale": 2}]
    book = await tenant.create("/v1/books", {"name": "Customers", "assets": assets})
    path = f"/v1/books/{book['id']}"
    for account in ("world", "world:usd"):
        asset = "EUR" if account == "world" else "USD"
        await tenant.create(f"{path}/accounts", {"id": account, "asset": asset, "type": "asset"})
    made = await tenant.create(
        "/v1/institutions",
        {
            "book_id": book["id"],
            "name": "Example Bank",
            "country": "DE",
            "bank_code": BANK_CODE,
            "bic": "COBADEFFXXX",
        }
        | institution,
    )
    product = await tenant.create(
        "/v1/products",
        {
            "code": f"current-{uuid4().hex}",
            "institution_id": made["id"],
            "kind": "current",
            "terms": {"assets": ["EUR", "USD"], "overdraft": {"EUR": "50000"}},
        },
    )
    return CustomerBank(tenant, book["id"], made["id"], product["id"])


async def new_party(tenant: Tenant) -> str:
    """A company, who may be given mandates."""
    new = {"kind": "organisation", "legal_name": f"Example {uuid4().hex[:8]}"}
    return str((await tenant.create("/v1/parties", new))["id"])


async def waiting_payment(
    bank: CustomerBank, *, needed: int = 2, second: str = ""
) -> tuple[str, str, str]:
    """A payment that waits for signatures: its path, who has signed, and who may yet."""
    tenant = bank.tenant
    payer, payee = await bank.funded(), (await bank.open())["id"]
    first, second = await new_party(tenant), second or await new_party(tenant)
    for party in (first, second, await new_party(tenant)):
        await tenant.create(f"/v1/accounts/{payer}/parties", {"party_id": party, "role": "holder"})
    rules = {"bands": [{"asset": "EUR", "signatures": needed}]}
    path = f"/v1/accounts/{payer}/signing-rules"
    agreed = await tenant.client.put(path, json=rules, headers=fresh_key())
    assert agreed.status_code == 200, agreed.text
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "100",
        "party_id": first,
    }
    made = await tenant.create("/v1/payments", new)
    assert made["state"] == "awaiting_approval"
    return f"/v1/payments/{made['id']}", first, second


CREDITOR = "DE98ZZZ09999999999"


async def collects(bank: CustomerBank, payee: str) -> None:
    """Have an account be one of the party's that is registered for `CREDITOR`."""
    if bank.creditor is None:
        company = {"kind": "organisation", "legal_name": "Example Power"}
        party = str((await bank.tenant.create("/v1/parties", company))["id"])
        new = {"institution_id": bank.institution, "party_id": party, "creditor_id": CREDITOR}
        await bank.tenant.create("/v1/direct-debit-creditors", new)
        bank.creditor = party
    held = (await bank.tenant.client.get(f"/v1/accounts/{payee}/parties")).json()["parties"]
    if bank.creditor not in [each["party_id"] for each in held]:
        holder = {"party_id": bank.creditor, "role": "holder"}
        await bank.tenant.create(f"/v1/accounts/{payee}/parties", holder)


async def signed_mandate(bank: CustomerBank, payer: str, payee: str, **more: object) -> str:
    """A mandate of direct debits between two accounts; its identifier."""
    new = {
        "creditor_account": payee,
        "creditor_id": CREDITOR,
        "creditor_name": "Example Power",
        "reference": f"M-{uuid4().hex}",
        "debtor": {"name": "Ada Lovelace", "iban": await bank.iban(payer)},
        "signed_on": datetime.now(UTC).date().isoformat(),
    }
    await collects(bank, payee)
    made = await bank.tenant.create("/v1/direct-debit-mandates", new | more)
    return str(made["id"])


def due_soon() -> str:
    """A day that every mandate allows, after any notice."""
    return (datetime.now(UTC).date() + timedelta(days=60)).isoformat()


async def announced_debit(bank: CustomerBank) -> str:
    """A direct debit that waits for its day; its identifier."""
    payer, payee = await bank.funded(), str((await bank.open())["id"])
    new = {
        "mandate_id": await signed_mandate(bank, payer, payee),
        "asset": "EUR",
        "amount": "100",
        "due_on": due_soon(),
    }
    return str((await bank.tenant.create("/v1/direct-debits", new))["id"])


async def settled_debit(bank: CustomerBank) -> str:
    """A direct debit as it stands after its day, which the clock of the bank has not reached."""
    debit = await announced_debit(bank)
    database = bank.tenant.database
    await database.transaction(
        lambda connection: connection.execute(
            "UPDATE direct_debit SET state = 'settled', seq = 2, debited_on = $3"
            " WHERE tenant_id = $1 AND debit_id = $2",
            bank.tenant.id,
            UUID(debit),
            datetime.now(UTC).date(),
        )
    )
    await database.transaction(
        lambda connection: connection.execute(
            "INSERT INTO direct_debit_step (tenant_id, debit_id, seq, before_seq, from_state,"
            " to_state, at, actor)"
            " VALUES ($1, $2, 2, 1, 'announced', 'settled', $3, 'test')",
            bank.tenant.id,
            UUID(debit),
            datetime.now(UTC),
        )
    )
    return debit
