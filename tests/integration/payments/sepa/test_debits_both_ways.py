"""Collections between two banks over a clearing system: every way that one can end, booked."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bezant.formats.iso20022 import pacs003
from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.database import Database
from bezant.kernel.sealing import SealedSecret
from bezant.payments.direct_debits import schemas
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.unapplied.domain import MovementKind
from bezant.payments.unapplied.errors import UnappliedNotReturnable
from bezant.payments.unapplied.schemas import Application, Movement, SendingBack
from bezant.server.contents_key import contents_sealer
from debit_street import AMOUNT, EVE, FUNDS, Street, open_street
from debiting import DUE, OURS

S = DebitState
MOVED, UNMOVED = (AMOUNT, FUNDS - AMOUNT), (0, FUNDS)


@pytest.fixture
async def street(database: Database, run_folder: Path) -> AsyncIterator[Street]:
    async with open_street(database, run_folder) as street:
        yield street


async def test_a_collection_is_debited_there_and_credited_here_on_its_day(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    assert await pair.states() == (S.PRESENTED, S.RECEIVED)
    assert await street.cycle() == 0, "it is not due"
    assert await pair.money() == UNMOVED
    await street.wind_to(DUE)
    assert await street.cycle() == 1
    assert await pair.states() == (S.SETTLED, S.SETTLED)
    assert await pair.money() == MOVED
    await street.cycle()
    await street.work()
    assert await pair.money() == MOVED


async def test_without_money_it_is_rejected_before_it_settles(street: Street) -> None:
    pair = await street.opened(AMOUNT - 1)
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    assert await street.cycle() == 0
    assert await pair.states() == (S.REJECTED, S.REJECTED)
    assert (await street.creditors.state(pair.debit))[1] == "AM04"
    assert await pair.money() == (0, AMOUNT - 1)


async def test_found_empty_after_it_settled_it_is_returned(street: Street) -> None:
    pair = await street.opened(AMOUNT - 1)
    await street.wind_to(EVE)
    street.clock.advance(seconds=86_400)
    assert await street.cycle() == 1, "before the debtor's bank has looked at it"
    assert (await street.creditors.state(pair.debit))[0] is S.SETTLED
    await street.work()
    assert await pair.states() == (S.RETURNED, S.REJECTED)
    assert (await street.creditors.state(pair.debit))[1] == "AM04"
    assert await pair.money() == (0, AMOUNT - 1)
    assert street.system.clearing.books.position("COBADEFFXXX") == 0


async def test_what_the_payer_forbids_never_settles(street: Street) -> None:
    pair = await street.opened()
    blocked = schemas.NewDebitControls(is_blocked=True)
    desk = street.debtors
    await desk.direct.debits.mandates.set_controls(desk.bank.call(), pair.payer, blocked)
    await street.wind_to(EVE)
    assert await pair.states() == (S.REJECTED, S.REJECTED)
    assert (await street.creditors.state(pair.debit))[1] == "SL01"


async def test_a_b2b_collection_that_nobody_confirmed_is_rejected(street: Street) -> None:
    pair = await street.opened(scheme="b2b")
    await street.wind_to(EVE)
    assert await street.creditors.state(pair.debit) == (S.REJECTED, "MD01")


async def test_the_payer_refuses_it_before_its_day(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    desk = street.debtors
    await desk.direct.debits.refuse(desk.bank.call(), pair.received)
    await street.work()
    assert await pair.states() == (S.REJECTED, S.REFUSED)
    assert (await street.creditors.state(pair.debit))[1] == "MS02"
    await street.wind_to(DUE)
    assert await street.cycle() == 0
    assert await pair.money() == UNMOVED


@pytest.mark.parametrize(("code", "told"), [("CUST", "CUST"), ("AM05", "DUPL")])
async def test_the_payee_cancels_what_is_presented(street: Street, code: str, told: str) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await pair.cancel(code)
    assert await street.creditors.state(pair.debit) == (S.CANCELLED, code)
    assert await street.debtors.state(pair.received) == (S.CANCELLED, told)
    await street.wind_to(DUE)
    assert await street.cycle() == 0
    assert await pair.money() == UNMOVED


async def test_what_is_cancelled_on_its_day_is_given_back_where_it_was_debited(
    street: Street,
) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    assert await pair.states() == (S.PRESENTED, S.SETTLED)
    await pair.cancel("FRAD")
    assert await pair.states() == (S.CANCELLED, S.REVERSED)
    assert await street.cycle() == 0
    assert await pair.money() == UNMOVED


async def test_it_is_too_late_to_cancel_what_has_settled(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    street.system.clearing.cycle()
    await pair.cancel()
    await street.work()
    assert await pair.states() == (S.SETTLED, S.SETTLED)
    assert await pair.money() == MOVED


async def test_the_payer_is_refunded_within_eight_weeks(street: Street) -> None:
    pair = await (await street.opened()).settled()
    street.clock.advance(seconds=50 * 86_400)
    await pair.refund()
    assert await pair.states() == (S.REFUNDED, S.REFUNDED)
    assert (await street.creditors.state(pair.debit))[1] == "MD06"
    assert await pair.money() == UNMOVED


async def test_without_a_mandate_the_payer_is_refunded_within_thirteen_months(
    street: Street,
) -> None:
    pair = await (await street.opened()).settled()
    street.clock.advance(seconds=300 * 86_400)
    await pair.refund(unauthorised=True)
    assert await pair.states() == (S.REFUNDED, S.REFUNDED)
    assert (await street.creditors.state(pair.debit))[1] == "MD01"
    assert await pair.money() == UNMOVED


async def test_a_refund_before_the_scheme_has_settled_rejects_it(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.wind_to(DUE)
    await pair.refund()
    assert await pair.states() == (S.REJECTED, S.REFUNDED)
    assert await street.cycle() == 0
    assert await pair.money() == UNMOVED


async def test_the_payers_bank_returns_it(street: Street) -> None:
    pair = await (await street.opened()).settled()
    desk = street.debtors
    await desk.direct.debits.give_back(desk.bank.call(), pair.received, schemas.DebitReason("MD07"))
    await street.work()
    assert await pair.states() == (S.RETURNED, S.RETURNED)
    assert (await street.creditors.state(pair.debit))[1] == "MD07"
    assert await pair.money() == UNMOVED


async def test_the_payee_reverses_it(street: Street) -> None:
    pair = await (await street.opened()).settled()
    await pair.reverse()
    assert await pair.states() == (S.REVERSED, S.REVERSED)
    assert (await street.debtors.state(pair.received))[1] == "AM05"
    assert await pair.money() == UNMOVED


async def test_of_a_refund_and_a_reversal_that_cross_one_moves_money(street: Street) -> None:
    pair = await (await street.opened()).settled()
    here, there = street.creditors, street.debtors
    reason = schemas.DebitReason("AM05")
    await here.direct.debits.reverse(here.bank.call(), pair.debit, reason)
    await there.direct.debits.refund(there.bank.call(), pair.received, schemas.RefundAsked())
    await street.work()
    assert await pair.states() == (S.REVERSED, S.REFUNDED)
    assert await pair.money() == UNMOVED


async def test_money_for_a_payee_who_may_not_be_credited_waits(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.creditors.block(pair.payee, direction="credit")
    await street.wind_to(DUE)
    await street.cycle()
    view = await street.creditors.view(pair.debit)
    assert (view.state, view.is_unapplied) == (S.SETTLED, True)
    assert await pair.money() == (0, FUNDS - AMOUNT)
    waiting = f"unapplied:{pair.debit}"
    assert await street.creditors.bank.posted(waiting) == AMOUNT
    await pair.refund()
    assert await street.creditors.bank.posted(waiting) == 0
    assert await pair.money() == UNMOVED


async def test_money_that_waits_for_a_payee_is_sent_back_over_the_scheme(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.creditors.close(pair.payee)
    await street.wind_to(DUE)
    await street.cycle()
    desk = street.creditors
    back = SendingBack("creditor_left", "MS02")
    answer = await desk.direct.unapplied.send_back(desk.bank.call(), pair.debit, back)
    assert answer.status == 201
    await street.work()
    assert await pair.states() == (S.REVERSED, S.REVERSED)
    assert (await street.debtors.state(pair.received))[1] == "MS02"
    assert await street.creditors.bank.posted(f"unapplied:{pair.debit}") == 0
    assert await pair.money() == UNMOVED
    [moved] = (await desk.direct.unapplied.movements(desk.bank.tenant_id, pair.debit)).movements
    assert (moved.kind, moved.amount) == (MovementKind.SENT_BACK, str(AMOUNT))


async def test_after_five_days_money_that_waits_is_not_sent_back(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.creditors.close(pair.payee)
    await street.wind_to(DUE)
    await street.cycle()
    await street.wind_to(DUE + timedelta(days=8))
    desk = street.creditors
    answer = await desk.direct.unapplied.send_back(
        desk.bank.call(), pair.debit, SendingBack("creditor_left")
    )
    with pytest.raises(RefusedAnswer, match="BACK_TOO_LATE"):
        answer.value(Movement)
    listed = await desk.direct.unapplied.page(
        desk.bank.tenant_id, include_gone=False, after=None, limit=10
    )
    assert [(each.id, each.remaining) for each in listed.unapplied_money] == [
        (pair.debit, str(AMOUNT))
    ]


async def test_money_that_a_closed_debtors_account_gets_back_is_the_debtors(
    street: Street,
) -> None:
    pair = await street.opened(AMOUNT)
    await pair.settled()
    await street.debtors.close(pair.payer)
    await pair.reverse()
    desk = street.debtors
    with pytest.raises(UnappliedNotReturnable):
        await desk.direct.unapplied.send_back(
            desk.bank.call(), pair.received, SendingBack("debtor_left")
        )
    account = await desk.open()
    new = Application(account, "new_account_of_debtor")
    assert (await desk.direct.unapplied.apply(desk.bank.call(), pair.received, new)).status == 201
    assert await desk.booked(account) == AMOUNT
    assert not (await desk.view(pair.received)).is_unapplied


async def test_money_for_a_payee_whose_account_has_closed_waits(street: Street) -> None:
    pair = await street.opened()
    await street.wind_to(EVE)
    await street.creditors.close(pair.payee)
    await street.wind_to(DUE)
    await street.cycle()
    assert (await street.creditors.view(pair.debit)).is_unapplied
    assert await street.creditors.bank.posted(f"unapplied:{pair.debit}") == AMOUNT


async def test_nothing_is_presented_for_a_payee_who_may_not_be_credited(street: Street) -> None:
    pair = await street.opened()
    await street.creditors.block(pair.payee, direction="credit")
    await street.wind_to(EVE)
    assert await street.creditors.state(pair.debit) == (S.REJECTED, "MS03")
    assert street.system.clearing.debits.collected == {}


async def test_money_back_for_a_payer_whose_account_has_closed_waits(street: Street) -> None:
    pair = await street.opened(AMOUNT)
    await pair.settled()
    await street.debtors.close(pair.payer)
    await pair.reverse()
    view = await street.debtors.view(pair.received)
    assert (view.state, view.is_unapplied) == (S.REVERSED, True)
    assert await street.debtors.bank.posted(f"unapplied:{pair.received}") == AMOUNT


async def test_what_comes_back_from_a_payee_without_money_is_a_receivable(street: Street) -> None:
    pair = await (await street.opened()).settled()
    await street.creditors.bank.pay(f"accounts:{pair.payee}:EUR", "world", AMOUNT)
    await pair.refund()
    assert (await street.creditors.view(pair.debit)).is_owed
    assert await street.creditors.bank.posted(f"receivable:{pair.payee}:EUR") == AMOUNT


async def test_what_nobody_there_has_an_account_for_is_rejected(street: Street) -> None:
    pair = await street.opened()
    payee = pair.payee
    signed = await street.creditors.mandate(payee, "DE72100700000532013000")
    debit = await street.creditors.collect(signed, AMOUNT)
    await street.wind_to(EVE)
    assert await street.creditors.state(debit) == (S.REJECTED, "AC01")


async def test_of_a_message_of_several_each_ends_by_itself(street: Street) -> None:
    pairs = [await street.opened() for _ in range(2)]
    payee = pairs[0].payee
    poor = await street.debtors.open(AMOUNT - 1)
    payers = [pairs[0].payer, pairs[1].payer, poor]
    debits = []
    for payer in payers:
        signed = await street.creditors.mandate(payee, await street.debtors.iban(payer))
        debits.append(await street.creditors.collect(signed, AMOUNT))
    nobody = await street.creditors.mandate(payee, "DE72100700000532013000")
    debits.append(await street.creditors.collect(nobody, AMOUNT))
    await street.wind_to(EVE)
    collected = street.system.clearing.debits.collected
    sent = {collected[OURS.bic, debit.hex].raw for debit in [pairs[0].debit, *debits]}
    assert len(sent) == 1, "one creditor, one sequence, one day: one message"
    assert len(pacs003.read_pacs003(sent.pop()).collections) == 5
    assert await street.creditors.state(debits[3]) == (S.REJECTED, "AC01")
    await street.wind_to(DUE)
    assert await street.cycle() == 4
    states = [(await street.creditors.state(debit))[0] for debit in debits]
    assert states == [S.SETTLED, S.SETTLED, S.REJECTED, S.REJECTED]
    assert await street.creditors.state(debits[2]) == (S.REJECTED, "AM04")
    assert await street.creditors.booked(payee) == 3 * AMOUNT
    assert await street.debtors.booked(poor) == AMOUNT - 1
    await pairs[0].reverse()
    assert await pairs[0].states() == (S.REVERSED, S.REVERSED)


async def test_what_is_kept_of_a_message_is_a_collections_own_part(street: Street) -> None:
    pairs = [await street.opened() for _ in range(2)]
    signed = await street.creditors.mandate(
        pairs[0].payee, await street.debtors.iban(pairs[1].payer)
    )
    await street.creditors.collect(signed, AMOUNT)
    await street.wind_to(EVE)
    desk, debit = street.debtors, pairs[0].received
    rows = await desk.bank.database.fetch(
        "SELECT sealed FROM direct_debit_message WHERE tenant_id = $1 AND debit_id = $2",
        desk.bank.tenant_id,
        debit,
    )
    context = b"direct_debit_message" + desk.bank.tenant_id.bytes + debit.bytes
    sealer = contents_sealer(bytes(32))
    [opened] = [sealer.open(SealedSecret(row["sealed"]), context) for row in rows]
    [kept] = pacs003.read_pacs003(opened).collections
    assert kept.debtor.iban == await street.debtors.iban(pairs[0].payer)


async def test_it_is_rejected_that_comes_after_the_cut_off(street: Street) -> None:
    pair = await street.opened()
    street.clock.advance(seconds=int((DUE - date(2026, 3, 2)) / timedelta(seconds=1)))
    await street.work()
    assert await street.creditors.state(pair.debit) == (S.REJECTED, "TM01")
    assert await street.cycle() == 0
