"""Two processes that pay over one rail: what tests of rails have."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid4

from msgspec import Struct

from bezant.kernel.database import Database
from bezant.kernel.jobs import Job, Outcome
from bezant.payments import NewPayment, Payment
from bezant.payments.orders.jobs import SURVIVE, Survive
from bezant.payments.orders.records import view
from bezant.payments.orders.schemas import Creditor
from bezant.payments.returns.jobs import PAY_CLAIM, TELL, PayClaim, Tell
from bezant.payments.vop import PayeeProof
from bezant.server.payments import Payments
from customers import CustomerBank
from fixtures_ledger import Bank
from rails import SchemeRail

P = TypeVar("P", bound=Struct)
OWN_PAYEE = PayeeProof(None, is_confirmed=False, rail="book", iban=b"", name=b"")
"""What is said of a payee who has an account here: nothing needs to be verified."""


@dataclass
class Desk:
    """Payments as processes have them, each with its own name in attempts, over one rail."""

    first: Payments
    second: Payments
    rail: SchemeRail
    teller: Bank

    async def order(self, payer: str, amount: int = 1_000) -> Payment:
        """Have the first process take an order, and not send it yet."""
        creditor = Creditor(iban="GB33BUKB20201555555555", name="Grace Hopper")
        new = NewPayment(UUID(payer), creditor, "EUR", str(amount), "Ada Lovelace", "scheme")
        answer = await self.first.orders.create(self.teller.call(), new)
        return answer.value(Payment)

    async def carried_out(self, payer: str, amount: int = 1_000) -> Payment:
        """Have the first process take an order and send it; how it stands then."""
        made = await self.order(payer, amount)
        self.first.execution.begin(self.teller.tenant_id, made.id)
        await self.first.execution.close()
        return await self.state_of(made.id)

    async def state_of(self, order_id: UUID) -> Payment:
        return view(await self.first.orders.order(self.teller.tenant_id, order_id))

    async def survive(self, order_id: UUID) -> Outcome:
        """Have the second process see to an order, as the job that was made with it says."""
        job = self.job(SURVIVE.name, Survive(order_id))
        return await self.second.execution.survive(job)

    async def tell(self, recall_id: UUID) -> Outcome:
        """Have the second process tell what a recall has become, as its job says."""
        return await self.second.recalls.tell(self.job(TELL.name, Tell(recall_id)))

    async def pay_claim(self, order_id: UUID) -> Outcome:
        """Have the second process refund a claim, as its job says."""
        return await self.second.claims.pay(self.job(PAY_CLAIM.name, PayClaim(order_id)))

    def job(self, kind: str, payload: P) -> Job[P]:
        """A job of the tenant's, at its first attempt."""
        return Job(
            id=uuid4(),
            tenant_id=self.teller.tenant_id,
            kind=kind,
            payload=payload,
            attempt=1,
            epoch=1,
            key=None,
            order=0,
            since=datetime.now(UTC),
        )


async def posted(bank: CustomerBank, account: str) -> str | None:
    """What is posted on an account of the ledger; None where there is no such account."""
    answer = await bank.tenant.client.get(f"{bank.book_path}/accounts/{account}/balance")
    return str(answer.json()["posted"]) if answer.status_code == 200 else None


async def events_of(database: Database, desk: Desk, order_id: UUID) -> list[str]:
    """The kinds of the events that tell of a payment."""
    rows = await database.fetch(
        "SELECT kind FROM event_pending WHERE tenant_id = $1 AND subject = $2",
        desk.teller.tenant_id,
        f"/v1/payments/{order_id}",
    )
    return [row["kind"] for row in rows]
