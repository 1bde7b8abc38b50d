"""Settlement batches: every capture and refund in exactly one, and the sums right to the unit."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from bezant.kernel.database import Database
from bezant.payments import Checks, Verdict
from checking import Always
from customers import CustomerBank, new_party
from fixtures_api import Tenant, fresh_key
from shopping import Shop, code_of, open_shop

AMOUNTS = ("gross", "refunded", "fee", "vat", "shared", "net")


@pytest.fixture
async def shop(bank: CustomerBank) -> Shop:
    return await open_shop(bank)


async def settle(shop: Shop, **members: object) -> httpx.Response:
    path = f"/v1/accounts/{shop.payee}/settlement-batches"
    return await shop.bank.tenant.post(path, {"asset": "EUR", **members})


async def items(shop: Shop, batch: str, query: str = "") -> dict[str, Any]:
    answer = await shop.bank.tenant.client.get(f"/v1/settlement-batches/{batch}/items{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def traded(shop: Shop) -> str:
    """Two captures with a fee, and a refund of the first, which is answered."""
    agreed = {"asset": "EUR", "fixed": "10", "basis_points": 100, "vat_basis_points": 2000}
    schedule = (await shop.bank.tenant.create("/v1/fee-schedules", agreed))["id"]
    first, second = await shop.authorize(1_000), await shop.authorize(500)
    await shop.ask(first, "captures", fee_schedule_id=schedule)
    share = {"account_id": (await shop.bank.open())["id"], "parts": 1_000}
    await shop.ask(second, "captures", fee_schedule_id=schedule, shares=[share])
    await shop.ask(first, "refunds", amount="300", reason="returned")
    return first


async def test_gross_is_net_and_fees_and_shares_and_the_net_is_paid_out(shop: Shop) -> None:
    await traded(shop)
    payout = (await shop.bank.open())["id"]
    made = await settle(shop, payout_account=payout)
    assert made.status_code == 201, made.text
    batch = made.json()
    # Fees of 20 and 15 with 4 and 3 of tax; a tenth of the 482 that they leave of the second.
    assert [batch[name] for name in AMOUNTS] == ["1500", "300", "35", "7", "48", "1110"]
    assert (batch["no"], batch["items"], batch["paid_out"]) == (1, 3, "1110")
    assert (await shop.bank.balance(payout))["booked"] == "1110"
    assert (await shop.bank.balance(shop.payee))["booked"] == "0"
    path = f"{shop.bank.book_path}/transactions/{batch['id']}"
    [leg] = (await shop.bank.tenant.client.get(path)).json()["postings"]
    assert (leg["code"], leg["amount"]) == ("settlement.payout", "1110")
    found = await shop.bank.tenant.client.get(f"/v1/settlement-batches/{batch['id']}")
    assert found.json() == batch


async def test_the_statement_of_a_batch_sums_to_the_batch(shop: Shop) -> None:
    await traded(shop)
    batch = (await settle(shop)).json()
    assert (batch["paid_out"], batch["payout_account"]) == ("0", None)
    page = await items(shop, batch["id"], "?limit=2")
    rest = await items(shop, batch["id"], f"?limit=2&cursor={page['next']}")
    every = [*page["items"], *rest["items"]]
    assert [each["kind"] for each in every] == ["capture", "capture", "refund"]
    for name in AMOUNTS:
        assert sum(int(each[name]) for each in every) == int(batch[name])
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.BLOCK, "PAYMENT_BLOCKED"), (Verdict.REVIEW, "PAYMENT_NEEDS_REVIEW")],
)
async def test_a_payout_is_checked_as_any_payment_and_waits_for_nobody(
    shop: Shop, verdict: Verdict, code: str
) -> None:
    await traded(shop)
    payout = (await shop.bank.open())["id"]
    Checks.use([Always(verdict)])
    try:
        assert code_of(await settle(shop, payout_account=payout)) == (422, code)
    finally:
        Checks.use([])
    assert (await shop.bank.balance(payout))["booked"] == "0"
    made = await settle(shop, payout_account=payout)
    assert (made.status_code, made.json()["paid_out"]) == (201, "1110"), "nothing of it was kept"


async def test_what_is_not_paid_out_is_not_checked(shop: Shop) -> None:
    await traded(shop)
    Checks.use([Always(Verdict.BLOCK)])
    try:
        assert (await settle(shop)).status_code == 201
    finally:
        Checks.use([])


async def test_a_payout_spends_of_the_limits_of_who_is_settled(shop: Shop) -> None:
    await traded(shop)
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "1109"}]}
    path = f"/v1/accounts/{shop.payee}/limits"
    await shop.bank.tenant.client.put(path, json=limits, headers=fresh_key())
    payout = (await shop.bank.open())["id"]
    refused = await settle(shop, payout_account=payout)
    assert code_of(refused) == (422, "LIMIT_EXCEEDED")


async def test_what_is_settled_is_settled_once_and_the_next_batch_goes_on(shop: Shop) -> None:
    payment = await traded(shop)
    first = (await settle(shop)).json()
    assert code_of(await settle(shop)) == (409, "NOTHING_TO_SETTLE")
    await shop.ask(payment, "refunds", amount="700", reason="returned")
    second = (await settle(shop, payout_account=(await shop.bank.open())["id"])).json()
    assert (second["no"], second["net"], second["paid_out"]) == (2, "-700", "0")
    both = [
        each["id"]
        for batch in (first, second)
        for each in (await items(shop, batch["id"]))["items"]
    ]
    assert len(both) == len(set(both)) == 4
    path = f"/v1/accounts/{shop.payee}/settlement-batches"
    page = (await shop.bank.tenant.client.get(f"{path}?limit=1")).json()
    rest = (await shop.bank.tenant.client.get(f"{path}?cursor={page['next']}")).json()
    assert [*page["settlement_batches"], *rest["settlement_batches"]] == [first, second]


async def test_of_many_batches_at_once_among_captures_each_item_is_in_one(shop: Shop) -> None:
    payments = [await shop.authorize(10) for _ in range(20)]
    asked = [
        call
        for payment in payments
        for call in (shop.ask(payment, "captures"), settle(shop), settle(shop))
    ]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} <= {201, 409}
    last = await settle(shop)
    assert last.status_code in {201, 409}
    path = f"/v1/accounts/{shop.payee}/settlement-batches"
    batches = (await shop.bank.tenant.client.get(path)).json()["settlement_batches"]
    every = [
        each["payment_id"]
        for batch in batches
        for each in (await items(shop, batch["id"]))["items"]
    ]
    assert sorted(every) == sorted(payments)
    assert sum(int(batch["gross"]) for batch in batches) == 200
    assert sum(batch["items"] for batch in batches) == 20


async def test_a_period_ends_where_it_is_told_to(shop: Shop) -> None:
    await shop.captured(100)
    path = f"/v1/accounts/{shop.payee}/settlement-batches"
    before = await settle(shop, until="2026-01-01T00:00:00Z")
    assert code_of(before) == (409, "NOTHING_TO_SETTLE")
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert code_of(await settle(shop, until=ahead)) == (422, "PERIOD_NOT_SETTLEABLE")
    answer = await shop.bank.tenant.client.get(f"{path}")
    assert answer.json()["settlement_batches"] == []
    await shop.captured(50)
    payments = await settle(shop)
    [first, second] = (await items(shop, payments.json()["id"]))["items"]
    assert (first["gross"], second["gross"]) == ("100", "50")


async def test_of_two_captures_the_one_before_the_end_is_settled(shop: Shop) -> None:
    await shop.captured(100)
    payment = await shop.captured(50)
    captures = await shop.bank.tenant.client.get(f"/v1/payments/{payment}/captures")
    until = captures.json()["captures"][0]["captured_at"]
    batch = (await settle(shop, until=until)).json()
    assert (batch["gross"], batch["until"]) == ("100", until)
    assert (await settle(shop)).json()["gross"] == "50"


async def test_a_batch_is_paid_out_only_where_a_payment_could_be_made(
    shop: Shop, own: Tenant
) -> None:
    await shop.captured(100)
    for payout in (str(uuid4()), shop.payee):
        refused = await settle(shop, payout_account=payout)
        assert code_of(refused) == (422, "UNKNOWN_PAYOUT_ACCOUNT")
    payout = (await shop.bank.open())["id"]
    block = {"kind": "legal", "direction": "debit", "reason": "attachment"}
    await own.create(f"/v1/accounts/{shop.payee}/blocks", block)
    refused = await settle(shop, payout_account=payout)
    assert code_of(refused) == (422, "ACCOUNT_BLOCKED")
    assert (await settle(shop)).status_code == 201


async def test_a_payout_is_somebodys_order_where_a_holder_has_limits(
    shop: Shop, own: Tenant
) -> None:
    await shop.captured(100)
    payout, holder, other = (await shop.bank.open())["id"], await new_party(own), str(uuid4())
    path = f"/v1/accounts/{shop.payee}/parties"
    await own.create(path, {"party_id": holder, "role": "holder"})
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "100"}]}
    done = await own.client.put(f"/v1/parties/{holder}/limits", json=limits, headers=fresh_key())
    assert done.status_code == 200, done.text
    refused = await settle(shop, payout_account=payout)
    assert code_of(refused) == (422, "ORDERING_PARTY_NEEDED")
    refused = await settle(shop, payout_account=payout, party_id=other)
    assert code_of(refused) == (422, "MAY_NOT_ACT")
    made = await settle(shop, payout_account=payout, party_id=holder)
    assert made.json()["paid_out"] == "100"
    await shop.captured(1)
    refused = await settle(shop, payout_account=payout, party_id=holder)
    assert code_of(refused) == (422, "LIMIT_EXCEEDED")


async def test_no_code_can_settle_an_item_twice_or_leave_one_out(
    shop: Shop, own: Tenant, database: Database
) -> None:
    """A second batch begins where the first ended, or it is not written."""
    await shop.captured(100)
    batch = (await settle(shop)).json()

    async def forge(no: int, before: int | None, after: int) -> None:
        await database.transaction(
            lambda connection: connection.execute(
                "INSERT INTO settlement_batch (tenant_id, account_id, asset, no, before_no,"
                " batch_id, after_seq, through_seq, items, gross, refunded, fee, vat, shared, net,"
                " paid_out, until, created_at, created_by)"
                " VALUES ($1, $2, 'EUR', $3, $4, $5, $6, 1000000, 1, 1, 0, 0, 0, 0, 1, 0,"
                " now(), now(), 'forger')",
                own.id,
                UUID(shop.payee),
                no,
                before,
                uuid4(),
                after,
            )
        )

    for no, before, after in ((2, 1, 0), (2, None, 0), (1, None, 0), (3, 2, 0)):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await forge(no, before, after)
    found = await shop.bank.tenant.client.get(f"/v1/settlement-batches/{batch['id']}")
    assert found.json() == batch
