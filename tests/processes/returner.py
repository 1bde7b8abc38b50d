"""A process that tells what recalls have become and refunds claims, and stops at a step."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.payments.rails import Asked, Outcome
from bezant.payments.returns.jobs import PAY_CLAIM, TELL, PayClaim, Tell
from bulks import job_of
from forking import say, serve, stop_here
from processes.wired import opened_payments
from schemes import SchemeClient


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        recalls: of which the other bank is to hear.
        claims: payments whose claims are due.
        step: where to stop for ever; none for nowhere.
    """

    url: str
    run_folder: str
    scheme: str
    tenant_id: UUID
    recalls: list[UUID] = []
    claims: list[UUID] = []
    step: str = ""


class Stopping(SchemeClient):
    """A rail whose caller stops before or after it has told."""

    def __init__(self, path: Path, step: str) -> None:
        super().__init__(path)
        self._step = step

    async def _tell(self, word: str, asked: Asked, refusal: str = "") -> Outcome:
        if self._step == "before tell":
            await stop_here(self._step)
        outcome = await super()._tell(word, asked, refusal)
        if self._step == "after tell":
            await stop_here(self._step)
        return outcome


async def work(task: Task) -> None:
    rail = Stopping(Path(task.scheme), task.step)
    payments = await opened_payments(task.url, task.run_folder, rail)
    say("ready")
    for recall in task.recalls:
        await payments.recalls.tell(job_of(TELL.name, task.tenant_id, Tell(recall)))
    for order_id in task.claims:
        await payments.claims.pay(job_of(PAY_CLAIM.name, task.tenant_id, PayClaim(order_id)))
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
