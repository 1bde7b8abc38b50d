"""SCT: taken at once, settled with a cycle on a day of TARGET."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bezant.formats.iso20022 import pacs008
from bezant.kernel.clock import ManualClock
from bezant.payments.rails import Absent, NotSent, Pending, Rejected, Settled, Unknown
from bezant.payments.rails.sepa import TransferRail
from bezant.payments.rails.sepa.codes import Use, allowed
from bezant.payments.sandbox.csm import Misbehaviour
from clearing import System, clearing_system, rails_to

GOOD_FRIDAY = datetime(2026, 4, 3, 12, tzinfo=UTC)
FOUR_DAYS_S = 4 * 86_400


@pytest.fixture
async def system() -> AsyncIterator[System]:
    async with clearing_system() as system:
        yield system


@pytest.fixture
async def rail(system: System) -> AsyncIterator[TransferRail]:
    async with rails_to(system.url, system.clock) as (_, transfer):
        yield transfer


def test_no_answer_is_waited_for(rail: TransferRail) -> None:
    assert rail.answers_within_s is None
    assert rail.settlement_account("EUR") == "settlement:sct:EUR"


async def test_a_cycle_settles_what_was_taken_once(system: System, rail: TransferRail) -> None:
    outgoing = system.outgoing()
    assert isinstance(await rail.send(outgoing), Pending)
    assert isinstance(await rail.send(outgoing), Pending), "a repeat"
    assert system.clearing.books.positions() == {}
    assert isinstance(await rail.inquire(outgoing), Pending)
    assert system.clearing.cycle() == 1
    assert system.clearing.cycle() == 0
    assert isinstance(await rail.inquire(outgoing), Settled)
    assert system.clearing.books.position("BUKBGB22XXX") == 1_000


async def test_on_a_holiday_nothing_settles_until_target_opens() -> None:
    clock = ManualClock(GOOD_FRIDAY)
    async with clearing_system(clock) as system, rails_to(system.url, clock) as (_, rail):
        system.clock.advance(seconds=int((GOOD_FRIDAY - system.clock.now()).total_seconds()))
        outgoing = system.outgoing()
        assert isinstance(await rail.send(outgoing), Pending)
        [transfer] = system.clearing.transfers.values()
        assert str(transfer.message.settlement_date) == "2026-04-07", "after Easter Monday"
        assert system.clearing.cycle() == 0
        clock.advance(seconds=FOUR_DAYS_S)
        assert system.clearing.cycle() == 1
        assert isinstance(await rail.inquire(outgoing), Settled)


@pytest.mark.parametrize("code", allowed(Use.REJECT, "sct"))
async def test_a_rejection_that_comes_later_is_final_with_its_code(
    system: System, rail: TransferRail, code: str
) -> None:
    system.behave(Misbehaviour.PENDING_DECLINED, code)
    outgoing = system.outgoing()
    assert isinstance(await rail.send(outgoing), Pending)
    system.clearing.cycle()
    assert isinstance(await rail.inquire(outgoing), Pending)
    outcome = await rail.inquire(outgoing)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert system.clearing.books.positions() == {}


async def test_what_never_arrived_is_proven_half_an_hour_after_it_was_sent(
    system: System, rail: TransferRail
) -> None:
    system.behave(Misbehaviour.DROPPED)
    outgoing = system.outgoing()
    system.clock.advance(seconds=3_600)
    assert isinstance(await rail.send(outgoing), Unknown)
    assert isinstance(await rail.inquire(outgoing), Absent), "somebody may send it yet"
    outgoing = replace(outgoing, sent_by=system.clock.now())
    system.clock.advance(seconds=29 * 60)
    assert isinstance(await rail.inquire(outgoing), Absent)
    system.clock.advance(seconds=60)
    assert await rail.inquire(outgoing) == NotSent("NOOR")


async def test_an_attempt_is_the_same_message_whenever_it_is_made(
    system: System, rail: TransferRail
) -> None:
    outgoing = system.outgoing()
    await rail.send(outgoing)
    [transfer] = system.clearing.transfers.values()
    before = transfer.raw
    system.clock.advance(seconds=1_000)
    await rail.send(outgoing)
    [transfer] = system.clearing.transfers.values()
    assert transfer.raw == before
    message = pacs008.read_pacs008(before)
    assert message.created_at == outgoing.accepted_at
    assert message.created_at - system.clock.now() == timedelta(seconds=-1_000)
