"""A process that orders a payment over SEPA, or sees to those of others, and stops at a step."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import JobRunner
from bezant.ledger import Ledger
from bezant.payments import NewPayment, Payment
from bezant.payments.orders.schemas import Creditor
from bezant.payments.rails.sepa.rail import CsmRail
from bezant.server.banking import Banking
from bezant.server.payments import Payments
from bezant.vault import VaultClient
from clearing import THEIR_IBAN, participants, rails_to
from forking import say, serve, stop_here
from processes.payer import call_of

IDS = TimeOrderedIds()
LEASE = timedelta(seconds=3)
"""Of jobs: how long one whose process was killed is left alone."""


class Task(msgspec.Struct):
    """What to do.

    Attributes:
        vault: its socket.
        csm: the clearing system's address.
        rail: order a payment over it; empty to see to what others have ordered.
        step: where to stop for ever; empty for nowhere.
    """

    url: str
    run_folder: str
    vault: str
    csm: str
    tenant_id: UUID
    institution_id: UUID
    payer: UUID
    rail: str = ""
    step: str = ""


def stop_at(step: str) -> None:
    """Have rails stop before or after they have sent, or asked."""
    when, _, what = step.partition(" ")
    if not what:
        return
    act = getattr(CsmRail, what)

    async def stopping(*given: Any) -> Any:  # noqa: ANN401 - as the rail's own
        if when == "before":
            await stop_here(step)
        outcome = await act(*given)
        await stop_here(step)
        return outcome

    setattr(CsmRail, what, stopping)


async def work(task: Task) -> None:
    stop_at(task.step)
    database = await Database.open(task.url, name="survivor")
    clock = SystemClock()
    ledger = Ledger(database, Path(task.run_folder), clock=clock, ids=IDS)
    await ledger.start()
    sealer = VaultClient(Path(task.vault), "test")
    accounts = Banking.of(database, clock, IDS, ledger, sealer, bytes(32)).accounts
    who = participants(task.tenant_id, task.institution_id)
    async with rails_to(task.csm, clock, who=who) as rails:
        named = {rail.name: rail for rail in rails}
        payments = Payments.of(database, clock, IDS, ledger, accounts, bytes(32), named)
        if task.rail:
            creditor = Creditor(iban=THEIR_IBAN, name="Grace Hopper")
            new = NewPayment(task.payer, creditor, "EUR", "100", "Ada Lovelace", task.rail)
            made = await payments.orders.create(call_of(task.tenant_id, "one"), new)
            payments.execution.begin(task.tenant_id, made.value(Payment).id)
        else:
            handlings = [payments.execution.handling()]
            JobRunner(database, clock, IDS, handlings, lease=LEASE).start()
        say("ready")
        await asyncio.Event().wait()


if __name__ == "__main__":
    serve(Task, work)
