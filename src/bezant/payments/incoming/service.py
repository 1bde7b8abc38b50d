"""Taking what rails bring."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.banking import AccountService, InstitutionService, counterparty_of
from bezant.kernel.calls import Answer, Call
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.payments.incoming import store
from bezant.payments.incoming.domain import incoming_id, substance
from bezant.payments.incoming.riders import ConcludeCredit, Offer, Offered, Said, TakeCredit
from bezant.payments.orders import Payment, PaymentService, Secrecy
from bezant.payments.orders.schemas import PaymentContent
from bezant.payments.rails import Incoming, Refused, Taken
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    from bezant.ledger import Ledger, Rider


class IncomingService:
    """The credits of a tenant's customers.

    Args:
        database: connected as the application's role.
        ledger: in whose commits they are taken and credited.
        accounts: tells whose account an IBAN is.
        institutions: tells in which book its accounts are.
        payments: knows orders, and how what they say is sealed.
        secrecy: how the other side is recognized.
    """

    def __init__(
        self,
        database: Database,
        ids: Ids,
        ledger: "Ledger",
        accounts: AccountService,
        institutions: InstitutionService,
        payments: PaymentService,
        secrecy: Secrecy,
    ) -> None:
        self._database = database
        self._ids = ids
        self._ledger = ledger
        self._accounts = accounts
        self._institutions = institutions
        self._payments = payments
        self._fingerprints = secrecy.fingerprints

    async def offer(self, incoming: Incoming) -> Taken | Refused:
        """See `Receiver.offer`."""
        return _answer(await self._take(incoming, is_settled=False))

    async def credited(self, incoming: Incoming) -> Taken | Refused:
        """See `Receiver.credited`."""
        answer = _answer(await self._take(incoming, is_settled=True))
        if isinstance(answer, Taken):
            order = await self._payments.order(incoming.tenant_id, answer.order_id)
            # It was offered before, in another way: now it is settled, or was cancelled meanwhile.
            was_offered = order.hold_id is not None
            if was_offered and order.state in {OrderState.PENDING, OrderState.REJECTED}:
                await self.conclude(incoming.tenant_id, order.id, incoming.accepted_at)
        return answer

    async def decided(
        self,
        tenant_id: UUID,
        institution_id: UUID,
        rail: str,
        sender_bic: str,
        transaction_id: str,
    ) -> tuple[UUID | None, datetime] | None:
        """The order that a credit was taken as, or none, and when; None where it is not known."""
        key = incoming_id(tenant_id, institution_id, rail, sender_bic, transaction_id)
        row = await self._database.fetchrow(store.READ_INCOMING, tenant_id, [key])
        return None if row is None else (row["order_id"], row["at"])

    async def conclude(self, tenant_id: UUID, order_id: UUID, settled_at: datetime | None) -> None:
        """See `Receiver.conclude`.

        Raises:
            PaymentNotFound: the tenant has no such.
            RefusedAnswer: the ledger does not let it.
        """
        order = await self._payments.order(tenant_id, order_id)
        rider = ConcludeCredit(
            order_id,
            order.payee,
            order.asset,
            order.rail,
            settled_at is not None,
            f"rail:{order.rail}",
        )
        answer = await self._submit(tenant_id, order.book_id, order.rail, rider)
        answer.value(Payment)

    async def _take(self, incoming: Incoming, *, is_settled: bool) -> Answer:
        tenant_id = incoming.tenant_id
        institution = await self._institutions.find(tenant_id, incoming.institution_id)
        account_id = await self._account(incoming)
        order_id = self._ids.new()
        content = PaymentContent(
            incoming.debtor.name,
            incoming.creditor.name,
            incoming.creditor.iban,
            incoming.end_to_end_id,
            incoming.remittance,
            incoming.debtor.iban,
        )
        said = Said(
            self._ids.new(),
            self._payments.sealed(tenant_id, order_id, msgspec.json.encode(content)),
            self._ids.new(),
            self._payments.sealed(tenant_id, order_id, incoming.raw),
        )
        offer = Offer(
            incoming_id(
                tenant_id,
                institution.id,
                incoming.rail,
                incoming.sender_bic,
                incoming.transaction_id,
            ),
            institution.id,
            incoming.rail,
            incoming.sender_bic,
            incoming.transaction_id,
            self._fingerprints.of("incoming payment", substance(incoming)),
        )
        other = incoming.debtor.iban or f"{incoming.sender_bic} {incoming.debtor.name}"
        rider = TakeCredit(
            offer,
            said,
            order_id,
            account_id,
            counterparty_of(self._fingerprints, other),
            incoming.asset,
            incoming.amount,
            is_settled,
            f"rail:{incoming.rail}",
        )
        return await self._submit(tenant_id, institution.book_id, incoming.rail, rider)

    async def _account(self, incoming: Incoming) -> UUID | None:
        creditor = incoming.creditor
        if creditor.iban is None:
            return creditor.account_id
        return await self._accounts.find_by_iban(incoming.tenant_id, creditor.iban)

    async def _submit(self, tenant_id: UUID, book_id: UUID, rail: str, rider: "Rider") -> Answer:
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"rail:{rail}",
            action="payment.receive",
            resource="/v1/payments",
            origin="rail",
        )
        return await self._ledger.submit(call, book_id, rider)


def _answer(answer: Answer) -> Taken | Refused:
    offered = answer.value(Offered)
    if offered.order_id is not None:
        return Taken(offered.order_id)
    assert offered.refused is not None
    return Refused(offered.refused)
