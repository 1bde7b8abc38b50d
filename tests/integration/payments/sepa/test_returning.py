"""Money asked back and given back, from our side."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from bezant.formats.iso20022 import pacs004, pacs008
from bezant.payments.rails import Asked, NotSent, Pending, Rejected, Returning, Settled
from bezant.payments.rails.sepa import InstantRail
from bezant.payments.sandbox import csm
from clearing import (
    INSTITUTION,
    OUR_BIC,
    OUR_IBAN,
    TENANT,
    THEIR_BIC,
    THEIR_IBAN,
    System,
    clearing_system,
    rails_to,
)


@pytest.fixture
async def system() -> AsyncIterator[System]:
    async with clearing_system() as system:
        yield system


@pytest.fixture
async def rail(system: System) -> AsyncIterator[InstantRail]:
    async with rails_to(system.url, system.clock) as (instant, _):
        yield instant


async def received(system: System) -> Asked:
    """A credit that we got, as its bank asks it back."""
    now, name = system.clock.now(), uuid4().hex
    transfer = pacs008.CreditTransfer(
        None,
        "E-1",
        name,
        1_000,
        "EUR",
        now,
        pacs008.AccountOwner("Grace Hopper", THEIR_IBAN, THEIR_BIC),
        pacs008.AccountOwner("Ada Lovelace", OUR_IBAN, OUR_BIC),
        None,
    )
    message = pacs008.CreditTransfers(name, now, now.date(), "INST", (transfer,))
    await system.clearing.take("sct_inst", THEIR_BIC, pacs008.write_pacs008(message))
    assert system.statuses() == [("ACSC", None)]
    return Asked(
        TENANT, INSTITUTION, uuid4(), now, uuid4(), "case", name, THEIR_BIC, 1_000, "EUR", "DUPL"
    )


async def test_money_is_given_back_once(system: System, rail: InstantRail) -> None:
    assert isinstance(rail, Returning)
    asked = await received(system)
    first = await rail.send_return(asked)
    system.clock.advance(seconds=60)
    again = await rail.send_return(asked)
    assert isinstance(first, Settled)
    assert isinstance(again, Settled)
    assert system.clearing.books.position(OUR_BIC) == 0
    [transfer] = system.clearing.transfers.values()
    assert transfer.returned == 1_000


@pytest.mark.parametrize(("scheme", "settles"), [(0, "2026-04-03"), (1, "2026-04-07")])
async def test_a_return_settles_on_a_day_of_its_scheme(
    system: System, monkeypatch: pytest.MonkeyPatch, scheme: int, settles: str
) -> None:
    told: list[bytes] = []
    asked = await received(system)
    monkeypatch.setattr(system.deliveries, "tell", lambda _, raw, *__: told.append(raw))
    system.clearing.admit(csm.Participant(THEIR_BIC, "https://bank.example/sepa"))
    # In Frankfurt it is Good Friday already.
    late = replace(asked, at=datetime(2026, 4, 2, 22, 30, tzinfo=UTC))
    async with rails_to(system.url, system.clock) as rails:
        assert isinstance(await rails[scheme].send_return(late), Settled)
    assert str(pacs004.read_pacs004(told[0]).settlement_date) == settles


async def test_a_second_return_of_the_same_credit_moves_nothing(
    system: System, rail: InstantRail
) -> None:
    asked = await received(system)
    await rail.send_return(asked)
    outcome = await rail.send_return(replace(asked, message_id=uuid4()))
    assert not isinstance(outcome, Settled | Pending)
    assert system.clearing.books.position(OUR_BIC) == 0


async def test_a_return_that_was_refused_is_given_anew_under_another_name(
    system: System, rail: InstantRail
) -> None:
    asked = await received(system)
    [transfer] = system.clearing.transfers.values()
    transfer.status = "PDNG"
    assert await rail.send_return(asked) == await rail.send_return(asked)
    transfer.status = "ACSC"
    assert isinstance(await rail.send_return(asked), Rejected), "its name stands for the first"
    system.clock.advance(seconds=60)
    anew = replace(asked, message_id=uuid4(), at=system.clock.now())
    assert isinstance(await rail.send_return(anew), Settled)
    assert system.clearing.books.position(OUR_BIC) == 0


async def test_what_nobody_sent_cannot_be_given_back(system: System, rail: InstantRail) -> None:
    asked = replace(await received(system), original_transaction_id="another")
    assert isinstance(await rail.send_return(asked), Rejected)
    assert system.clearing.books.position(OUR_BIC) == 1_000


async def test_recalls_and_their_refusals_reach_the_other_bank(
    system: System, rail: InstantRail, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await received(system)
    told: list[str] = []
    monkeypatch.setattr(system.deliveries, "tell", lambda url, *_: told.append(url))
    system.clearing.admit(csm.Participant(THEIR_BIC, "https://bank.example/sepa"))
    assert isinstance(await rail.answer_recall(asked, "CUST"), Pending)
    outgoing = system.outgoing()
    # Their bank is asked about it, and nobody answers there: it is not settled.
    system.clearing.admit(csm.Participant(THEIR_BIC))
    assert isinstance(await rail.send(outgoing), Settled)
    system.clearing.admit(csm.Participant(THEIR_BIC, "https://bank.example/sepa"))
    ours = replace(
        asked,
        original_transaction_id=outgoing.attempt_id.hex,
        counterparty_bic=None,
        counterparty_iban=THEIR_IBAN,
    )
    assert isinstance(await rail.send_recall(ours), Pending)
    assert told == [f"https://bank.example/sepa/sct_inst/{THEIR_BIC}"] * 2


async def test_without_the_other_bank_nothing_is_sent(system: System, rail: InstantRail) -> None:
    asked = replace(await received(system), counterparty_bic=None)
    assert await rail.send_recall(asked) == NotSent("NO_COUNTERPARTY")
    assert await rail.answer_recall(asked, "CUST") == NotSent("NO_COUNTERPARTY")


async def test_a_line_that_is_down_is_not_taken_for_an_answer(
    system: System, rail: InstantRail
) -> None:
    asked = await received(system)
    await system.server.close()
    for outcome in (
        await rail.send_return(asked),
        await rail.send_recall(asked),
        await rail.answer_recall(asked, "CUST"),
    ):
        assert outcome == NotSent("NOT_REACHED")
