"""Collections between banks: taken once, debited on their day, told once, and conserved."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Again, Done
from bezant.kernel.sealing import SealedSecret
from bezant.payments import Verdict
from bezant.payments.direct_debits import (
    Declined,
    Kept,
    Taken,
    TooEarly,
    Withdrawn,
    schemas,
)
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.domain import Scheme, Sequence
from bezant.payments.direct_debits.reasons import Back, fits
from bezant.payments.rails import NotForRail, Pending, Rejected, Unknown
from bezant.server.contents_key import contents_sealer
from checking import welcoming
from debiting import DUE, ELSEWHERE, Collecting, open_collecting

SETTLEMENT = "settlement:sdd:EUR"
EVE = DUE - timedelta(days=1)


@pytest.fixture
async def desk(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    async with open_collecting(database, run_folder) as desk:
        yield desk


async def debited(desk: Collecting) -> tuple[UUID, UUID]:
    """A payer, and another bank's collection that was debited."""
    payer = await desk.open(5_000)
    debit = await desk.taken(await desk.incoming(payer))
    await desk.wind_to(DUE)
    assert (await desk.state(debit))[0] is DebitState.SETTLED
    return payer, debit


async def test_of_many_offers_of_one_collection_one_is_taken_and_debited_once(
    desk: Collecting,
) -> None:
    payer = await desk.open(5_000)
    incoming = await desk.incoming(payer)
    offers = [desk.direct.collections.offer(incoming) for _ in range(50)]
    [taken] = set(await asyncio.gather(*offers))
    assert isinstance(taken, Taken)
    other = await desk.direct.collections.offer(replace(incoming, amount=2_000))
    assert other == Declined("AM05")
    await desk.wind_to(EVE)
    assert await desk.booked(payer) == 5_000
    await desk.wind_to(DUE)
    assert await desk.booked(payer) == 4_000
    assert await desk.bank.posted(SETTLEMENT) == -1_000
    assert desk.scheme.told == {}


async def test_what_no_account_here_is_for_is_declined(desk: Collecting) -> None:
    payer = await desk.open(5_000)
    incoming = await desk.incoming(payer)
    says = schemas.MandateContent("FR72ZZZ123456", "A", "R-1", "Ada", ELSEWHERE)
    unknown = replace(incoming, content=schemas.DebitContent(says, DUE, "E-1"))
    assert await desk.direct.collections.offer(unknown) == Declined("AC01")
    of_others = replace(incoming, institution_id=UUID(int=7))
    assert await desk.direct.collections.offer(of_others) == Declined("AC01")
    wrong = await desk.incoming(payer, creditor_id="FR00ZZZ123456")
    assert await desk.direct.collections.offer(wrong) == Declined("BE05")


async def test_what_the_payer_does_not_allow_is_told_to_the_creditors_bank_once(
    desk: Collecting,
) -> None:
    payer = await desk.open(5_000)
    blocked = schemas.NewDebitControls(is_blocked=True)
    await desk.direct.debits.mandates.set_controls(desk.bank.call(), payer, blocked)
    incoming = await desk.incoming(payer)
    debit = await desk.taken(incoming)
    assert await desk.state(debit) == (DebitState.REJECTED, "SL01")
    desk.scheme.on_tell = Unknown("TIMEOUT")
    assert [type(each) for each in await desk.work()] == [Again]
    desk.scheme.on_tell = Pending("scheme")
    await desk.work()
    told = desk.scheme.told[debit]
    assert (told.back, told.code) == (Back.REJECT, "SL01")
    assert told.original is not None
    assert told.original.transaction_id == incoming.transaction_id


async def test_without_money_on_the_day_it_is_rejected_and_told(desk: Collecting) -> None:
    payer = await desk.open(999)
    debit = await desk.taken(await desk.incoming(payer))
    await desk.wind_to(DUE)
    await desk.work()
    assert await desk.state(debit) == (DebitState.REJECTED, "AM04")
    assert desk.scheme.told[debit].code == "AM04"
    assert await desk.booked(payer) == 999


