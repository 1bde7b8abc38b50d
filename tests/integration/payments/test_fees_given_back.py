"""Fees of what is captured, exchanged, collected and returned, and fees that go back with it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from arriving import back
from bezant.banking.fees.service import FeeService
from bezant.banking.products import NewProduct, Product, ProductKind, ProductService, ProductTerms
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments import Payment
from bezant.payments.direct_debits import schemas
from bezant.payments.rails import Taken
from bezant.payments.states import OrderState
from customers import CustomerBank, open_bank
from debiting import Collecting, open_collecting
from fixtures_api import Tenant
from fixtures_ledger import IDS
from paying import Desk, posted
from rails import settled, unknown
from shopping import Shop, open_exchange
from unclaimed import empty_and_close

FEES: list[dict[str, Any]] = [
    {"code": "transfer", "asset": "EUR", "gross": "119", "event": "payment.out", "vat": "19",
     "given_back": True},
    {"code": "express", "asset": "EUR", "gross": "50", "event": "payment.out"},
    {"code": "capture", "asset": "EUR", "gross": "238", "event": "payment.capture", "vat": "19"},
    {"code": "exchange", "asset": "EUR", "gross": "30", "event": "payment.exchange"},
    {"code": "collect", "asset": "EUR", "gross": "119", "event": "direct_debit.collected",
     "vat": "19", "given_back": True},
    {"code": "returned", "asset": "EUR", "gross": "300", "event": "direct_debit.returned"},
]  # fmt: skip
OUT = 119 + 50


async def dear(bank: CustomerBank) -> CustomerBank:
    """A product of the bank's under which everything costs."""
    new = {
        "code": f"dear-{uuid4().hex}",
        "institution_id": bank.institution,
        "kind": "current",
        "terms": {"assets": ["EUR", "USD"], "fees": FEES},
    }
    return replace(bank, product=(await bank.tenant.create("/v1/products", new))["id"])


async def charges(own: Tenant, account: str) -> dict[str, tuple[int, int, int, str, bool]]:
    """What became of an account's fees: gross, net, VAT, outcome, and whether it went back."""
    listed = (await own.client.get(f"/v1/accounts/{account}/fees")).json()["charges"]
    return {
        each["code"]: (
            int(each["gross"]), int(each["net"]), int(each["vat"]), each["outcome"],
            each["given_back_at"] is not None,
        )
        for each in listed
    }  # fmt: skip


async def earned(bank: CustomerBank) -> tuple[int, int]:
    """What the bank has of fees, and what it owes of them as VAT."""
    found = [await posted(bank, f"fees:{name}:EUR") for name in ("income", "vat")]
    net, vat = (int(each or 0) for each in found)
    return net, vat


async def paid(bank: CustomerBank, desk: Desk) -> tuple[str, Payment]:
    desk.rail.on_send = settled
    payer = await bank.funded(5_000)
    return payer, await desk.carried_out(payer)


