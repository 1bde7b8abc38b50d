"""Payments between two assets: at the quote's rate, once, and before it expires."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from bezant.kernel.database import Database
from bezant.ledger import verify_book
from bezant.payments.quotes.schemas import NewQuotedPayment
from customers import CustomerBank, new_party, open_bank
from fixtures_api import Tenant
from paying import Desk
from shopping import code_of, open_exchange


@pytest.fixture(scope="module")
async def trading(own: Tenant) -> CustomerBank:
    """A bank that exchanges: 1.25 USD for a euro."""
    bank = await open_bank(own, bank_code="37010050", bic="PBNKDEFF370")
    await open_exchange(bank)
    return bank


async def quoted(bank: CustomerBank, payer: str, **more: object) -> dict[str, Any]:
    asked = {
        "debtor_account": payer,
        "sell": "EUR",
        "buy": "USD",
        "sell_amount": "1000",
        "spread_bp": 100,
        "expires_in_s": 3_600,
        **more,
    }
    return await bank.tenant.create("/v1/quotes", asked)


def payment(quote: dict[str, Any], payer: str, payee: str) -> dict[str, Any]:
    return {"quote_id": quote["id"], "debtor_account": payer, "creditor_account": payee}


async def test_what_is_sold_leaves_the_payer_and_what_is_bought_comes_to_the_payee(
    trading: CustomerBank, own: Tenant, database: Database
) -> None:
    payer, payee = await trading.funded(), (await trading.open())["id"]
    quote = await quoted(trading, payer)
    made = await own.create("/v1/quoted-payments", payment(quote, payer, payee))
    # 10.00 EUR are 12.50 USD, less a hundredth, rounded against the customer.
    assert (made["state"], made["amount"], made["bought"]) == ("settled", "1000", "1237")
    assert (await trading.balance(payer))["booked"] == "9000"
    assert (await trading.balance(payee, "USD"))["booked"] == "1237"
    found = await own.client.get(f"/v1/quoted-payments/{made['id']}")
    assert found.json() == made
    order = (await own.client.get(f"/v1/payments/{made['id']}")).json()
    assert (order["state"], order["rail"], order["asset"]) == ("settled", "exchange", "EUR")
    state = await own.client.get(f"{trading.book_path}/fx/quotes/{quote['id']}")
    assert state.json()["is_used"] is True
    report = await verify_book(database, own.id, UUID(trading.book))
    assert report.findings == []


async def test_of_many_payments_with_one_quote_at_once_exactly_one_is_made(
    trading: CustomerBank, own: Tenant
) -> None:
    payer, payee = await trading.funded(), (await trading.open())["id"]
    quote = await quoted(trading, payer)
    answers = await asyncio.gather(
        *(own.post("/v1/quoted-payments", payment(quote, payer, payee)) for _ in range(20))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, 19)
    codes = {code_of(answer) for answer in answers if answer.status_code == 409}
    assert codes == {(409, "QUOTE_USED")}
    assert (await trading.balance(payer))["booked"] == "9000"
    listed = await own.client.get(f"/v1/payments?debtor_account={payer}")
    assert len(listed.json()["payments"]) == 1


async def test_a_quote_whose_time_is_over_pays_nothing(
    trading: CustomerBank, own: Tenant, database: Database
) -> None:
    payer, payee = await trading.funded(), (await trading.open())["id"]
    quote, old = await quoted(trading, payer), uuid4()
    await database.transaction(
        lambda connection: connection.execute(
            "INSERT INTO fx_quote SELECT (jsonb_populate_record(q, jsonb_build_object("
            "'quote_id', $3::uuid, 'created_at', q.created_at - interval '1 day', 'expires_at',"
            " q.expires_at - interval '1 day'))).* FROM fx_quote AS q"
            " WHERE q.tenant_id = $1 AND q.quote_id = $2",
            own.id,
            UUID(quote["id"]),
            old,
        )
    )
    refused = await own.post("/v1/quoted-payments", payment({"id": str(old)}, payer, payee))
    assert code_of(refused) == (409, "QUOTE_EXPIRED")
    assert refused.json()["field"] == "quote_id"
    assert (await trading.balance(payer))["booked"] == "10000"


async def test_a_customer_exchanges_between_their_own_assets(
    trading: CustomerBank, own: Tenant
) -> None:
    payer = await trading.funded()
    quote = await quoted(trading, payer, sell_amount=None, buy_amount="1250", spread_bp=0)
    made = await own.create("/v1/quoted-payments", payment(quote, payer, payer))
    assert (made["amount"], made["bought"]) == ("1000", "1250")
    assert (await trading.balance(payer, "USD"))["booked"] == "1250"


async def test_a_payment_that_is_refused_leaves_the_quote_to_be_used(
    trading: CustomerBank, own: Tenant
) -> None:
    poor, payee = str((await trading.open())["id"]), (await trading.open())["id"]
    quote = await quoted(trading, poor, sell_amount="60000")
    refused = await own.post("/v1/quoted-payments", payment(quote, poor, payee))
    assert code_of(refused) == (422, "OVERDRAFT_EXCEEDED")
    euros = (await trading.open(assets=["EUR"]))["id"]
    refused = await own.post("/v1/quoted-payments", payment(quote, poor, euros))
    assert code_of(refused) == (422, "ASSET_NOT_HELD")
    rich = await trading.funded(60_000)
    await own.create("/v1/quoted-payments", payment(quote, rich, payee))


async def test_what_was_exchanged_is_neither_refunded_nor_disputed_here(
    trading: CustomerBank, own: Tenant
) -> None:
    payer = await trading.funded()
    quote = await quoted(trading, payer)
    made = await own.create("/v1/quoted-payments", payment(quote, payer, payer))
    path = f"/v1/payments/{made['id']}"
    refused = await own.post(f"{path}/refunds", {"reason": "returned"})
    assert code_of(refused) == (409, "PAYMENT_NOT_REFUNDABLE")
    refused = await own.post(f"{path}/dispute", {"reason": "returned"})
    assert code_of(refused) == (409, "PAYMENT_NOT_DISPUTABLE")


async def test_who_and_what_is_not_there_is_refused(trading: CustomerBank, own: Tenant) -> None:
    payer = await trading.funded()
    quote = await quoted(trading, payer)
    for members, code in (
        ({"quote_id": str(uuid4())}, "UNKNOWN_QUOTE"),
        ({"debtor_account": str(uuid4())}, "UNKNOWN_DEBTOR_ACCOUNT"),
        ({"creditor_account": str(uuid4())}, "UNKNOWN_CREDITOR_ACCOUNT"),
    ):
        refused = await own.post("/v1/quoted-payments", payment(quote, payer, payer) | members)
        assert code_of(refused) == (422, code)
    made = await own.create(
        "/v1/payments",
        {
            "debtor_account": payer,
            "creditor": {"account_id": (await trading.open())["id"]},
            "asset": "EUR",
            "amount": "1",
        },
    )
    unknown = await own.client.get(f"/v1/quoted-payments/{made['id']}")
    assert code_of(unknown) == (404, "QUOTED_PAYMENT_NOT_FOUND")


async def test_a_quote_is_paid_with_by_whom_it_is_signed(
    trading: CustomerBank, own: Tenant, desk: Desk
) -> None:
    payer, payee = await trading.funded(), (await trading.open())["id"]
    party = await new_party(own)
    holder = {"party_id": party, "role": "holder"}
    await own.create(f"/v1/accounts/{payer}/parties", holder)
    quote = await quoted(trading, payer)
    new = NewQuotedPayment(UUID(quote["id"]), UUID(payer), UUID(payee), party_id=UUID(party))
    call = replace(desk.teller.call(), actor=f"user:{uuid4()}")
    refused = await desk.first.quotes.pay(call, new)
    assert (refused.status, b"SIGNATURE_OF_ANOTHER" in refused.body) == (403, True)
    asked = payment(quote, payer, payee) | {"party_id": party}
    made = await own.create("/v1/quoted-payments", asked)
    [given] = (await own.client.get(f"/v1/payments/{made['id']}/approvals")).json()["approvals"]
    assert given["party_id"] == party
    assert given["approved_by"].startswith("key:")
