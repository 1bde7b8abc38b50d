"""Presenting collections to other banks, a message at a time, until each has ended.

Settlement is told by a message. Should that be lost, the answer to a repeat says the same.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

from bezant.kernel.calls import Call
from bezant.kernel.jobs import Again, Done, Handling, Job, Outcome
from bezant.payments.calendars.target import next_business_day
from bezant.payments.direct_debits import store
from bezant.payments.direct_debits.batching import CloseBatch
from bezant.payments.direct_debits.collecting import Debit
from bezant.payments.direct_debits.domain import settles_on
from bezant.payments.direct_debits.foundation import Foundation
from bezant.payments.direct_debits.incoming import IncomingCollections
from bezant.payments.direct_debits.jobs import SEND, OfBatch
from bezant.payments.direct_debits.reasons import Back
from bezant.payments.direct_debits.service import DirectDebitService
from bezant.payments.rails import Pending, Rejected, Settled, Unknown

_ASKED_AGAIN: Final = timedelta(hours=1)


class DebitSending:
    """The handler of the jobs of batches."""

    def __init__(
        self, foundation: Foundation, debits: DirectDebitService, collections: IncomingCollections
    ) -> None:
        self._of = foundation
        self._debits = debits
        self._collections = collections

    async def send(self, job: Job[OfBatch]) -> Outcome:
        """Close a batch and present what is in it."""
        tenant_id, batch = job.tenant_id, job.payload
        call = Call(
            id=self._of.ids.new(),
            tenant_id=tenant_id,
            actor="system:direct_debits",
            action="direct_debit.send",
            resource="/v1/direct-debits",
            origin="job",
        )
        rider = CloseBatch(batch.batch_key, batch.batch_no)
        (await self._of.ledger.submit(call, batch.book_id, rider)).value(int)
        rows = await self._of.database.fetch(
            store.LIST_MEMBERS, tenant_id, batch.batch_key, batch.batch_no
        )
        return await self.present(tenant_id, [row["debit_id"] for row in rows])

    async def present(self, tenant_id: UUID, debit_ids: Sequence[UUID]) -> Outcome:
        """Send collections as they were stored when it was decided to send them.

        All of them, whatever has become of some meanwhile: a repeat is the same message.
        """
        debits = {each: await self._debits.debit(tenant_id, each) for each in debit_ids}
        collections = [await self._debits.collection(tenant_id, debit) for debit in debits.values()]
        rail = self._of.rails[next(iter(debits.values())).rail]
        outcomes = await rail.present(collections)
        again: list[Again] = []
        for debit_id, outcome in outcomes.items():
            match outcome:
                case Unknown():
                    again.append(Again(outcome.why))
                case Pending():
                    wait = self._until_settled(debits[debit_id])
                    again.append(Again("not settled", wait=wait))
                case Rejected():
                    await self._collections.given_back(
                        tenant_id, debit_id, Back.REJECT, outcome.code, outcome.raw
                    )
                case Settled():
                    await self._collections.settled(tenant_id, debit_id, outcome.raw)
        # What nobody knows of is asked about first.
        return min(again, key=lambda each: each.wait or timedelta(0), default=Done())

    def handling(self) -> Handling[OfBatch]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(SEND, self.send)

    def _until_settled(self, debit: Debit) -> timedelta:
        """Until the day after it is due, when its message should have come."""
        day = next_business_day(settles_on(debit.due_on))
        until = datetime.combine(day, time.min, UTC) - self._of.clock.now()
        return max(until, _ASKED_AGAIN)