async def test_a_fee_goes_back_with_a_payment_that_comes_back_whole(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    bank, before = await dear(bank), await earned(bank)
    payer, made = await paid(bank, desk)
    assert (await bank.balance(payer))["booked"] == str(4_000 - OUT)
    part = await back(bank, desk, made.id, amount=400)
    assert await desk.first.receiver.returned(part) == Taken(made.id)
    assert (await bank.balance(payer))["booked"] == str(4_400 - OUT), "a part is not the whole"
    rest = await back(bank, desk, made.id, amount=600)
    for _ in range(2):
        assert await desk.first.receiver.returned(rest) == Taken(made.id)
    assert (await bank.balance(payer))["booked"] == str(5_000 - 50)
    assert await charges(own, payer) == {
        "transfer": (119, 100, 19, "charged", True),
        "express": (50, 50, 0, "charged", False),
    }
    assert await earned(bank) == (before[0] + 50, before[1])


async def test_a_fee_waits_with_the_payment_whose_payer_has_left(
    bank: CustomerBank, desk: Desk
) -> None:
    payer, made = await paid(await dear(bank), desk)
    await empty_and_close(bank, payer)
    returned = await back(bank, desk, made.id)
    assert await desk.first.receiver.returned(returned) == Taken(made.id)
    assert await posted(bank, f"unapplied:{made.id}") == str(1_000 + 119)


@pytest.mark.usefixtures("at_once")
async def test_a_payment_that_is_accepted_late_costs_once_and_only_then(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    bank, before = await dear(bank), await earned(bank)
    payer = await bank.funded(5_000)
    desk.rail.on_send = desk.rail.on_inquiry = unknown
    made = await desk.carried_out(payer)
    desk.rail.answers_within_s = 0
    await desk.survive(made.id)
    assert (await desk.state_of(made.id)).state is OrderState.IN_DOUBT
    assert (await bank.balance(payer))["available"] == "5000", "restored, and nothing charged"
    assert await charges(own, payer) == {}
    desk.rail.on_inquiry = settled
    for _ in range(2):
        await desk.survive(made.id)
    assert (await desk.state_of(made.id)).state is OrderState.SETTLED
    assert (await bank.balance(payer))["booked"] == str(4_000 - OUT)
    assert await earned(bank) == (before[0] + 150, before[1] + 19)


@pytest.mark.usefixtures("at_once")
async def test_who_cannot_pay_what_is_accepted_late_owes_it_and_the_fee_is_refused(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    bank, before = await dear(bank), await earned(bank)
    payer = await bank.funded(1_000)
    desk.rail.on_send = desk.rail.on_inquiry = unknown
    made = await desk.carried_out(payer)
    desk.rail.answers_within_s = 0
    await desk.survive(made.id)
    leg = {"debit": f"accounts:{payer}:EUR", "credit": "world", "asset": "EUR", "amount": "1000"}
    await own.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    desk.rail.on_inquiry = settled
    await desk.survive(made.id)
    assert await posted(bank, f"receivable:{made.id}") == "1000"
    assert {code: each[3] for code, each in (await charges(own, payer)).items()} == {
        "transfer": "refused", "express": "refused",
    }  # fmt: skip
    assert await earned(bank) == before
    returned = await back(bank, desk, made.id)
    assert await desk.first.receiver.returned(returned) == Taken(made.id)
    assert await posted(bank, f"receivable:{made.id}") == "0"
    assert await earned(bank) == before, "what was never paid does not go back"


async def test_each_capture_costs_its_payee(own: Tenant, bank: CustomerBank) -> None:
    costly, before = await dear(bank), await earned(bank)
    shop = Shop(bank, await bank.funded(10_000), str((await costly.open())["id"]))
    payment = await shop.authorize(2_000)
    for amount, final in (("500", False), ("1500", True)):
        assert (await shop.ask(payment, "captures", amount=amount, final=final)).status_code == 201
    assert await shop.money() == (8_000, 0, 2_000 - 2 * 238)
    assert (await charges(own, shop.payee))["capture"] == (238, 200, 38, "charged", False)
    assert await earned(bank) == (before[0] + 400, before[1] + 76)


async def test_a_capture_stands_whose_fee_its_payee_cannot_pay(
    own: Tenant, bank: CustomerBank
) -> None:
    shop = Shop(bank, await bank.funded(10_000), str((await (await dear(bank)).open())["id"]))
    await shop.captured(100)
    assert await shop.money() == (9_900, 0, 100)
    assert (await charges(own, shop.payee))["capture"][3] == "refused"


async def test_an_exchange_costs_what_the_payers_terms_say(own: Tenant) -> None:
    bank = await dear(await open_bank(own, bank_code="37010055", bic="PBNKDEFF370"))
    await open_exchange(bank)
    payer = await bank.funded(5_000)
    asked = {"debtor_account": payer, "sell": "EUR", "buy": "USD", "sell_amount": "1000"}
    quote = await own.create("/v1/quotes", asked)
    sides = {"debtor_account": payer, "creditor_account": payer}
    made = await own.create("/v1/quoted-payments", {"quote_id": quote["id"], **sides})
    assert made["bought"] == "1250", "the fee takes nothing of what was quoted"
    assert (await bank.balance(payer))["booked"] == str(4_000 - 30)
    assert (await charges(own, payer))["exchange"] == (30, 30, 0, "charged", False)


@pytest.fixture
async def collecting(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    """A bank whose creditors pay for collections."""
    async with open_collecting(database, run_folder) as desk:
        terms = msgspec.convert({"assets": ["EUR"], "fees": FEES}, ProductTerms)
        new = NewProduct(f"dear-{uuid4().hex}", desk.institution.id, ProductKind.CURRENT, terms)
        made = (await desk.banking.products.create(desk.bank.call(), new)).value(Product)
        yield replace(desk, product=made)


async def fees_of(desk: Collecting, account: UUID) -> dict[str, tuple[str, bool]]:
    """An account's fees: what became of each, and whether it went back."""
    products = ProductService(desk.bank.database, SystemClock(), IDS)
    service = FeeService(desk.bank.database, desk.bank.ledger, desk.banking.accounts, products)
    listed = (await service.charges(desk.bank.tenant_id, account)).charges
    return {each.code: (each.outcome, each.given_back_at is not None) for each in listed}


async def test_a_collection_costs_its_creditor_and_a_refund_gives_that_back(
    collecting: Collecting,
) -> None:
    desk = collecting
    payer, payee, debit = await desk.settled()
    assert await desk.booked(payee) == 1_000 - 119
    await desk.bank.pay("world", f"accounts:{payee}:EUR", 300)
    asked = schemas.RefundAsked()
    assert not (await desk.direct.debits.refund(desk.bank.call(), debit, asked)).is_refusal
    assert not (await desk.view(debit)).is_owed
    assert await desk.booked(payee) == 1_000 - 119 + 300 - 1_000 + 119 - 300
    assert await fees_of(desk, payee) == {
        "collect": ("charged", True), "returned": ("charged", False),
    }  # fmt: skip
    assert await desk.booked(payer) == 10_000


async def test_a_reversal_gives_the_fee_back_and_costs_nothing_more(
    collecting: Collecting,
) -> None:
    desk = collecting
    payer, payee, debit = await desk.settled()
    await desk.bank.pay("world", f"accounts:{payee}:EUR", 119)
    reason = schemas.DebitReason("AM05")
    assert not (await desk.direct.debits.reverse(desk.bank.call(), debit, reason)).is_refusal
    assert await desk.booked(payee) == 119
    assert await desk.booked(payer) == 10_000
    assert await fees_of(desk, payee) == {"collect": ("charged", True)}


async def test_gross_is_net_and_vat_whatever_was_charged_and_given_back(
    own: Tenant, bank: CustomerBank, database: Database
) -> None:
    rows = await database.fetch(
        "SELECT sum(gross) - sum(net) - sum(vat) AS difference, count(*) AS fees"
        " FROM fee_return WHERE tenant_id = $1",
        own.id,
    )
    assert (rows[0]["difference"], rows[0]["fees"]) == (0, 2)
    assert (await verify_book(database, own.id, UUID(bank.book))).findings == []
