"""A payer's limits of instant payments hold for each of them, whatever ordered it."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from bezant.kernel.database import Database
from bulks import pain_file, processed, taken, transfer
from customers import CustomerBank
from fixtures_api import Tenant, fresh_key
from paying import Desk
from rails import rejected, settled
from shopping import code_of

ELSEWHERE = {"iban": "GB33BUKB20201555555555", "name": "Grace Hopper"}
EXCEEDED = (422, "LIMIT_EXCEEDED")


async def limited(bank: CustomerBank, *limits: dict[str, Any], amount: int = 10_000) -> str:
    """An account with limits."""
    account = await bank.funded(amount)
    body = {"limits": [{"asset": "EUR", **limit} for limit in limits]}
    path = f"/v1/accounts/{account}/limits"
    answer = await bank.tenant.client.put(path, json=body, headers=fresh_key())
    assert answer.status_code == 200, answer.text
    return account


def daily(amount: int, channel: str | None = "instant") -> dict[str, Any]:
    return {"window": "day", "amount": str(amount), "channel": channel}


async def pay(own: Tenant, payer: str, amount: int, **more: object) -> httpx.Response:
    """An instant payment, unless it says otherwise."""
    new = {"debtor_account": payer, "debtor_name": "Ada Lovelace", "asset": "EUR"}
    way = {"creditor": ELSEWHERE, "rail": "sct_inst"}
    return await own.post("/v1/payments", {**new, **way, "amount": str(amount), **more})


@pytest.mark.parametrize("channel", ["api", "web", "mobile", "branch", "batch"])
async def test_an_instant_payment_is_limited_whatever_channel_ordered_it(
    own: Tenant, bank: CustomerBank, channel: str
) -> None:
    payer = await limited(bank, {"window": "transaction", "amount": "50", "channel": "instant"})
    assert code_of(await pay(own, payer, 51, channel=channel)) == EXCEEDED
    assert (await pay(own, payer, 50, channel=channel)).status_code == 201


async def test_instant_payments_of_all_channels_are_counted_together(
    own: Tenant, bank: CustomerBank
) -> None:
    payer = await limited(bank, daily(100))
    assert (await pay(own, payer, 60)).status_code == 201
    assert code_of(await pay(own, payer, 41, channel="mobile")) == EXCEEDED
    assert (await pay(own, payer, 40, channel="mobile")).status_code == 201
    assert code_of(await pay(own, payer, 1, channel="instant")) == EXCEEDED
    usage = (await own.client.get(f"/v1/accounts/{payer}/limits/usage")).json()["limits"]
    assert [(each["amount"], each["count"]) for each in usage] == [("100", 2)]


async def test_of_many_at_once_as_many_pass_as_the_limit_allows(
    own: Tenant, bank: CustomerBank
) -> None:
    payer = await limited(bank, daily(100))
    channels = ("api", "mobile", "web")
    answers = await asyncio.gather(
        *(pay(own, payer, 30, channel=channels[no % 3]) for no in range(12))
    )
    assert [answer.status_code for answer in answers].count(201) == 3


async def test_the_channel_that_ordered_it_counts_it_too(own: Tenant, bank: CustomerBank) -> None:
    payer = await limited(bank, daily(100), daily(30, "mobile"), daily(120, None))
    assert (await pay(own, payer, 30, channel="mobile")).status_code == 201
    assert code_of(await pay(own, payer, 1, channel="mobile")) == EXCEEDED
    assert (await pay(own, payer, 70)).status_code == 201
    assert code_of(await pay(own, payer, 1)) == EXCEEDED
    # It is one payment in the sum of all.
    payee = {"account_id": (await bank.open())["id"]}
    assert code_of(await pay(own, payer, 21, creditor=payee, rail=None)) == EXCEEDED
    assert (await pay(own, payer, 20, creditor=payee, rail=None)).status_code == 201


async def test_what_is_no_instant_payment_is_not_counted(own: Tenant, bank: CustomerBank) -> None:
    payer, payee = await limited(bank, daily(10)), (await bank.open())["id"]
    sent = await pay(own, payer, 500, creditor={"account_id": payee}, rail=None)
    assert sent.json()["state"] == "settled"
    order = {"debtor_account": payer, "creditor_account": payee, "asset": "EUR", "amount": "500"}
    await own.create("/v1/authorizations", order)
    assert (await pay(own, payer, 10)).status_code == 201


async def test_what_was_rejected_gives_the_limit_back(
    own: Tenant, bank: CustomerBank, desk: Desk
) -> None:
    payer = await limited(bank, daily(100))
    desk.rail.on_send = rejected
    assert (await desk.carried_out(payer, 100)).state == "rejected"
    desk.rail.on_send = settled
    assert (await desk.carried_out(payer, 100)).state == "settled"
    assert code_of(await pay(own, payer, 1)) == EXCEEDED


async def test_payments_of_a_file_are_of_the_channel_batch(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer = await limited(bank, daily(300, "batch"))
    payee = (await bank.open())["id"]
    debtor, creditor = await bank.iban(payer), await bank.iban(payee)
    transfers = [transfer("one", "3.00", creditor), transfer("two", "0.01", creditor)]
    bulk = await taken(own, pain_file("by-batch", debtor, transfers, total="3.01"))
    await processed(database, desk, bulk)
    found = await own.client.get(f"/v1/bulk-payments/{bulk['id']}/items")
    assert sorted(str(each["code"]) for each in found.json()["items"]) == ["LIMIT_EXCEEDED", "None"]
    assert (await pay(own, payer, 5, creditor={"account_id": payee}, rail=None)).is_success
    made = [UUID(each["payment_id"]) for each in found.json()["items"] if each["payment_id"]]
    assert len(made) == 1