@pytest.mark.parametrize("verdict", [Verdict.BLOCK, Verdict.REVIEW])
async def test_a_collection_that_a_check_does_not_let_in_is_rejected_and_waits_for_nobody(
    desk: Collecting, verdict: Verdict
) -> None:
    payer = await desk.open(5_000)
    with welcoming(verdict) as check:
        debit = await desk.taken(await desk.incoming(payer))
    assert await desk.state(debit) == (DebitState.REJECTED, "RR04")
    [asked] = check.asked
    assert (asked.id, asked.kind, asked.account_id) == (debit, "direct_debit", payer)
    assert not asked.can_wait
    await desk.work()
    told = desk.scheme.told[debit]
    assert (told.back, told.code) == (Back.REJECT, "RR04")


async def test_a_collection_is_judged_again_on_its_day(desk: Collecting) -> None:
    payer = await desk.open(5_000)
    debit = await desk.taken(await desk.incoming(payer))
    with welcoming(Verdict.BLOCK):
        await desk.wind_to(DUE)
    await desk.work()
    assert await desk.state(debit) == (DebitState.REJECTED, "RR04")
    assert desk.scheme.told[debit].code == "RR04"
    assert await desk.booked(payer) == 5_000


async def test_a_b2b_collection_of_another_bank_needs_the_payers_word(desk: Collecting) -> None:
    payer = await desk.open(5_000)
    debit = await desk.taken(await desk.incoming(payer, scheme=Scheme.B2B))
    assert await desk.state(debit) == (DebitState.REJECTED, "MD01")


async def test_a_b2b_collection_from_a_consumer_is_rejected_as_such(desk: Collecting) -> None:
    for kind, code in (("person", "AC13"), ("organisation", "MD01")):
        payer = await desk.open(5_000)
        await desk.held_by(payer, kind)
        debit = await desk.taken(await desk.incoming(payer, scheme=Scheme.B2B))
        assert await desk.state(debit) == (DebitState.REJECTED, code)
        await desk.work()
        told = desk.scheme.told[debit]
        assert (told.code, fits(told.code, told.back)) == (code, True)
        core = await desk.taken(await desk.incoming(payer))
        assert (await desk.state(core))[0] is DebitState.RECEIVED


async def test_a_refund_takes_the_money_back_from_the_scheme_and_tells_it(
    desk: Collecting,
) -> None:
    payer, debit = await debited(desk)
    refund = schemas.RefundAsked()
    await desk.direct.debits.refund(desk.bank.call(), debit, refund)
    await desk.work()
    assert (await desk.booked(payer), await desk.bank.posted(SETTLEMENT)) == (5_000, 0)
    assert desk.scheme.told[debit].back is Back.REFUND


async def test_the_creditors_bank_cancels_before_the_day_and_reverses_after(
    desk: Collecting,
) -> None:
    collections, tenant_id = desk.direct.collections, desk.bank.tenant_id
    payer, debit = await debited(desk)
    assert not await collections.withdrawn(tenant_id, debit, "DUPL")
    answers = await asyncio.gather(
        *(collections.reversed(tenant_id, debit, "MS02") for _ in range(5))
    )
    assert answers.count(True) == 1
    assert (await desk.booked(payer), await desk.bank.posted(SETTLEMENT)) == (5_000, 0)
    due = DUE + timedelta(days=7)
    waiting = await desk.taken(await desk.incoming(payer, due_on=due))
    assert await collections.withdrawn(tenant_id, waiting, "DUPL")
    await desk.wind_to(due)
    assert await desk.state(waiting) == (DebitState.CANCELLED, "DUPL")
    assert await desk.booked(payer) == 5_000
    assert desk.scheme.told == {}, "who says it has to be told nothing"


async def presented(desk: Collecting) -> tuple[UUID, UUID]:
    """A payee, and a collection of theirs that another bank has."""
    payee = await desk.open()
    debit = await desk.collect(await desk.mandate(payee, ELSEWHERE))
    await desk.wind_to(EVE)
    assert (await desk.state(debit))[0] is DebitState.PRESENTED
    return payee, debit


