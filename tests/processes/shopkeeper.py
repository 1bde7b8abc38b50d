"""A process that takes payments step by step, each under a key that a repeat gives again."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.calls import Call
from bezant.payments.captures.schemas import Authorization, NewAuthorization, NewCapture
from bezant.payments.refunds.schemas import NewRefund
from bezant.payments.settlements.schemas import NewSettlementBatch
from forking import say, serve
from processes.wired import IDS, opened_payments


class Task(msgspec.Struct):
    """What to do: a payment for each key."""

    url: str
    run_folder: str
    tenant_id: UUID
    payer: UUID
    payee: UUID
    keys: list[str]


def call_of(tenant_id: UUID, key: str) -> Call:
    """The request of a key."""
    return Call(
        id=IDS.new(),
        tenant_id=tenant_id,
        actor="key:test",
        action="payment.test",
        resource="/v1/payments",
        origin="test",
        idempotency_key=key,
        fingerprint=key.encode(),
    )


async def work(task: Task) -> None:
    payments = await opened_payments(task.url, task.run_folder)
    say("ready")
    for key in task.keys:

        def call(step: str, key: str = key) -> Call:
            return call_of(task.tenant_id, f"{key}-{step}")

        new = NewAuthorization(task.payer, task.payee, "EUR", "100")
        answer = await payments.captures.authorize(call("authorize"), new)
        payment = answer.value(Authorization).id
        await payments.captures.capture(call("part"), payment, NewCapture("40"))
        await payments.refunds.refund(call("refund"), payment, NewRefund("returned", "10"))
        await payments.captures.capture(call("rest"), payment, NewCapture("30", final=True))
        batch = NewSettlementBatch("EUR")
        await payments.settlements.settle(call("settle"), task.payee, batch)
    say("done")
    await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
