"""Carrying collections out on their day, and telling other banks how they ended.

A job that is repeated finds in the commit that nothing is left to do, or sends what it had sent
before, which the other side recognises: a kill at any moment leaves everything to whoever survives.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.database import Row
from bezant.kernel.jobs import Again, Done, Handling, Job, Outcome
from bezant.kernel.outbox import event
from bezant.payments.direct_debits.collecting import Debit, DebitState
from bezant.payments.direct_debits.domain import sequence_of
from bezant.payments.direct_debits.due import Ran, RunDebit
from bezant.payments.direct_debits.ending import ENDS
from bezant.payments.direct_debits.foundation import Foundation
from bezant.payments.direct_debits.incoming import IncomingCollections
from bezant.payments.direct_debits.jobs import RUN, TELL, WITHDRAW, OfDebit, OfWithdrawal
from bezant.payments.direct_debits.rail import GivenBack, Kept, Original, Withdrawn
from bezant.payments.direct_debits.reasons import Back
from bezant.payments.direct_debits.sending import DebitSending
from bezant.payments.direct_debits.service import DirectDebitService
from bezant.payments.rails import Rejected, Unknown

_A_MOMENT: Final = timedelta(seconds=1)

_BACK: Final = {state: back for back, state in ENDS.items()}


class DebitRuns:
    """The handlers of the jobs of collections."""

    def __init__(
        self, foundation: Foundation, debits: DirectDebitService, collections: IncomingCollections
    ) -> None:
        self._of = foundation
        self._debits = debits
        self._collections = collections
        self.sending = DebitSending(foundation, debits, collections)

    async def run(self, job: Job[OfDebit]) -> Outcome:
        """Settle or present a collection whose day has come."""
        tenant_id = job.tenant_id
        debit = await self._debits.debit(tenant_id, job.payload.debit_id)
        rider = await self._rider(tenant_id, debit)
        answer = await self._of.ledger.submit(
            self._call(tenant_id, debit, "direct_debit.run"), debit.book_id, rider
        )
        ran = answer.value(Ran)
        if ran.is_stale:
            return Again("its mandate has changed", wait=_A_MOMENT)
        if ran.begins_at is not None:
            return Again("early", wait=max(ran.begins_at - self._of.clock.now(), _A_MOMENT))
        is_alone = await self._debits.message(tenant_id, debit.id) == debit.id
        if ran.state is DebitState.PRESENTED and is_alone:
            # It was presented before there were batches, whose jobs see to the others.
            return await self.sending.present(tenant_id, [debit.id])
        return Done()

    async def tell(self, job: Job[OfDebit]) -> Outcome:
        """Tell the other bank how a collection ended."""
        tenant_id = job.tenant_id
        debit = await self._debits.debit(tenant_id, job.payload.debit_id)
        assert debit.reason is not None
        content = await self._debits.content(tenant_id, debit.id)
        original = None
        if content.transaction_id is not None:
            message_id = content.message_id or content.transaction_id
            original = Original(message_id, content.transaction_id, content.end_to_end_id)
        given_back = GivenBack(
            tenant_id, debit.institution_id, debit.id, _BACK[debit.state], debit.reason,
            debit.amount, debit.asset, original, await self._debits.message(tenant_id, debit.id),
        )  # fmt: skip
        outcome = await self._of.rails[debit.rail].tell(given_back)
        if isinstance(outcome, Unknown):
            return Again(outcome.why)
        if isinstance(outcome, Rejected):
            # The books here and there differ by it: somebody has to look.
            return Done((self._event(debit, "direct_debit.back_rejected", outcome.code),))
        return Done()

    async def withdraw(self, job: Job[OfWithdrawal]) -> Outcome:
        """Have the scheme stop a collection that it has."""
        tenant_id, code = job.tenant_id, job.payload.code
        debit = await self._debits.debit(tenant_id, job.payload.debit_id)
        if debit.state is not DebitState.PRESENTED:
            return Done()
        collection = await self._debits.collection(tenant_id, debit)
        outcome = await self._of.rails[debit.rail].withdraw(collection, code)
        match outcome:
            case Unknown():
                return Again(outcome.why)
            case Kept():
                return Done((self._event(debit, "direct_debit.not_cancelled", outcome.code),))
            case Withdrawn():
                await self._collections.given_back(
                    tenant_id, debit.id, Back.CANCELLATION, code, outcome.raw
                )
                return Done()

    def handlings(self) -> list[Handling[Any]]:
        """Who carries out the jobs, for the runner of a process."""
        return [
            Handling(RUN, self.run),
            Handling(TELL, self.tell),
            Handling(WITHDRAW, self.withdraw),
            self.sending.handling(),
        ]

    async def _rider(self, tenant_id: UUID, debit: Debit) -> RunDebit:
        """What is decided, by the collection and its mandate as they stand now."""
        actor = "system:direct_debits"
        if debit.mandate_id is None:
            return RunDebit(debit, None, b"", b"", actor)
        held = await self._debits.mandates.held(tenant_id, debit.mandate_id)
        says = self._debits.words.mandate(tenant_id, held)
        content = await self._debits.content(tenant_id, debit.id)
        content = msgspec.structs.replace(content, mandate=says)
        plain = msgspec.structs.replace(says, former=None)
        debit = replace(
            debit,
            rail=self._debits.rail_of(held),
            debtor_account=held.debtor_account,
            creditor=held.creditor,
            reference=held.reference,
            former=held.former,
            sequence=sequence_of(held.terms, is_final=debit.is_final),
        )
        return RunDebit(
            debit,
            held.row_version,
            self._debits.words.seal_debit(tenant_id, debit.id, content),
            self._debits.words.seal_mandate(tenant_id, held.id, plain),
            actor,
        )

    def _event(self, debit: Debit, name: str, code: str) -> Row:
        facts = {"rail": debit.rail, "asset": debit.asset, "amount": str(debit.amount)}
        facts["reason"] = code
        subject = f"/v1/direct-debits/{debit.id}"
        return event(self._of.ids.new(), name, subject, self._of.clock.now(), facts)

    def _call(self, tenant_id: UUID, debit: Debit, action: str) -> Call:
        return Call(
            id=self._of.ids.new(),
            tenant_id=tenant_id,
            actor="system:direct_debits",
            action=action,
            resource=f"/v1/direct-debits/{debit.id}",
            origin="job",
        )