async def test_a_collection_goes_out_a_business_day_before_and_is_credited_when_settled(
    desk: Collecting,
) -> None:
    payee, debit = await presented(desk)
    sent = desk.scheme.presented[debit]
    assert (sent.sequence, sent.due_on) == (Sequence.FIRST, DUE)
    assert sent.content.mandate.debtor_iban == ELSEWHERE
    assert await desk.booked(payee) == 0
    answers = await asyncio.gather(
        *(desk.direct.collections.settled(desk.bank.tenant_id, debit) for _ in range(5))
    )
    assert answers.count(True) == 1
    assert (await desk.booked(payee), await desk.bank.posted(SETTLEMENT)) == (1_000, 1_000)


async def test_no_answer_is_asked_again_with_the_same_words(desk: Collecting) -> None:
    payee = await desk.open()
    debit = await desk.collect(await desk.mandate(payee, ELSEWHERE))
    desk.scheme.on_present = Unknown("TIMEOUT")
    await desk.wind_to(EVE)
    assert [type(each) for each in await desk.work()] == [Done, Again]
    desk.scheme.on_present = Pending("scheme")
    [_, waits] = await desk.work()
    assert isinstance(waits, Again)
    assert waits.wait is not None
    assert waits.wait > timedelta(days=1), "what has an answer is asked after its day"
    assert desk.scheme.asked[debit] == 3


async def test_what_the_scheme_rejects_ends_it(desk: Collecting) -> None:
    payee = await desk.open()
    debit = await desk.collect(await desk.mandate(payee, ELSEWHERE))
    desk.scheme.on_present = Rejected("RC01")
    await desk.wind_to(EVE)
    assert await desk.state(debit) == (DebitState.REJECTED, "RC01")
    assert await desk.booked(payee) == 0


@pytest.mark.parametrize(
    ("answered", "state"),
    [
        (Unknown("TIMEOUT"), DebitState.PRESENTED),
        (Kept("ARDT"), DebitState.PRESENTED),
        (Withdrawn(), DebitState.CANCELLED),
    ],
)
async def test_what_is_presented_is_cancelled_by_the_scheme_alone(
    desk: Collecting, answered: Withdrawn | Kept | Unknown, state: DebitState
) -> None:
    _, debit = await presented(desk)
    asked = schemas.DebitReason("CUST")
    desk.scheme.on_withdraw = answered
    answer = await desk.direct.debits.cancel(desk.bank.call(), debit, asked)
    assert answer.value(schemas.DirectDebit).state is DebitState.PRESENTED
    await desk.work()
    assert desk.scheme.withdrawn == {debit: "CUST"}
    assert (await desk.state(debit))[0] is state


async def test_what_the_scheme_could_never_carry_out_is_refused(desk: Collecting) -> None:
    mandate = await desk.mandate(await desk.open(), ELSEWHERE)
    with pytest.raises(NotForRail):
        await desk.asked(mandate, asset="CHF")


async def test_what_comes_back_before_it_has_settled_has_to_come_again(desk: Collecting) -> None:
    _, debit = await presented(desk)
    collections, tenant_id = desk.direct.collections, desk.bank.tenant_id
    with pytest.raises(TooEarly):
        await collections.given_back(tenant_id, debit, Back.RETURN, "AM04")
    await collections.settled(tenant_id, debit)
    assert await collections.given_back(tenant_id, debit, Back.RETURN, "AM04")


async def test_messages_that_changed_something_are_kept_sealed(desk: Collecting) -> None:
    _, debit = await presented(desk)
    collections, tenant_id = desk.direct.collections, desk.bank.tenant_id
    for _ in range(2):
        await collections.settled(tenant_id, debit, b"<settled/>")
    await collections.given_back(tenant_id, debit, Back.RETURN, "AM04", b"<returned/>")
    rows = await desk.bank.database.fetch(
        "SELECT sealed FROM direct_debit_message WHERE tenant_id = $1 ORDER BY message_id",
        tenant_id,
    )
    context = b"direct_debit_message" + tenant_id.bytes + debit.bytes
    sealer = contents_sealer(bytes(32))
    opened = [sealer.open(SealedSecret(row["sealed"]), context) for row in rows]
    assert opened == [b"<settled/>", b"<returned/>"]


