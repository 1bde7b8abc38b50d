"""A process that does what the jobs of files and days do, and stops at a step."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.payments.bulk.records import ORDER_CHUNK, OrderChunk
from bezant.payments.orders.jobs import DUE, Due
from bezant.payments.standing.records import RUN, Run
from bezant.payments.vop import ListedPayees, Patience
from bezant.server.banking import Banking
from bezant.server.payees import Payees
from bezant.server.payments import Payments
from bulks import job_of, verify_chunk, written
from forking import say, serve, stop_here
from schemes import SchemeClient

IDS = TimeOrderedIds()


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        verified: chunks of the file whose payees are to be verified; no other bank is known here.
        chunks: of the file, to be ordered.
        due: payments whose day it is.
        standing: a standing order, and how many of its days are over.
        step: where to stop for ever; none for nowhere.
    """

    url: str
    run_folder: str
    scheme: str
    tenant_id: UUID
    bulk_id: UUID | None = None
    verified: int = 0
    chunks: int = 0
    due: list[UUID] = []
    standing: UUID | None = None
    days: int = 0
    step: str = ""


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="bulk payer")
    clock = SystemClock()
    ledger = Ledger(database, Path(task.run_folder), clock=clock, ids=IDS)
    await ledger.start()
    banking = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32))
    rail = SchemeClient(Path(task.scheme))
    payments = Payments.of(
        database, clock, IDS, ledger, banking.accounts, bytes(32), {rail.name: rail}
    )
    payees = Payees.of(
        database, clock, IDS, banking, Unsealed(), bytes(32), ListedPayees([]), Patience()
    )
    verifying = payees.of_files(database, payments.orders)
    say("ready")
    for chunk_no in range(task.verified):
        assert task.bulk_id is not None
        outcome = await verify_chunk(verifying, task.tenant_id, task.bulk_id, chunk_no)
        if task.step == "verified":
            await stop_here(task.step)
        await written(database, task.tenant_id, outcome)
    for chunk_no in range(task.chunks):
        assert task.bulk_id is not None
        job = job_of(ORDER_CHUNK.name, task.tenant_id, OrderChunk(task.bulk_id, chunk_no))
        outcome = await payments.bulk_runs.order(job)
        if task.step == "ordered":
            await stop_here(task.step)
        await written(database, task.tenant_id, outcome)
    for no in range(1, task.days + 1):
        assert task.standing is not None
        await payments.standing_runs.run(job_of(RUN.name, task.tenant_id, Run(task.standing, no)))
    for order_id in task.due:
        await payments.due.carry_out(job_of(DUE.name, task.tenant_id, Due(order_id)))
    await payments.execution.close()
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
