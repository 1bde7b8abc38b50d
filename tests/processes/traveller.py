"""A process that pays between two books, each payment under a key that a repeat gives again."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.payments import NewPayment, Payment
from bezant.payments.orders.schemas import Creditor
from forking import say, serve
from processes.shopkeeper import call_of
from processes.wired import opened_payments


class Task(msgspec.Struct):
    """What to do: a payment for each key."""

    url: str
    run_folder: str
    tenant_id: UUID
    payer: UUID
    payee: UUID
    keys: list[str]


async def work(task: Task) -> None:
    payments = await opened_payments(task.url, task.run_folder)
    say("ready")
    for key in task.keys:
        new = NewPayment(task.payer, Creditor(account_id=task.payee), "EUR", "7")
        answer = await payments.orders.create(call_of(task.tenant_id, key), new)
        answer.value(Payment)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
