"""A process that carries out the jobs of collections, and stops at a step."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
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
from bezant.payments.direct_debits.jobs import (
    RUN,
    SEND,
    TELL,
    WITHDRAW,
    OfBatch,
    OfDebit,
    OfWithdrawal,
)
from bezant.payments.rails import Pending, Rejected, Settled, Unknown
from bezant.server.banking import Banking
from bezant.server.direct_debits import DirectDebits
from forking import say, serve, stop_here

IDS = TimeOrderedIds()
P = TypeVar("P", bound=msgspec.Struct)


class Task(msgspec.Struct):
    """Whose collections to carry out.

    Attributes:
        told: those that have ended, which the other bank is to hear.
        withdrawn: those that were presented, and are to be stopped.
    """

    url: str
    run_folder: str
    tenant_id: UUID
    debits: list[UUID] = []
    told: list[UUID] = []
    withdrawn: list[UUID] = []


class Stopping:
    """A rail whose caller stops before it has sent."""

    name = "sdd"

    def check(self, _: Collection) -> None:
        pass

    async def withdraw(self, _collection: Collection, _code: str) -> Withdrawn | Kept | Unknown:
        await stop_here("before withdraw")
        return Unknown("STOPPED")

    async def present(
        self, collections: Sequence[Collection]
    ) -> dict[UUID, Settled | Pending | Rejected | Unknown]:
        await stop_here("before present")
        return dict.fromkeys([each.id for each in collections], Unknown("STOPPED"))

    async def tell(self, _: GivenBack) -> Pending | Rejected | Unknown:
        await stop_here("before tell")
        return Unknown("STOPPED")


def job_of(task: Task, kind: str, payload: P) -> Job[P]:
    """A job of the tenant's, at its first attempt."""
    return Job(
        id=IDS.new(),
        tenant_id=task.tenant_id,
        kind=kind,
        payload=payload,
        attempt=1,
        epoch=1,
        key=None,
        order=0,
        since=datetime.now(UTC),
    )


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
        await direct.runs.run(job_of(task, RUN.name, OfDebit(debit_id)))
    for debit_id in task.told:
        await direct.runs.tell(job_of(task, TELL.name, OfDebit(debit_id)))
    for debit_id in task.withdrawn:
        await direct.runs.withdraw(job_of(task, WITHDRAW.name, OfWithdrawal(debit_id, "CUST")))
    batches = await database.fetch(
        "SELECT payload FROM job WHERE tenant_id = $1 AND kind = $2", task.tenant_id, SEND.name
    )
    for row in batches:
        batch = msgspec.json.decode(row["payload"], type=OfBatch)
        await direct.runs.sending.send(job_of(task, SEND.name, batch))
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
