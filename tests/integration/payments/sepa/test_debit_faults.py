"""A clearing system that misbehaves, and a network that fails: nothing is debited twice or lost."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bezant.kernel.database import Database
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.sandbox.csm import Misbehaviour
from debit_street import AMOUNT, EVE, FUNDS, Street, open_street
from debiting import DUE
from faults.proxy import Fault, Plan, Side

S = DebitState
HONEST_BOOKS = [kind for kind in Misbehaviour if kind is not Misbehaviour.DECLINED]


@pytest.fixture
async def street(database: Database, run_folder: Path) -> AsyncIterator[Street]:
    async with open_street(database, run_folder) as street:
        yield street


@pytest.mark.parametrize("kind", HONEST_BOOKS)
async def test_whatever_the_clearing_system_does_it_is_debited_and_refunded_once(
    street: Street, kind: Misbehaviour
) -> None:
    pair = await street.opened()
    street.system.behave(kind, delay_s=1.5)
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    await street.cycle()
    await street.cycle()
    await street.work()
    assert await pair.states() == (S.SETTLED, S.SETTLED)
    assert await pair.money() == (AMOUNT, FUNDS - AMOUNT)
    await pair.refund()
    await street.cycle()
    await street.work()
    assert await pair.states() == (S.REFUNDED, S.REFUNDED)
    assert await pair.money() == (0, FUNDS)


@pytest.mark.parametrize("kind", [Misbehaviour.NONE, Misbehaviour.DELIVERED_TWICE,
                                  Misbehaviour.REORDERED, Misbehaviour.TAKEN_DROPPED])  # fmt: skip
async def test_whatever_the_clearing_system_does_it_is_cancelled_once(
    street: Street, kind: Misbehaviour
) -> None:
    pair = await street.opened()
    street.system.behave(kind)
    await street.wind_to(EVE)
    await pair.cancel()
    await street.work()
    assert await pair.states() == (S.CANCELLED, S.CANCELLED)
    await street.wind_to(DUE)
    assert await street.cycle() == 0
    assert await pair.money() == (0, FUNDS)


async def test_what_the_clearing_system_declines_ends_with_its_code(street: Street) -> None:
    pair = await street.opened()
    street.system.behave(Misbehaviour.DECLINED, code="ED05")
    await street.wind_to(EVE)
    assert await street.creditors.state(pair.debit) == (S.REJECTED, "ED05")


async def test_a_settlement_that_nobody_told_of_is_found_by_asking(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    deaf = street.system.clearing._participants.pop("COBADEFFXXX")
    await street.cycle()
    assert (await street.creditors.state(pair.debit))[0] is S.PRESENTED
    await street.work()
    assert await pair.states() == (S.SETTLED, S.SETTLED)
    street.system.clearing.admit(deaf)


async def test_a_lie_about_what_was_rejected_moves_nothing_and_is_told(street: Street) -> None:
    pair = await street.opened()
    street.system.behave(Misbehaviour.DECLINED)
    await street.wind_to(EVE)
    desk = street.creditors
    for _ in range(2):
        assert not await desk.direct.collections.settled(desk.bank.tenant_id, pair.debit)
    assert (await desk.state(pair.debit))[0] is S.REJECTED
    assert await desk.booked(pair.payee) == 0
    told = [
        row["text"]
        for table in ("event", "event_pending")
        for row in await desk.bank.database.fetch(
            f"SELECT t::text AS text FROM {table} AS t WHERE tenant_id = $1", desk.bank.tenant_id
        )
    ]
    assert sum("direct_debit.contradicted" in text for text in told) == 2


@pytest.mark.parametrize("seed", range(6))
async def test_collections_over_a_bad_network_are_each_settled_and_given_back_once(
    street: Street, seed: int
) -> None:
    dice = random.Random(seed)
    pairs = [await street.opened() for _ in range(3)]
    for day in (EVE, DUE):
        await street.wind_to(day)
        for _ in range(4):
            side = dice.choice(list(Side))
            fault = dice.choice([Fault.DROP, Fault.TRUNCATE, Fault.DUPLICATE])
            street.proxy.begin(Plan(fault, side, dice.randrange(1_200)))
            await street.work()
        street.proxy.begin(None)
        await street.work()
    await street.cycle()
    await street.work()
    assert [await pair.states() for pair in pairs] == [(S.SETTLED, S.SETTLED)] * 3
    street.proxy.begin(Plan(Fault.DROP, Side.ANSWER, dice.randrange(500)))
    for pair in pairs[:2]:
        await pair.refund()
    await street.work()
    assert [await pair.money() for pair in pairs] == [(0, FUNDS)] * 2 + [(AMOUNT, FUNDS - AMOUNT)]
