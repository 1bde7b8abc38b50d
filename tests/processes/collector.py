"""A process that carries out the jobs of collections, and stops at a step."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Job
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.payments.direct_debits import Collection, GivenBack, Kept, Withdrawn
from bezant.payments.direct_debits.jobs import RUN, OfDebit
from bezant.payments.rails import Pending, Rejected, Settled, Unknown
from bezant.server.banking import Banking
from bezant.server.direct_debits import DirectDebits
from forking import say, serve, stop_here

IDS = TimeOrderedIds()


class Task(msgspec.Struct):
    """Whose collections to carry out."""

    url: str
    run_folder: str
    tenant_id: UUID
    debits: list[UUID]


class Stopping:
    """A rail whose caller stops before it has sent."""

    name = "sdd"

    def check(self, _: Collection) -> None:
        pass

    async def withdraw(self, _collection: Collection, _code: str) -> Withdrawn | Kept | Unknown:
        return Unknown("STOPPED")

    async def present(self, _: Collection) -> Settled | Pending | Rejected | Unknown:
        await stop_here("before present")
        return Unknown("STOPPED")

    async def tell(self, _: GivenBack) -> Pending | Rejected | Unknown:
        await stop_here("before tell")
        return Unknown("STOPPED")


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="collector")
    clock = SystemClock()
    ledger = Ledger(database, Path(task.run_folder), clock=clock, ids=IDS)
    await ledger.start()
    banking = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32))
    direct = DirectDebits.of(
        database, clock, IDS, ledger, banking.accounts, bytes(32), {"sdd": Stopping()}
    )
    say("ready")
    for debit_id in task.debits:
        job = Job(
            id=IDS.new(),
            tenant_id=task.tenant_id,
            kind=RUN.name,
            payload=OfDebit(debit_id),
            attempt=1,
            epoch=1,
            key=None,
            order=0,
            since=datetime.now(UTC),
        )
        await direct.runs.run(job)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
