"""A process that takes credits as a scheme tells of them, until it is killed."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.payments import Receiver
from bezant.payments.rails import Coordinates, Incoming, Taken
from forking import say, serve, stop_here
from processes.wired import opened_payments

SETTLED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        names: of the transactions.
        step: where to stop for ever; none for nowhere.
    """

    url: str
    run_folder: str
    tenant_id: UUID
    institution_id: UUID
    iban: str
    names: list[str]
    step: str = ""


def incoming(task: Task, name: str) -> Incoming:
    """The credit of a name, of 1.00."""
    return Incoming(
        task.tenant_id,
        task.institution_id,
        "scheme",
        name,
        "BUKBGB22XXX",
        100,
        "EUR",
        Coordinates("Grace Hopper", "GB33BUKB20201555555555"),
        Coordinates("Ada Lovelace", task.iban),
        "NOTPROVIDED",
        None,
        SETTLED_AT,
        b"<pacs.008/>",
    )


async def take(receiver: Receiver, task: Task, name: str) -> None:
    """Take a credit, and hear that it is settled: what a rail does of each."""
    taken = await receiver.offer(incoming(task, name))
    assert isinstance(taken, Taken)
    if task.step == "before conclusion":
        await stop_here(task.step)
    await receiver.conclude(task.tenant_id, taken.order_id, SETTLED_AT)
    if task.step == "after conclusion":
        await stop_here(task.step)


async def work(task: Task) -> None:
    payments = await opened_payments(task.url, task.run_folder)
    say("ready")
    await asyncio.gather(*(take(payments.receiver, task, name) for name in task.names))
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
