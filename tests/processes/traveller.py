"""A process that pays between two books, each payment under a key that a repeat gives again."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.payments import NewPayment, Payment
from bezant.payments.orders.schemas import Creditor
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from forking import say, serve
from processes.shopkeeper import IDS, call_of


class Task(msgspec.Struct):
    """What to do: a payment for each key."""

    url: str
    run_folder: str
    tenant_id: UUID
    payer: UUID
    payee: UUID
    keys: list[str]


async def work(task: Task) -> None:
    database = await Database.open(task.url, name="traveller")
    clock = SystemClock()
    ledger = Ledger(database, Path(task.run_folder), clock=clock, ids=IDS)
    await ledger.start()
    accounts = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32)).accounts
    payments = Payments.of(database, clock, IDS, ledger, accounts, bytes(32), {})
    say("ready")
    for key in task.keys:
        new = NewPayment(task.payer, Creditor(account_id=task.payee), "EUR", "7")
        answer = await payments.orders.create(call_of(task.tenant_id, key), new)
        answer.value(Payment)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
