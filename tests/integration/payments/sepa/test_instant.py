"""SCT Inst over HTTP, with a clearing system that answers well, badly or not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bezant.payments.rails import (
    Absent,
    Coordinates,
    NotForRail,
    NotSent,
    Outcome,
    Outgoing,
    Pending,
    Rejected,
    Settled,
    Unknown,
)
from bezant.payments.rails.sepa import InstantRail
from bezant.payments.rails.sepa.codes import Use, allowed
from bezant.payments.sandbox.csm import Behaviour, Misbehaviour, Rule
from clearing import OUR_BIC, THEIR_BIC, System, clearing_system, rails_to

AFTERWARDS_S = 60


@pytest.fixture
async def system() -> AsyncIterator[System]:
    async with clearing_system() as system:
        yield system


@pytest.fixture
async def rail(system: System) -> AsyncIterator[InstantRail]:
    async with rails_to(system.url, system.clock) as (instant, _):
        yield instant


def positions(system: System) -> tuple[int, int]:
    books = system.clearing.books
    return books.position(OUR_BIC), books.position(THEIR_BIC)


async def test_what_is_sent_is_settled_once(system: System, rail: InstantRail) -> None:
    outgoing = system.outgoing()
    outcome = await rail.send(outgoing)
    assert isinstance(outcome, Settled)
    assert outcome.reference == outgoing.attempt_id.hex
    assert positions(system) == (-1_000, 1_000)


async def test_repeats_are_one_payment_and_have_one_answer(
    system: System, rail: InstantRail
) -> None:
    outgoing = system.outgoing()
    outcomes = await asyncio.gather(*(rail.send(outgoing) for _ in range(20)))
    assert {type(each) for each in outcomes} == {Settled}
    [transfer] = system.clearing.transfers.values()
    assert transfer.raw.count(outgoing.attempt_id.hex.encode()) == 2
    assert positions(system) == (-1_000, 1_000)


@pytest.mark.parametrize("code", [*allowed(Use.REJECT, "sct_inst"), "XX99"])
async def test_a_rejection_is_final_with_the_code_as_it_came(
    system: System, rail: InstantRail, code: str
) -> None:
    system.behave(Misbehaviour.DECLINED, code)
    outgoing = system.outgoing()
    outcome = await rail.send(outgoing)
    if code == "AM05":
        assert isinstance(outcome, Unknown), "a duplicate of what may have been carried out"
        outcome = await rail.inquire(outgoing)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert positions(system) == (0, 0)


UNKNOWN_WHY = {
    Misbehaviour.TAKEN_DROPPED: "CUT_OFF",
    Misbehaviour.TAKEN_CUT_SHORT: "CUT_OFF",
    Misbehaviour.TAKEN_ERROR: "HTTP_503",
    Misbehaviour.TAKEN_GARBAGE: "UNREADABLE",
    Misbehaviour.TAKEN_OTHER_PAYMENT: "OTHER_MESSAGE",
    Misbehaviour.TAKEN_OTHER_AMOUNT: "OTHER_AMOUNT",
}


@pytest.mark.parametrize("kind", UNKNOWN_WHY)
async def test_without_a_sure_answer_it_is_unknown_until_somebody_asks(
    system: System, rail: InstantRail, kind: Misbehaviour
) -> None:
    system.behave(kind)
    outgoing = system.outgoing()
    outcome = await rail.send(outgoing)
    assert isinstance(outcome, Unknown)
    assert outcome.why == UNKNOWN_WHY[kind]
    assert isinstance(await rail.inquire(outgoing), Settled)
    assert positions(system) == (-1_000, 1_000)


@pytest.mark.parametrize("kind", [Misbehaviour.TAKEN_SILENT, Misbehaviour.TAKEN_LATE])
async def test_an_answer_that_does_not_come_in_time_is_unknown(
    system: System, kind: Misbehaviour
) -> None:
    system.behave(kind)
    outgoing = system.outgoing()
    async with rails_to(system.url, system.clock, answer_s=0.3) as (impatient, _):
        outcome = await impatient.send(outgoing)
    assert outcome == Unknown("TIMEOUT")
    async with rails_to(system.url, system.clock) as (rail, _):
        assert isinstance(await rail.inquire(outgoing), Settled)


@pytest.mark.parametrize("kind", [Misbehaviour.DROPPED, Misbehaviour.ERROR])
async def test_what_never_arrived_is_proven_only_when_it_cannot_arrive_any_more(
    system: System, rail: InstantRail, kind: Misbehaviour
) -> None:
    system.behave(kind)
    outgoing = system.outgoing()
    assert isinstance(await rail.send(outgoing), Unknown)
    assert isinstance(await rail.inquire(outgoing), Absent)
    system.clock.advance(seconds=AFTERWARDS_S)
    assert await rail.inquire(outgoing) == NotSent("NOOR")
    assert positions(system) == (0, 0)


async def test_what_is_too_old_is_neither_sent_nor_taken(system: System, rail: InstantRail) -> None:
    outgoing = system.outgoing()
    system.clock.advance(seconds=10)
    assert await rail.send(outgoing) == NotSent("TOO_LATE")
    assert system.statuses() == []
    # As if it had been under way for all that time.
    system.clock.advance(seconds=1)
    late = replace(system.outgoing(), accepted_at=outgoing.accepted_at)
    rail._is_too_late = lambda *_: False  # type: ignore[method-assign]
    outcome = await rail.send(late)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "TM01"


async def test_only_a_connection_that_was_never_made_proves_that_nothing_was_sent(
    system: System, rail: InstantRail
) -> None:
    await system.server.close()
    outgoing = system.outgoing()
    assert await rail.send(outgoing) == NotSent("NOT_REACHED")
    assert await rail.inquire(outgoing) == Unknown("NOT_REACHED")


@pytest.mark.parametrize(
    ("kind", "last"),
    [(Misbehaviour.PENDING, Settled), (Misbehaviour.PENDING_DECLINED, Rejected)],
)
async def test_a_pending_payment_ends_with_what_a_later_question_brings(
    system: System, rail: InstantRail, kind: Misbehaviour, last: type[Outcome]
) -> None:
    system.behave(kind)
    outgoing = system.outgoing()
    assert isinstance(await rail.send(outgoing), Pending)
    assert isinstance(await rail.inquire(outgoing), Pending)
    assert isinstance(await rail.inquire(outgoing), last)
    paid = 1_000 if last is Settled else 0
    assert positions(system) == (-paid, paid)


async def test_the_name_of_a_payee_can_ask_for_a_misbehaviour(
    system: System, rail: InstantRail
) -> None:
    outcome = await rail.send(system.outgoing(name="Sandbox declined AC06"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "AC06"


async def test_a_rule_is_for_what_fits_it_alone(system: System, rail: InstantRail) -> None:
    behaviour = Behaviour(Misbehaviour.DECLINED, "AC06")
    system.clearing.behaviours.rules.append(Rule(behaviour, amount=6_600))
    assert isinstance(await rail.send(system.outgoing(amount=6_600)), Rejected)
    assert isinstance(await rail.send(system.outgoing(amount=6_601)), Settled)


async def test_a_clearing_system_can_deny_later_what_it_said(
    system: System, rail: InstantRail
) -> None:
    system.behave(Misbehaviour.LIES_LATE)
    outgoing = system.outgoing()
    assert isinstance(await rail.send(outgoing), Settled), "the answer that an order keeps"
    assert isinstance(await rail.inquire(outgoing), Rejected)
    assert positions(system) == (-1_000, 1_000)


async def test_another_payment_of_the_same_name_moves_nothing(
    system: System, rail: InstantRail
) -> None:
    outgoing = system.outgoing()
    await rail.send(outgoing)
    outcome = await rail.send(replace(outgoing, amount=2_000))
    assert isinstance(outcome, Unknown)
    assert positions(system) == (-1_000, 1_000)


async def test_a_stranger_is_not_answered(system: System, rail: InstantRail) -> None:
    rail._link._session.headers["Authorization"] = "Bearer guessed"
    outcome = await rail.send(system.outgoing())
    assert outcome == Unknown("HTTP_401")
    assert system.statuses() == []


def changed(outgoing: Outgoing, **members: object) -> Outgoing:
    return replace(outgoing, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"asset": "USD"}, "asset"),
        ({"amount": 0}, "amount"),
        ({"amount": 100_000_000_000}, "amount"),
        ({"creditor": Coordinates("", "DE89370400440532013000")}, "creditor.name"),
        ({"creditor": Coordinates("x" * 71, "DE89370400440532013000")}, "creditor.name"),
        ({"creditor": Coordinates("Ана", "DE89370400440532013000")}, "creditor.name"),
        ({"creditor": Coordinates("Ana", "BR1800360305000010009795493C1")}, "creditor.name"),
        ({"creditor": Coordinates("Ana", "AT611904300234573201")}, "creditor.iban"),
        ({"end_to_end_id": "/E"}, "end_to_end_id"),
        ({"end_to_end_id": "E//1"}, "end_to_end_id"),
        ({"end_to_end_id": "E" * 36}, "end_to_end_id"),
        ({"end_to_end_id": "Ü"}, "end_to_end_id"),
        ({"remittance": "x" * 141}, "remittance"),
        ({"institution_id": "another"}, "rail"),
    ],
)
async def test_what_the_scheme_could_never_carry_out_is_refused(
    system: System, rail: InstantRail, change: dict[str, object], field: str
) -> None:
    rail.check(system.outgoing())
    with pytest.raises(NotForRail) as refused:
        rail.check(changed(system.outgoing(), **change))
    assert refused.value.field == field


async def test_letters_are_written_as_near_as_the_scheme_has_them(
    system: System, rail: InstantRail
) -> None:
    outgoing = system.outgoing(name="Müller & Søn Straße")
    rail.check(outgoing)
    assert isinstance(await rail.send(outgoing), Settled)
    [transfer] = system.clearing.transfers.values()
    assert transfer.terms.creditor.name == "Muller + Son Strasse"
