"""The job that announces the collections of a chunk.

Each collection has had its identifier since the file was taken, and one is announced once under
one. So a worker that is killed leaves collections that were announced and not recorded as such,
which the next one finds announced.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, Outcome
from bezant.payments.bulk_debits import store
from bezant.payments.bulk_debits.domain import Item
from bezant.payments.bulk_debits.records import (
    ANNOUNCE_CHUNK,
    AnnounceChunk,
    SealedItems,
    outcome_row,
)
from bezant.payments.chunks import try_each
from bezant.payments.direct_debits.domain import Sequence
from bezant.payments.direct_debits.errors import DirectDebitNotFound, MandateDiffers
from bezant.payments.direct_debits.schemas import DirectDebit, NewDebit
from bezant.payments.direct_debits.service import DirectDebitService
from bezant.payments.orders import Secrecy

if TYPE_CHECKING:
    import asyncpg

    from bezant.kernel.database import Row


class DebitFileRuns:
    """Carries out the jobs of files.

    Args:
        database: where files are kept.
        clock: tells when an outcome was recorded.
        ids: of calls.
        debits: announces collections.
        secrecy: opens what files say.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        debits: DirectDebitService,
        secrecy: Secrecy,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._debits = debits
        self._items = SealedItems(secrecy.sealer)

    async def announce(self, job: Job[AnnounceChunk]) -> Outcome:
        """Announce the collections of a chunk that wait, and record what became of each."""
        tenant_id, asked = job.tenant_id, job.payload
        file = await self._database.fetchrow(store.FIND_FILE, tenant_id, asked.bulk_id)
        if file is None:
            return GiveUp("There is no such file.")
        waiting = await self._database.fetch(
            store.FIND_WAITING, tenant_id, asked.bulk_id, asked.chunk_no
        )
        answered = await try_each(waiting, lambda row: self._announce(tenant_id, file, row))
        rows: list[Row] = [
            outcome_row(asked.bulk_id, row["item_no"], code, self._clock.now())
            for row, code in answered
        ]
        return (
            Done(tuple(rows)) if len(answered) == len(waiting) else Again("busy", rows=tuple(rows))
        )

    def handling(self) -> Handling[AnnounceChunk]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(ANNOUNCE_CHUNK, self.announce)

    async def _announce(
        self, tenant_id: UUID, file: "asyncpg.Record", row: "asyncpg.Record"
    ) -> None:
        """Announce one collection.

        Raises:
            Refusal: or another of those that `try_each` tells apart.
        """
        bulk_id = file["bulk_id"]
        if await self._is_announced(tenant_id, row["debit_id"]):
            # Before its outcome was recorded; what its mandate says by now is another matter.
            return
        item = self._items.item(tenant_id, bulk_id, row["sealed"])
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=file["created_by"],
            action="direct_debit.create",
            resource=f"/v1/bulk-direct-debits/{bulk_id}",
            origin="job",
        )
        new = await self._asked_for(tenant_id, item)
        answer = await self._debits.create(call, new, row["debit_id"])
        answer.value(DirectDebit)

    async def _is_announced(self, tenant_id: UUID, debit_id: UUID) -> bool:
        try:
            await self._debits.debit(tenant_id, debit_id)
        except DirectDebitNotFound:
            return False
        return True

    async def _asked_for(self, tenant_id: UUID, item: Item) -> NewDebit:
        """What the API would be asked for, under the mandate that the file names.

        Raises:
            DebitMandateNotFound: the creditor has none of that reference.
            MandateDiffers: it says something else than the file.
        """
        held, says = await self._debits.mandates.found(
            tenant_id, item.creditor, item.creditor_id, item.reference
        )
        is_one_off = item.sequence == Sequence.ONE_OFF
        if (
            held.terms.scheme != item.scheme
            or held.terms.one_off is not is_one_off
            or held.terms.signed_on != item.signed_on
            or says.debtor_iban != item.debtor_iban
        ):
            raise MandateDiffers("The mandate says something else.")
        members = {
            "mandate_id": held.id,
            "asset": item.currency,
            "amount": item.amount,
            "due_on": item.due_on,
            "is_final": item.sequence == Sequence.FINAL,
            "end_to_end_id": item.end_to_end_id,
            "remittance": item.remittance,
        }
        return msgspec.convert(members, NewDebit)
