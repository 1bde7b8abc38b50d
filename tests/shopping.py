"""A shop and a customer at one bank, over the API: what tests of captures and refunds have."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from bezant.kernel.database import Database
from customers import CustomerBank


@dataclass
class Shop:
    """A payer with money, and a payee without any."""

    bank: CustomerBank
    payer: str
    payee: str

    async def authorize(self, amount: int = 100, **more: object) -> str:
        """A payment that is authorised; its identifier."""
        made = await self.bank.tenant.create("/v1/authorizations", self.order(amount, **more))
        assert made["state"] == "authorized"
        return str(made["id"])

    async def captured(self, amount: int = 100) -> str:
        """A payment that is captured in full; its identifier."""
        payment = await self.authorize(amount)
        assert (await self.ask(payment, "captures")).status_code == 201
        return payment

    def order(self, amount: int, **more: object) -> dict[str, Any]:
        """The body of an authorisation."""
        return {
            "debtor_account": self.payer,
            "creditor_account": self.payee,
            "asset": "EUR",
            "amount": str(amount),
            **more,
        }

    async def ask(self, payment: str, what: str, **body: object) -> httpx.Response:
        """Ask for something to be done with a payment."""
        return await self.bank.tenant.post(f"/v1/payments/{payment}/{what}", body)

    async def standing(self, payment: str) -> dict[str, Any]:
        """An authorised payment as it stands."""
        answer = await self.bank.tenant.client.get(f"/v1/authorizations/{payment}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def steps(self, payment: str) -> list[str]:
        """The states that a payment went through."""
        path = f"/v1/payments/{payment}/transitions"
        answer = await self.bank.tenant.client.get(path)
        return [step["after"] for step in answer.json()["transitions"]]

    async def money(self) -> tuple[int, int, int]:
        """What the payer has booked and reserved, and what the payee has booked."""
        payer = await self.bank.balance(self.payer)
        payee = await self.bank.balance(self.payee)
        booked = int(payer["booked"])
        return booked, booked + 50_000 - int(payer["available"]), int(payee["booked"])

    async def let_expire(self, database: Database, payment: str) -> None:
        """Let the time of an authorisation be over: it was given long ago."""
        await database.transaction(
            lambda connection: connection.execute(
                "UPDATE payment_total SET expires_at = expires_at - interval '30 days'"
                " WHERE tenant_id = $1 AND order_id = $2",
                self.bank.tenant.id,
                UUID(payment),
            )
        )


async def open_shop(bank: CustomerBank, amount: int = 10_000) -> Shop:
    """A customer with money, and a shop."""
    return Shop(bank, await bank.funded(amount), (await bank.open())["id"])


async def open_exchange(bank: CustomerBank) -> None:
    """Let a bank exchange: 1.25 USD for a euro."""
    settings = {"functional_asset": "EUR"}
    done = await bank.tenant.post(f"{bank.book_path}/fx/settings", settings)
    assert done.status_code == 200, done.text
    rate = {"pair": "EUR/USD", "rate": "1.25", "at": "2026-01-01T00:00:00Z", "source": "test"}
    await bank.tenant.create(f"{bank.book_path}/fx/rates", rate)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """How a request was declined."""
    return answer.status_code, str(answer.json()["code"])
