"""Whatever a network does at any byte: no answer of ours contradicts the clearing system."""

from collections.abc import AsyncIterator

import pytest

from bezant.payments.rails import Absent, NotSent, Settled, Unknown
from clearing import System, clearing_system, rails_to
from faults.proxy import Fault, FaultProxy, Plan, Side

pytestmark = pytest.mark.long

IMPATIENT_S = 0.05
PATIENT_S = 20.0
STEPS = {Fault.DROP: 7, Fault.TRUNCATE: 61, Fault.DELAY: 61, Fault.DUPLICATE: 61}
"""At which bytes the suite has a fault; `make campaign` has it at each."""


@pytest.fixture
async def system() -> AsyncIterator[System]:
    async with clearing_system() as system:
        yield system


@pytest.fixture
async def proxy(system: System) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(system.server.port).serving() as proxy:
        yield proxy


async def one(system: System, proxy: FaultProxy, plan: Plan) -> None:
    """Send a payment through a fault, and ask what became of it."""
    outgoing = system.outgoing()
    name = outgoing.attempt_id.hex
    way = f"http://127.0.0.1:{proxy.port}"
    async with rails_to(way, system.clock, answer_s=PATIENT_S) as (rail, _):
        # On a connection that is there: to make one may take longer than the patience.
        assert isinstance(await rail.inquire(outgoing), Absent)
        proxy.begin(plan)
        if plan.fault is not Fault.DROP:
            rail._link.answer_s = IMPATIENT_S
        outcome = await rail.send(outgoing)
    proxy.plan = None
    taken = {transaction for _, transaction in system.clearing.transfers}
    assert isinstance(outcome, Settled | Unknown), "it was sent: at the least in part"
    assert not isinstance(outcome, Settled) or name in taken
    await proxy.release()
    taken = {transaction for _, transaction in system.clearing.transfers}
    system.clock.advance(seconds=60)
    async with rails_to(system.url, system.clock) as (rail, _):
        truth = await rail.inquire(outgoing)
    assert isinstance(truth, Settled if name in taken else NotSent)


async def lengths(system: System, proxy: FaultProxy) -> dict[Side, int]:
    """How many bytes an undisturbed exchange has."""
    async with rails_to(f"http://127.0.0.1:{proxy.port}", system.clock) as (rail, _):
        proxy.begin(None)
        assert isinstance(await rail.send(system.outgoing()), Settled)
    assert all(proxy.longest.values())
    return dict(proxy.longest)


def check(system: System, proxy: FaultProxy, faults: int) -> None:
    """Every fault happened, and what was taken is what was paid, once each."""
    assert proxy.faults == faults
    settled = sum(1_000 for status, _ in system.statuses() if status == "ACSC")
    assert system.clearing.books.positions() == {"COBADEFFXXX": -settled, "BUKBGB22XXX": settled}


@pytest.mark.parametrize(("fault", "step"), STEPS.items())
@pytest.mark.parametrize("side", Side)
async def test_bytes_may_stay_out_come_late_or_twice(
    system: System, proxy: FaultProxy, side: Side, fault: Fault, step: int
) -> None:
    places = range(0, (await lengths(system, proxy))[side], step)
    for at in places:
        await one(system, proxy, Plan(fault, side, at))
    check(system, proxy, len(places))


@pytest.mark.campaign
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("side", Side)
async def test_the_same_at_every_byte(
    system: System, proxy: FaultProxy, side: Side, fault: Fault
) -> None:
    count = (await lengths(system, proxy))[side]
    for at in range(count):
        await one(system, proxy, Plan(fault, side, at))
    check(system, proxy, count)
