"""The job that verifies the payees of a chunk of a file.

An attempt has an answer for every payee when it ends, and keeps them in one commit: a bank that
does not answer is "not possible". So one that is killed leaves nothing, and the next one asks anew.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Row
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Done, GiveUp, Handling, Job, Outcome
from bezant.payments.bulk import store
from bezant.payments.bulk.domain import ORDER_WITHIN, Item, Payees
from bezant.payments.bulk.records import VERIFY_CHUNK, VerifyChunk, outcome_rows
from bezant.payments.chunks import ITEM_INVALID
from bezant.payments.orders import PaymentService
from bezant.payments.orders.errors import CreditorIbanInvalid
from bezant.payments.orders.ways import checked_iban
from bezant.payments.vop import Payee, Question, VerificationService

if TYPE_CHECKING:
    import asyncpg


class BulkPayeeRuns:
    """Verifies the payees of files.

    Args:
        database: where files are kept.
        clock: tells when answers came.
        ids: of calls.
        payments: opens what is sealed.
        payees: asks.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        payments: PaymentService,
        payees: VerificationService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._payments = payments
        self._payees = payees

    async def verify(self, job: Job[VerifyChunk]) -> Outcome:
        """Ask about the payees of a chunk that nobody has asked about, and keep the answers."""
        tenant_id, asked = job.tenant_id, job.payload
        bulk = await self._database.fetchrow(store.FIND_BULK, tenant_id, asked.bulk_id)
        if bulk is None:
            return GiveUp("There is no such file.")
        if bulk["payees"] != Payees.VERIFY or bulk["decision"] is not None:
            return Done()
        unverified = await self._database.fetch(
            store.FIND_UNVERIFIED, tenant_id, asked.bulk_id, asked.chunk_no
        )
        questions, refused = list[Question](), list[Row]()
        for row in unverified:
            question = self._question(tenant_id, asked.bulk_id, row)
            if isinstance(question, Question):
                questions.append(question)
            else:
                at = self._clock.now()
                refused += outcome_rows(asked.bulk_id, row["item_no"], question, at)
        call = self._call(tenant_id, bulk)
        found = await self._payees.ask_chunk(call, questions)
        expires_at = bulk["created_at"] + ORDER_WITHIN
        rows = self._payees.rows(call, questions, found, self._clock.now(), expires_at)
        return Done((*rows, *refused))

    def handling(self) -> Handling[VerifyChunk]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(VERIFY_CHUNK, self.verify)

    def _question(self, tenant_id: UUID, bulk_id: UUID, row: "asyncpg.Record") -> "Question | str":
        """What to ask, or why the payment is refused without asking."""
        opened = self._payments.opened(tenant_id, bulk_id, row["sealed"])
        item = msgspec.json.decode(opened, type=Item)
        try:
            iban = checked_iban(item.creditor or "")
            payee = msgspec.convert({"iban": iban, "name": item.creditor_name}, Payee)
        except Refusal:
            return CreditorIbanInvalid.code
        except msgspec.ValidationError:
            return ITEM_INVALID
        return Question(row["order_id"], row["debtor_account"], payee)

    def _call(self, tenant_id: UUID, bulk: "asyncpg.Record") -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=bulk["created_by"],
            action="payee.verify",
            resource=f"/v1/bulk-payments/{bulk['bulk_id']}",
            origin="job",
        )
