"""Payers say what may be collected from their accounts, and it holds on the day."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bezant.kernel.database import Database
from bezant.payments.direct_debits import schemas
from bezant.payments.direct_debits.controls import Verdict
from bezant.payments.direct_debits.errors import CreditorListedTwice
from debiting import CREDITOR, DUE, OTHER_CREDITOR, Collecting, open_collecting


@pytest.fixture
async def desk(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    async with open_collecting(database, run_folder) as desk:
        yield desk


@pytest.mark.parametrize(
    ("controls", "outcome"),
    [
        ({}, None),
        ({"is_blocked": True}, "SL01"),
        ({"amount_max": "999"}, "SL01"),
        ({"amount_max": "1000"}, None),
        ({"only_listed": True}, "SL01"),
        ({"only_listed": True, "creditors": [(CREDITOR, "allow", {})]}, None),
        ({"only_listed": True, "creditors": [(OTHER_CREDITOR, "allow", {})]}, "SL01"),
        ({"creditors": [(CREDITOR, "deny", {})]}, "SL01"),
        ({"creditors": [(CREDITOR, "allow", {"amount_max": "999"})]}, "SL01"),
    ],
)
async def test_a_payer_decides_what_is_collected(
    desk: Collecting, controls: dict[str, object], outcome: str | None
) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    debit = await desk.collect(await desk.mandate(payee, payer))
    given = controls.get("creditors", [])
    assert isinstance(given, list)
    creditors = [
        {"creditor_id": creditor, "verdict": verdict} | more for creditor, verdict, more in given
    ]
    new = msgspec.convert(controls | {"creditors": creditors}, schemas.NewDebitControls)
    await desk.direct.debits.mandates.set_controls(desk.bank.call(), payer, new)
    await desk.wind_to(DUE)
    assert (await desk.state(debit))[1] == outcome
    assert await desk.booked(payee) == (1_000 if outcome is None else 0)


async def test_a_payer_may_say_how_often_a_mandate_is_collected(desk: Collecting) -> None:
    payer, payee = await desk.open(5_000), await desk.open()
    monthly = schemas.ListedCreditor(CREDITOR, Verdict.ALLOW, days_between=28)
    controls = schemas.NewDebitControls(creditors=[monthly])
    await desk.direct.debits.mandates.set_controls(desk.bank.call(), payer, controls)
    mandate = await desk.mandate(payee, payer)
    debits = [await desk.collect(mandate, due=DUE + timedelta(days=each)) for each in (0, 27, 28)]
    await desk.wind_to(DUE)
    await desk.wind_to(DUE + timedelta(days=27))
    await desk.wind_to(DUE + timedelta(days=28))
    assert [(await desk.state(each))[1] for each in debits] == [None, "SL01", None]


async def test_of_one_creditor_one_thing_is_said(desk: Collecting) -> None:
    payer = await desk.open()
    # The business code is the creditor's to change: both are one creditor's.
    same = f"{CREDITOR[:4]}ABC{CREDITOR[7:]}"
    for other in (CREDITOR, same):
        listed = [
            schemas.ListedCreditor(CREDITOR, Verdict.ALLOW),
            schemas.ListedCreditor(other, Verdict.DENY),
        ]
        with pytest.raises(CreditorListedTwice):
            await desk.direct.debits.mandates.set_controls(
                desk.bank.call(), payer, schemas.NewDebitControls(creditors=listed)
            )
    assert (await desk.direct.debits.mandates.controls(desk.bank.tenant_id, payer)).version == 0
