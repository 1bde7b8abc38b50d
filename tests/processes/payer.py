"""A process that orders payments and sends them, and stops at a step."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.calls import Call
from bezant.payments import NewPayment, Payment
from bezant.payments.orders.schemas import Creditor
from bezant.payments.rails import Outcome, Outgoing
from forking import say, serve, stop_here
from processes.wired import IDS, opened_payments
from schemes import SchemeClient


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        step: where to stop for ever; none for nowhere.
    """

    url: str
    run_folder: str
    scheme: str
    tenant_id: UUID
    payer: UUID
    keys: list[str]
    step: str = ""


class Stopping(SchemeClient):
    """A rail whose caller stops before or after it has sent."""

    def __init__(self, path: Path, step: str) -> None:
        super().__init__(path)
        self._step = step

    async def send(self, outgoing: Outgoing) -> Outcome:
        if self._step == "before send":
            await stop_here(self._step)
        outcome = await super().send(outgoing)
        if self._step == "after send":
            await stop_here(self._step)
        return outcome


def call_of(tenant_id: UUID, key: str) -> Call:
    """The request of a key."""
    return Call(
        id=IDS.new(),
        tenant_id=tenant_id,
        actor="key:test",
        action="payment.create",
        resource="/v1/payments",
        origin="test",
        idempotency_key=key,
        fingerprint=key.encode(),
    )


def payment_from(payer: UUID) -> NewPayment:
    """What every request asks for."""
    creditor = Creditor(iban="GB33BUKB20201555555555", name="Grace Hopper")
    return NewPayment(payer, creditor, "EUR", "100", "Ada Lovelace", "scheme")


async def work(task: Task) -> None:
    rail = Stopping(Path(task.scheme), task.step)
    payments = await opened_payments(task.url, task.run_folder, rail)
    say("ready")
    for key in task.keys:
        call = call_of(task.tenant_id, key)
        answer = await payments.orders.create(call, payment_from(task.payer))
        made = answer.value(Payment)
        say("ordered", made.id)
        payments.execution.begin(task.tenant_id, made.id)
    await payments.execution.close()
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