@pytest.mark.parametrize(
    ("back", "sent", "stored"),
    [
        (Back.RETURN, "AM04", "AM04"),
        (Back.REFUND, "MD06", "MD06"),
        (Back.RETURN, "ZZ99", "MS03"),
    ],
)
async def test_what_comes_back_is_debited_from_the_creditor_once(
    desk: Collecting, back: Back, sent: str, stored: str
) -> None:
    payee, debit = await presented(desk)
    collections, tenant_id = desk.direct.collections, desk.bank.tenant_id
    await collections.settled(tenant_id, debit)
    answers = await asyncio.gather(
        *(collections.given_back(tenant_id, debit, back, sent) for _ in range(5))
    )
    assert answers.count(True) == 1
    assert (await desk.state(debit))[1] == stored
    assert (await desk.booked(payee), await desk.bank.posted(SETTLEMENT)) == (0, 0)


async def test_what_comes_back_from_a_creditor_without_money_is_a_receivable(
    desk: Collecting,
) -> None:
    payee, debit = await presented(desk)
    collections, tenant_id = desk.direct.collections, desk.bank.tenant_id
    await collections.settled(tenant_id, debit)
    await desk.bank.pay(f"accounts:{payee}:EUR", "world", 1_000)
    await collections.given_back(tenant_id, debit, Back.REFUND, "MD01")
    assert (await desk.view(debit)).is_owed
    assert (await desk.booked(payee), await desk.bank.posted(SETTLEMENT)) == (0, 0)
    assert await desk.bank.posted(f"receivable:{payee}:EUR") == 1_000


async def test_a_debtor_who_moves_here_is_debited_here(desk: Collecting) -> None:
    payee, payer = await desk.open(), await desk.open(5_000)
    mandate = await desk.mandate(payee, ELSEWHERE)
    debit = await desk.collect(mandate)
    debtor = schemas.Debtor("Ada Lovelace", await desk.iban(payer))
    amendment = schemas.MandateAmendment(debtor=debtor)
    await desk.direct.debits.mandates.amend(desk.bank.call(), mandate, amendment)
    await desk.wind_to(EVE)
    assert (await desk.state(debit))[0] is DebitState.ANNOUNCED
    await desk.wind_to(DUE)
    view = await desk.view(debit)
    assert (view.rail, view.debtor_account, view.debited_on) == ("book", payer, DUE)
    assert await desk.booked(payer) == 4_000
    assert desk.scheme.presented == {}


async def test_a_collection_due_on_a_holiday_goes_out_before_it(desk: Collecting) -> None:
    payee = await desk.open()
    mandate = await desk.mandate(payee, ELSEWHERE)
    debit = await desk.collect(mandate, due=date(2026, 4, 3))
    await desk.wind_to(date(2026, 4, 1))
    assert (await desk.state(debit))[0] is DebitState.ANNOUNCED
    # It settles on the Tuesday after Easter: the business day before is the Thursday.
    await desk.wind_to(date(2026, 4, 2))
    assert (await desk.state(debit))[0] is DebitState.PRESENTED


async def test_nothing_of_people_is_in_the_clear(desk: Collecting) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    mandate = await desk.mandate(payee, payer, reference="SECRET-REFERENCE")
    await desk.collect(mandate, remittance="SECRET-TEXT")
    await desk.wind_to(DUE)
    iban = await desk.iban(payer)
    for table in ("direct_debit", "direct_debit_content", "direct_debit_mandate", "payer_mandate",
                  "event", "event_pending", "job", "audit_entry"):  # fmt: skip
        rows = await desk.bank.database.fetch(
            f"SELECT t::text AS text FROM {table} AS t WHERE tenant_id = $1",
            desk.bank.tenant_id,
        )
        for row in rows:
            for secret in ("SECRET", "Lovelace", iban):
                # Binary columns are shown in hexadecimal.
                assert secret not in row["text"]
                assert secret.encode().hex() not in row["text"]
