"""Collections between customers: announced, settled on their day, and given back once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bezant.kernel.database import Database
from bezant.payments.direct_debits import schemas
from bezant.payments.direct_debits.collecting import LEGAL, DebitState
from bezant.payments.direct_debits.controls import Standing
from bezant.payments.direct_debits.domain import Scheme, Sequence
from bezant.payments.direct_debits.errors import ReasonUnfit
from debiting import CREDITOR, DUE, Collecting, open_collecting
from fixtures_ledger import code


@pytest.fixture
async def desk(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    async with open_collecting(database, run_folder) as desk:
        yield desk


REFUND = schemas.RefundAsked()
UNAUTHORISED = schemas.RefundAsked(unauthorised=True)


async def test_a_collection_is_seen_by_its_payer_and_settles_on_its_day_once(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    debit = await desk.collect(await desk.mandate(payee, payer))
    page = await desk.direct.debits.page(
        desk.bank.tenant_id, schemas.DebitsOf(debtor_account=payer), after=None, limit=10
    )
    assert [(each.id, each.due_on, each.state) for each in page.direct_debits] == [
        (debit, DUE, DebitState.ANNOUNCED)
    ]
    await desk.wind_to(DUE - timedelta(days=1))
    assert await desk.booked(payer) == 5_000
    await desk.wind_to(DUE)
    await desk.work()
    assert (await desk.booked(payer), await desk.booked(payee)) == (4_000, 1_000)
    view = await desk.view(debit)
    assert (view.state, view.sequence, view.debited_on) == (
        DebitState.SETTLED,
        Sequence.FIRST,
        DUE,
    )
    posted = await desk.bank.transaction(debit)
    assert posted.id == debit, "the ledger knows the collection by its own identifier"


async def test_the_schemas_table_of_states_is_the_codes(database: Database) -> None:
    rows = await database.fetch("SELECT from_state, to_state FROM legal_direct_debit_step")
    told = {(before or "none", str(after)) for before, states in LEGAL.items() for after in states}
    assert {(row["from_state"], row["to_state"]) for row in rows} == told


async def test_sequences_follow_from_the_mandate_and_the_last_one_ends_it(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(10_000), await desk.open()
    mandate = await desk.mandate(payee, payer)
    debits = [
        await desk.collect(mandate, due=DUE + timedelta(days=number), is_final=number == 2)
        for number in range(4)
    ]
    await desk.wind_to(DUE + timedelta(days=9))
    sequences = [(await desk.view(debit)).sequence for debit in debits]
    assert sequences == [Sequence.FIRST, Sequence.RECURRENT, Sequence.FINAL, None]
    assert await desk.state(debits[3]) == (DebitState.REJECTED, "MD01")
    assert await desk.booked(payee) == 3_000
    assert code(await desk.asked(mandate, due=DUE + timedelta(days=40))) == "MANDATE_NOT_USABLE"


async def test_a_one_off_mandate_is_collected_once(desk: Collecting) -> None:
    payer, payee = await desk.open(10_000), await desk.open()
    mandate = await desk.mandate(payee, payer, one_off=True)
    first, second = await desk.collect(mandate), await desk.collect(mandate)
    await desk.wind_to(DUE)
    states = {(await desk.state(each))[0] for each in (first, second)}
    assert states == {DebitState.SETTLED, DebitState.REJECTED}
    assert await desk.booked(payee) == 1_000


async def test_the_payer_is_told_in_time_and_due_dates_are_days_of_target(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(10_000), await desk.open()
    mandate = await desk.mandate(payee, payer)
    soon = desk.clock.now().date() + timedelta(days=13)
    assert code(await desk.asked(mandate, due=soon)) == "NOTICE_TOO_SHORT"
    agreed = await desk.mandate(payee, payer, notice_days=1)
    assert code(await desk.asked(agreed, due=desk.clock.now().date())) == "NOTICE_TOO_SHORT"
    good_friday = date(2026, 4, 3)
    debit = await desk.collect(mandate, due=good_friday)
    await desk.wind_to(date(2026, 4, 6))
    assert (await desk.state(debit))[0] is DebitState.ANNOUNCED, "Easter Monday"
    await desk.wind_to(date(2026, 4, 7))
    assert (await desk.view(debit)).debited_on == date(2026, 4, 7)


async def test_a_mandate_that_lapses_before_the_due_date_collects_nothing(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(10_000), await desk.open()
    old = await desk.mandate(payee, payer, signed_on=date(2023, 3, 18))
    assert code(await desk.asked(old)) == "MANDATE_NOT_USABLE"
    assert not (await desk.asked(old, due=DUE - timedelta(days=1))).is_refusal


async def test_a_cancelled_mandate_collects_nothing_more(desk: Collecting) -> None:
    payer, payee = await desk.open(10_000), await desk.open()
    mandate = await desk.mandate(payee, payer)
    debit = await desk.collect(mandate)
    service = desk.direct.debits.mandates
    await service.cancel(desk.bank.call(), mandate)
    assert code(await service.cancel(desk.bank.call(), mandate)) == "DEBIT_MANDATE_ENDED"
    await desk.wind_to(DUE)
    assert await desk.state(debit) == (DebitState.REJECTED, "MD01")
    assert await desk.booked(payer) == 10_000


async def test_a_reference_is_a_creditors_once(desk: Collecting) -> None:
    payer, payee = await desk.open(), await desk.open()
    await desk.mandate(payee, payer, reference="M-7")
    # The business code is no part of who the creditor is.
    again = {"creditor_id": "DE98 ABC0 9999 9999 99", "reference": "M-7"}
    assert code(await desk.asked_mandate(payee, payer, **again)) == "DEBIT_MANDATE_EXISTS"
    await desk.mandate(payee, payer, creditor_id="FR72ZZZ123456", reference="M-7")


async def test_what_lacks_money_or_may_not_leave_is_rejected_with_its_code(
    desk: Collecting,
) -> None:
    payee = await desk.open()
    poor, blocked, kept, closed, rich = [
        await desk.open(amount) for amount in (999, 5_000, 5_000, 0, 5_000)
    ]
    debits = [
        await desk.collect(await desk.mandate(payee, payer))
        for payer in (poor, blocked, kept, closed, rich)
    ]
    await desk.block(blocked)
    await desk.block(kept, asset="EUR", amount="4500")
    await desk.close(closed)
    await desk.wind_to(DUE)
    assert [await desk.state(debit) for debit in debits] == [
        (DebitState.REJECTED, "AM04"),
        (DebitState.REJECTED, "AC06"),
        (DebitState.REJECTED, "AM04"),
        (DebitState.REJECTED, "AC04"),
        (DebitState.SETTLED, None),
    ]
    assert await desk.booked(payee) == 1_000


async def test_a_creditor_who_may_not_be_credited_gets_nothing_and_nothing_is_taken(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    debit = await desk.collect(await desk.mandate(payee, payer))
    await desk.block(payee, direction="credit")
    await desk.wind_to(DUE)
    assert await desk.state(debit) == (DebitState.REJECTED, "MS03")
    assert await desk.booked(payer) == 5_000


async def test_a_refund_within_eight_weeks_needs_no_reason(desk: Collecting) -> None:
    payer, payee, debit = await desk.settled()
    await desk.wind_to(DUE + timedelta(weeks=8))
    answer = await desk.direct.debits.refund(desk.bank.call(), debit, REFUND)
    view = answer.value(schemas.DirectDebit)
    assert (view.state, view.reason, view.is_owed) == (DebitState.REFUNDED, "MD06", False)
    assert (await desk.booked(payer), await desk.booked(payee)) == (10_000, 0)


async def test_after_eight_weeks_only_what_was_never_allowed_is_refunded(
    desk: Collecting,
) -> None:
    payer, _, debit = await desk.settled()
    await desk.wind_to(DUE + timedelta(weeks=8, days=1))
    late = await desk.direct.debits.refund(desk.bank.call(), debit, REFUND)
    assert code(late) == "REFUND_NOT_DUE"
    await desk.wind_to(date(2027, 4, 18))
    answer = await desk.direct.debits.refund(desk.bank.call(), debit, UNAUTHORISED)
    assert answer.value(schemas.DirectDebit).reason == "MD01"
    assert await desk.booked(payer) == 10_000


async def test_a_payer_is_refunded_whether_or_not_the_creditor_has_the_money(
    desk: Collecting,
) -> None:
    payer, payee, debit = await desk.settled()
    await desk.bank.pay(f"accounts:{payee}:EUR", "world", 1)
    answer = await desk.direct.debits.refund(desk.bank.call(), debit, REFUND)
    assert answer.value(schemas.DirectDebit).is_owed
    assert (await desk.booked(payer), await desk.booked(payee)) == (10_000, 999)
    assert await desk.bank.posted(f"receivable:{payee}:EUR") == 1_000


async def test_of_many_who_take_it_back_at_once_one_does(desk: Collecting) -> None:
    payer, payee, debit = await desk.settled()
    debits = desk.direct.debits
    reason = schemas.DebitReason("MS02")
    answers = await asyncio.gather(
        *(debits.refund(desk.bank.call(), debit, REFUND) for _ in range(10)),
        *(debits.give_back(desk.bank.call(), debit, reason) for _ in range(10)),
        *(debits.reverse(desk.bank.call(), debit, reason) for _ in range(10)),
    )
    assert [answer.is_refusal for answer in answers].count(False) == 1
    assert (await desk.booked(payer), await desk.booked(payee)) == (10_000, 0)


async def test_a_cancellation_and_the_day_race_and_one_of_them_wins(desk: Collecting) -> None:
    payer, payee = await desk.open(10_000), await desk.open()
    debits = [await desk.collect(await desk.mandate(payee, payer), 100) for _ in range(10)]
    wait = DUE - desk.clock.now().date()
    desk.clock.advance(seconds=int(wait.total_seconds()))
    asked = schemas.DebitReason("CUST")
    cancellations = [desk.direct.debits.cancel(desk.bank.call(), each, asked) for each in debits]
    runs = [desk.run("direct_debit.run", each) for each in debits]
    mixed = [each for pair in zip(cancellations, runs, strict=True) for each in pair]
    await asyncio.gather(*mixed)
    states = [(await desk.state(each))[0] for each in debits]
    assert set(states) <= {DebitState.SETTLED, DebitState.CANCELLED}
    assert await desk.booked(payee) == 100 * states.count(DebitState.SETTLED)
    assert await desk.booked(payer) == 10_000 - await desk.booked(payee)


async def test_a_debtor_refuses_before_the_day_and_not_after(desk: Collecting) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    debit = await desk.collect(await desk.mandate(payee, payer))
    refused = await desk.direct.debits.refuse(desk.bank.call(), debit)
    assert refused.value(schemas.DirectDebit).reason == "MS02"
    again = await desk.direct.debits.refuse(desk.bank.call(), debit)
    assert code(again) == "DIRECT_DEBIT_STATE"
    await desk.wind_to(DUE)
    assert await desk.booked(payer) == 5_000


async def test_returns_and_reversals_have_their_codes_and_their_days(desk: Collecting) -> None:
    debits = desk.direct.debits
    payer, _, debit = await desk.settled()
    with pytest.raises(ReasonUnfit):
        await debits.give_back(desk.bank.call(), debit, schemas.DebitReason("MD06"))
    # Five business days after a Wednesday is the next one.
    await desk.wind_to(DUE + timedelta(days=8))
    late = await debits.give_back(desk.bank.call(), debit, schemas.DebitReason("MD07"))
    assert code(late) == "BACK_TOO_LATE"
    late = await debits.reverse(desk.bank.call(), debit, schemas.DebitReason("AM05"))
    assert code(late) == "BACK_TOO_LATE"
    assert await desk.booked(payer) == 9_000


async def test_an_amended_mandate_is_the_one_that_its_payer_stopped(desk: Collecting) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    mandate = await desk.mandate(payee, payer, reference="OLD")
    stopped = schemas.PayerMandateStanding(CREDITOR, "OLD", Scheme.CORE, "stopped")
    mandates = desk.direct.debits.mandates
    await mandates.set_payer_mandate(desk.bank.call(), payer, stopped)
    debit = await desk.collect(mandate)
    amendment = schemas.MandateAmendment(reference="NEW")
    await mandates.amend(desk.bank.call(), mandate, amendment)
    await desk.wind_to(DUE)
    assert await desk.state(debit) == (DebitState.REJECTED, "MS02")


async def test_the_next_collection_carries_an_amendment_and_the_one_after_does_not(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    mandate = await desk.mandate(payee, payer, reference="OLD")
    debits = [await desk.collect(mandate, due=DUE + timedelta(days=each)) for each in (0, 1)]
    amendment = schemas.MandateAmendment(reference="NEW")
    await desk.direct.debits.mandates.amend(desk.bank.call(), mandate, amendment)
    await desk.wind_to(DUE + timedelta(days=1))
    tenant_id = desk.bank.tenant_id
    first, second = [await desk.direct.debits.content(tenant_id, each) for each in debits]
    assert first.mandate.reference == second.mandate.reference == "NEW"
    assert first.mandate.former == schemas.Former(reference="OLD")
    assert second.mandate.former is None
    known = await desk.direct.debits.mandates.payer_mandates(tenant_id, payer, after=None, limit=10)
    assert [each.standing for each in known.mandates] == [Standing.KNOWN]
    assert known.mandates[0].last_debited_on == DUE + timedelta(days=1)


async def test_a_b2b_debit_waits_for_its_payers_word_and_is_not_refunded(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    mandate = await desk.mandate(payee, payer, reference="B-1", scheme="b2b")
    unconfirmed = await desk.collect(mandate)
    await desk.wind_to(DUE)
    assert await desk.state(unconfirmed) == (DebitState.REJECTED, "MD01")
    confirmed = schemas.PayerMandateStanding(CREDITOR, "B-1", Scheme.B2B, "confirmed")
    mandates = desk.direct.debits.mandates
    await mandates.set_payer_mandate(desk.bank.call(), payer, confirmed)
    due = DUE + timedelta(days=28)
    debit = await desk.collect(mandate, due=due)
    await desk.wind_to(due)
    assert (await desk.state(debit))[0] is DebitState.SETTLED
    refund = await desk.direct.debits.refund(desk.bank.call(), debit, REFUND)
    assert code(refund) == "REFUND_NOT_DUE"


async def test_a_consumer_confirms_no_mandate_of_b2b_and_pays_none_confirmed_before(
    desk: Collecting,
) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    mandate = await desk.mandate(payee, payer, reference="B-2", scheme="b2b")
    confirmed = schemas.PayerMandateStanding(CREDITOR, "B-2", Scheme.B2B, "confirmed")
    mandates = desk.direct.debits.mandates
    assert not (await mandates.set_payer_mandate(desk.bank.call(), payer, confirmed)).is_refusal
    debit = await desk.collect(mandate)
    await desk.held_by(payer, "person")
    again = await mandates.set_payer_mandate(desk.bank.call(), payer, confirmed)
    assert code(again) == "NOT_FOR_CONSUMERS"
    for said in (replace(confirmed, scheme=Scheme.CORE), replace(confirmed, standing="stopped")):
        other = replace(said, reference="B-3")
        assert not (await mandates.set_payer_mandate(desk.bank.call(), payer, other)).is_refusal
    await desk.wind_to(DUE)
    assert await desk.state(debit) == (DebitState.REJECTED, "AC13")
    assert await desk.booked(payer) == 5_000


async def test_lists_are_of_one_side_and_come_in_pages(desk: Collecting) -> None:
    payer, payee = await desk.open(), await desk.open()
    mandate = await desk.mandate(payee, payer)
    debits = [await desk.collect(mandate) for _ in range(3)]
    tenant_id, of = desk.bank.tenant_id, schemas.DebitsOf(creditor_account=payee)
    first = await desk.direct.debits.page(tenant_id, of, after=None, limit=2)
    assert first.next is not None
    rest = await desk.direct.debits.page(tenant_id, of, after=first.next, limit=2)
    assert rest.next is None
    found = [each.id for page in (first, rest) for each in page.direct_debits]
    assert found == sorted(debits)
    nobody = schemas.DebitsOf(creditor_account=payer)
    page = await desk.direct.debits.page(tenant_id, nobody, after=None, limit=2)
    assert page.direct_debits == []
