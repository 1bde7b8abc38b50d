"""The job that orders the payments of a chunk.

Each payment has had its identifier since the file was taken, and an order is taken once under one.
So a worker that is killed leaves payments that were ordered and not recorded as such, which the
next one finds ordered.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking import AccountService, Channel
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, Outcome
from bezant.payments.bulk import store
from bezant.payments.bulk.domain import Decision, Item, Payees
from bezant.payments.bulk.records import ORDER_CHUNK, OrderChunk, outcome_rows
from bezant.payments.chunks import try_each
from bezant.payments.orders import NewPayment, Payment, PaymentService
from bezant.payments.orders.errors import CreditorIbanInvalid, UnknownDebtorAccount
from bezant.payments.orders.ways import checked_iban
from bezant.payments.states import OrderState

if TYPE_CHECKING:
    import asyncpg

    from bezant.kernel.database import Row

_CREATED: Final = 201

Begin = Callable[[UUID, UUID], None]


class BulkRuns:
    """Carries out the jobs of files.

    Args:
        database: where files are kept.
        clock: tells when an outcome was recorded.
        ids: of calls.
        accounts: tells whose account an IBAN is.
        payments: takes orders.
        begin: sends the attempt of a tenant's order, beside whatever else is done.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        accounts: AccountService,
        payments: PaymentService,
        begin: Begin,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._payments = payments
        self._begin = begin

    async def order(self, job: Job[OrderChunk]) -> Outcome:
        """Order the payments of a chunk that wait, and record what became of each."""
        tenant_id, asked = job.tenant_id, job.payload
        bulk = await self._database.fetchrow(store.FIND_BULK, tenant_id, asked.bulk_id)
        if bulk is None:
            return GiveUp("There is no such file.")
        if bulk["payees"] == Payees.VERIFY and bulk["decision"] != Decision.CONFIRMED:
            return GiveUp("Its payer has not confirmed it.")
        waiting = await self._database.fetch(
            store.FIND_WAITING, tenant_id, asked.bulk_id, asked.chunk_no
        )
        answered = await try_each(waiting, lambda row: self._order(tenant_id, bulk, row))
        rows: list[Row] = []
        for row, code in answered:
            rows += outcome_rows(asked.bulk_id, row["item_no"], code, self._clock.now())
        return (
            Done(tuple(rows)) if len(answered) == len(waiting) else Again("busy", rows=tuple(rows))
        )

    async def _order(self, tenant_id: UUID, bulk: "asyncpg.Record", row: "asyncpg.Record") -> None:
        """Order one payment.

        Raises:
            Refusal: or another of those that `try_each` tells apart.
        """
        opened = self._payments.opened(tenant_id, bulk["bulk_id"], row["sealed"])
        item = msgspec.json.decode(opened, type=Item)
        new = await self._asked_for(tenant_id, item, bulk, row["order_id"])
        prepared = await self._payments.prepared(tenant_id, new, row["order_id"])
        answer = await self._payments.order_prepared(self._call(tenant_id, bulk), prepared)
        payment = answer.value(Payment)
        # One that was ordered before is somebody's already: the survivors' job sees to it.
        if payment.state is OrderState.SENDING and answer.status == _CREATED:
            self._begin(tenant_id, payment.id)

    async def _asked_for(
        self, tenant_id: UUID, item: Item, bulk: "asyncpg.Record", order_id: UUID
    ) -> NewPayment:
        debtor = await self._accounts.find_by_iban(tenant_id, item.debtor or "")
        if debtor is None:
            raise UnknownDebtorAccount("There is no such account.")
        if item.creditor is None:
            raise CreditorIbanInvalid("There is none.")
        creditor = checked_iban(item.creditor)
        is_own = await self._accounts.find_by_iban(tenant_id, creditor) is not None
        members = {
            "debtor_account": debtor,
            "creditor": {"iban": creditor, "name": item.creditor_name},
            "asset": item.currency,
            "amount": item.amount,
            "debtor_name": item.debtor_name,
            "rail": None if is_own else bulk["rail"],
            "channel": Channel.BATCH,
            "party_id": bulk["party_id"],
            "end_to_end_id": item.end_to_end_id,
            "remittance": item.remittance,
            "execute_on": item.execute_on,
        }
        if bulk["payees"] == Payees.VERIFY:
            # The payer has confirmed what was found of every payment that is left.
            members |= {"verification_id": order_id, "confirmed": True}
        return msgspec.convert(members, NewPayment)

    def _call(self, tenant_id: UUID, bulk: "asyncpg.Record") -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=bulk["created_by"],
            action="payment.create",
            resource=f"/v1/bulk-payments/{bulk['bulk_id']}",
            origin="job",
        )

    def handling(self) -> Handling[OrderChunk]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(ORDER_CHUNK, self.order)
