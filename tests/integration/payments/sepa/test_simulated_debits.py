"""Banks that the sandbox simulates collect from our customers, and give back what ours collect."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from bezant.kernel.database import Database
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.domain import incoming_id
from clearing import SECRET
from debit_street import AMOUNT, EVE, FUNDS, Street, open_street
from debiting import DUE, ELSEWHERE, OURS

S = DebitState
SIMULATED = "PSSTFRPPXXX"


@pytest.fixture
async def street(database: Database, run_folder: Path) -> AsyncIterator[Street]:
    async with open_street(database, run_folder) as street:
        yield street


async def tell(street: Street, path: str, **members: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        url = f"{street.system.url}/admin/debits{path}"
        answer = await (client.post(url, json=members) if members else client.get(url))
    assert answer.status_code == 200, answer.text
    await street.work()
    return answer


async def collected(street: Street) -> tuple[UUID, UUID, str]:
    """A payer of ours, and a simulated bank's collection from them."""
    desk = street.creditors
    payer = await desk.open(FUNDS)
    found = await tell(
        street, "", bic=OURS.bic, iban=await desk.iban(payer), name="Ada Lovelace",
        amount=str(AMOUNT), due_on=DUE.isoformat(), signed_on="2026-01-05",
    )  # fmt: skip
    name = found.json()["transaction_id"]
    debit = incoming_id(desk.bank.tenant_id, desk.institution.id, "sdd", SIMULATED, name)
    assert await desk.state(debit) == (S.RECEIVED, None)
    return payer, debit, name


async def test_a_simulated_bank_collects_and_reverses(street: Street) -> None:
    payer, debit, name = await collected(street)
    await street.wind_to(DUE)
    await street.cycle()
    desk = street.creditors
    assert await desk.state(debit) == (S.SETTLED, None)
    assert await desk.booked(payer) == FUNDS - AMOUNT
    back = {"creditor_bic": SIMULATED, "transaction_id": name, "back": "reverse", "code": "AM05"}
    await tell(street, "/backs", **back)
    assert await desk.state(debit) == (S.REVERSED, "AM05")
    assert await desk.booked(payer) == FUNDS


async def test_a_simulated_bank_cancels(street: Street) -> None:
    payer, debit, name = await collected(street)
    back = {"creditor_bic": SIMULATED, "transaction_id": name, "back": "cancel", "code": "DUPL"}
    await tell(street, "/backs", **back)
    desk = street.creditors
    assert await desk.state(debit) == (S.CANCELLED, "DUPL")
    await street.wind_to(DUE)
    assert await desk.booked(payer) == FUNDS


@pytest.mark.parametrize(
    ("back", "code", "state", "when"),
    [
        ("reject", "AC04", S.REJECTED, EVE),
        ("return", "AM04", S.RETURNED, DUE),
        ("return", "MD06", S.REFUNDED, DUE),
        ("return", "ZZ99", S.RETURNED, DUE),
    ],
)
async def test_a_simulated_bank_gives_back(
    street: Street, back: str, code: str, state: DebitState, when: date
) -> None:
    desk = street.creditors
    payee = await desk.open()
    debit = await desk.collect(await desk.mandate(payee, ELSEWHERE), AMOUNT)
    await street.wind_to(EVE)
    if when == DUE:
        await street.wind_to(DUE)
        await street.cycle()
        assert await desk.booked(payee) == AMOUNT
    given = {"creditor_bic": OURS.bic, "transaction_id": debit.hex, "back": back, "code": code}
    await tell(street, "/backs", **given)
    # A code that the scheme does not have is kept in the message alone.
    assert await desk.state(debit) == (state, "MS03" if code == "ZZ99" else code)
    assert await desk.booked(payee) == 0
    [shown] = (await tell(street, "")).json()
    assert shown["is_given_back"] is (when == DUE)
