"""Fees of payments: charged in the commit that settles them, once, and never in a payment's way."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.database import Database
from bezant.ledger import verify_book
from customers import CustomerBank, open_bank
from fixtures_api import Tenant
from paying import Desk, posted

FEES = [
    {"code": "transfer", "asset": "EUR", "gross": "119", "event": "payment.out", "vat": "19",
     "waived_from": "50000"},
    {"code": "other", "asset": "EUR", "gross": "777", "event": "payment.in"},
    {"code": "dollars", "asset": "USD", "gross": "888", "event": "payment.out"},
]  # fmt: skip


def transfer(debtor: str, creditor: str, amount: int = 100) -> dict[str, Any]:
    payee = {"creditor": {"account_id": creditor}, "asset": "EUR", "amount": str(amount)}
    return {"debtor_account": debtor, **payee}


@pytest.fixture(scope="module")
async def dear(own: Tenant, bank: CustomerBank) -> CustomerBank:
    """A product of the bank's whose payments cost."""
    new = {
        "code": f"dear-{uuid4().hex}",
        "institution_id": bank.institution,
        "kind": "current",
        "terms": {"assets": ["EUR", "USD"], "fees": FEES},
    }
    return replace(bank, product=(await own.create("/v1/products", new))["id"])


async def charged(own: Tenant, account: str) -> list[tuple[str, str, str, str, str | None]]:
    """What became of an account's fees."""
    fees = (await own.client.get(f"/v1/accounts/{account}/fees")).json()["charges"]
    names = ("code", "net", "vat", "outcome", "reason")
    return [tuple(fee[name] for name in names) for fee in fees]


async def income(bank: CustomerBank) -> tuple[int, int]:
    """What the bank has of fees, and what it owes of them as VAT."""
    found = [await posted(bank, f"fees:{name}:EUR") for name in ("income", "vat")]
    net, vat = (int(each or 0) for each in found)
    return net, vat


async def test_a_transfer_costs_what_the_terms_say_in_its_own_commit(
    own: Tenant, bank: CustomerBank, dear: CustomerBank
) -> None:
    payer, payee = await dear.funded(1_000), str((await bank.open())["id"])
    net, vat = await income(bank)
    made = await own.create("/v1/payments", transfer(payer, payee))
    assert made["state"] == "settled"
    assert (await dear.balance(payer))["booked"] == str(1_000 - 100 - 119)
    assert (await bank.balance(payee))["booked"] == "100", "whoever is paid pays nothing"
    assert await income(bank) == (net + 100, vat + 19)
    assert await charged(own, payer) == [("transfer", "100", "19", "charged", None)]
    free = await bank.funded(1_000)
    await own.create("/v1/payments", transfer(free, payee))
    assert await charged(own, free) == []
    rows = await own.database.fetch(
        "SELECT t.recorded_at FROM transfer AS t WHERE t.tenant_id = $1 AND t.book_id = $2"
        " AND t.transaction_id IN ($3, (SELECT transaction_id FROM fee_charge"
        " WHERE tenant_id = $1 AND account_id = $4))",
        own.id,
        UUID(bank.book),
        UUID(made["id"]),
        UUID(payer),
    )
    assert len(rows) == 3
    at = await own.database.fetch(
        "SELECT charged_at FROM fee_charge WHERE tenant_id = $1 AND account_id = $2",
        own.id,
        UUID(payer),
    )
    steps = (await own.client.get(f"/v1/payments/{made['id']}/transitions")).json()["transitions"]
    assert steps[-1]["at"] == at[0]["charged_at"].isoformat().replace("+00:00", "Z")


async def test_a_balance_that_stays_high_enough_waives_it(
    own: Tenant, bank: CustomerBank, dear: CustomerBank
) -> None:
    payee = str((await bank.open())["id"])
    for funds, outcome in ((50_100, "waived"), (50_099, "charged")):
        payer = await dear.funded(funds)
        await own.create("/v1/payments", transfer(payer, payee))
        assert [fee[3] for fee in await charged(own, payer)] == [outcome]


async def test_what_cannot_be_paid_is_told_and_the_payment_stands(
    own: Tenant, bank: CustomerBank, dear: CustomerBank, database: Database
) -> None:
    payer, payee = await dear.funded(218), str((await bank.open())["id"])
    before = await income(bank)
    assert (await own.create("/v1/payments", transfer(payer, payee)))["state"] == "settled"
    [(*_, outcome, reason)] = await charged(own, payer)
    assert (outcome, reason) == ("refused", "OVERDRAFT_EXCEEDED")
    assert (await dear.balance(payer))["booked"] == "118"
    assert await income(bank) == before
    assert (await verify_book(database, own.id, UUID(bank.book))).findings == []


async def test_a_refused_payment_costs_nothing(
    own: Tenant, bank: CustomerBank, dear: CustomerBank
) -> None:
    payer, payee = await dear.funded(1_000), str((await bank.open())["id"])
    assert (await own.post("/v1/payments", transfer(payer, payee, 1_001))).status_code == 422
    assert await charged(own, payer) == []


async def test_payments_at_once_cost_once_each(
    own: Tenant, bank: CustomerBank, dear: CustomerBank
) -> None:
    payer, payee = await dear.funded(20 * 219), str((await bank.open())["id"])
    net, vat = await income(bank)
    answers = await asyncio.gather(
        *(own.post("/v1/payments", transfer(payer, payee)) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert (await dear.balance(payer))["booked"] == "0"
    assert await income(bank) == (net + 2_000, vat + 380)


async def test_by_a_rail_it_costs_when_it_is_settled_and_not_before(
    own: Tenant, dear: CustomerBank, desk: Desk
) -> None:
    payer = await dear.funded(10_000)
    made = await desk.order(payer)
    assert await charged(own, payer) == []
    desk.first.execution.begin(desk.teller.tenant_id, made.id)
    await desk.first.execution.close()
    assert (await desk.state_of(made.id)).state == "settled"
    assert await charged(own, payer) == [("transfer", "100", "19", "charged", None)]
    assert (await dear.balance(payer))["booked"] == str(10_000 - 1_000 - 119)


async def test_over_two_books_the_payers_bank_has_it(
    own: Tenant, bank: CustomerBank, dear: CustomerBank
) -> None:
    other = await open_bank(own, bank_code="20010020", bic="PBNKDEFF")
    payer, payee = await dear.funded(1_000), str((await other.open())["id"])
    net, vat = await income(bank)
    await own.create("/v1/payments", transfer(payer, payee))
    assert (await income(bank), await income(other)) == ((net + 100, vat + 19), (0, 0))
