"""The job that reconciles a day: it cuts the day, finds both sides out, and keeps what they say.

Killed after any of these it goes on from there: a day is cut once, its figures follow from the cut,
and the commit that keeps them is the one that makes the next day's job.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.calls import Answer, Call, RefusedAnswer
from bezant.kernel.errors import Busy, Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, Outcome
from bezant.kernel.telemetry import SAFEGUARDING
from bezant.payments.safeguarding import schemas
from bezant.payments.safeguarding.errors import ArrangementNotFound, SafeguardingDayNotReady
from bezant.payments.safeguarding.jobs import RECONCILE, Reconcile
from bezant.payments.safeguarding.riders import BeginSafeguarding, FinishSafeguarding
from bezant.payments.safeguarding.service import SafeguardingService

if TYPE_CHECKING:
    from bezant.ledger import Ledger, Rider

_HOUR: Final = timedelta(hours=1)
_CREATED: Final = 201


class SafeguardingRuns:
    """Carries out the jobs of days.

    Args:
        safeguarding: knows what is arranged, and finds out both sides.
        ledger: in whose commits days are cut and kept.
        ids: of calls.
    """

    def __init__(self, safeguarding: SafeguardingService, ledger: "Ledger", ids: Ids) -> None:
        self._safeguarding = safeguarding
        self._ledger = ledger
        self._ids = ids

    async def run(self, job: Job[Reconcile]) -> Outcome:
        """Reconcile a day, or find that it was done."""
        try:
            await self.carry_out(job.tenant_id, job.payload)
        except ArrangementNotFound:
            return GiveUp("There is no such arrangement.")
        except (Busy, Unavailable) as unavailable:
            return Again(unavailable.code)
        except RefusedAnswer as refused:
            wait = _HOUR if refused.code == SafeguardingDayNotReady.code else None
            return Again(refused.code, wait)
        return Done()

    async def carry_out(self, tenant_id: UUID, asked: Reconcile) -> schemas.Reconciliation:
        """Do what of a day is not done yet. Others may do the same at the same time, or before.

        Raises:
            ArrangementNotFound: the tenant has no such.
            RefusedAnswer: it cannot be done now.
        """
        arranged = await self._safeguarding.arranged(tenant_id, asked.arrangement_id)
        actor = f"safeguarding:{asked.arrangement_id}"
        begin = BeginSafeguarding(asked.arrangement_id, asked.day, actor, is_asked=False)
        answer = await self._submit(tenant_id, asked, arranged.book_id, begin, "begin")
        begun = answer.value(schemas.Reconciliation)
        if begun.result is not None:
            return begun
        finish = FinishSafeguarding(
            begun.id,
            begun.arrangement_id,
            await self._safeguarding.terms(tenant_id, begun),
            await self._safeguarding.figures(tenant_id, begun),
            actor,
        )
        answer = await self._submit(tenant_id, asked, arranged.book_id, finish, "finish")
        done = answer.value(schemas.Reconciliation)
        assert done.result is not None
        if answer.status == _CREATED:
            SAFEGUARDING.labels(done.result.outcome).inc()
        return done

    async def _submit(
        self, tenant_id: UUID, asked: Reconcile, book_id: UUID, rider: "Rider", verb: str
    ) -> Answer:
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"safeguarding:{asked.arrangement_id}",
            action=f"safeguarding_reconciliation.{verb}",
            resource=f"/v1/safeguarding-arrangements/{asked.arrangement_id}",
            origin="job",
        )
        return await self._ledger.submit(call, book_id, rider)

    def handling(self) -> Handling[Reconcile]:
        """Who carries out the jobs, for the runner of a process."""
        return Handling(RECONCILE, self.run)
