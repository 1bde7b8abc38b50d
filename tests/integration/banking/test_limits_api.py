"""Limits over the API: products', accounts' own, raises that wait, and how far they are used up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.banking import LimitService, Spending, counterparty_of
from bezant.banking.terms.limits import Channel
from bezant.kernel.calls import Answer
from bezant.kernel.clock import SystemClock
from bezant.kernel.fingerprints import Fingerprints
from bezant.ledger import Ledger
from customers import CustomerBank, new_party, open_bank
from fixtures_api import Api, Tenant, fresh_key
from fixtures_ledger import IDS, Bank, code
from spenders import SpendingPayment


@pytest.fixture(scope="module")
async def customers(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant for this module."""
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


def daily(amount: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - members by name
    return {"asset": "EUR", "window": "day", "amount": str(amount)} | more


async def put(customers: CustomerBank, account: str, *limits: Any, at_once: bool = False) -> Any:  # noqa: ANN401 - JSON
    path = f"/v1/accounts/{account}/limits" + ("/at-once" if at_once else "")
    answer = await customers.tenant.client.put(
        path, json={"limits": list(limits)}, headers=fresh_key()
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def get(customers: CustomerBank, account: str, path: str = "limits") -> Any:  # noqa: ANN401 - JSON
    answer = await customers.tenant.client.get(f"/v1/accounts/{account}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def pay(
    api: Api, customers: CustomerBank, account: str, amount: int, iban: str | None = None
) -> Answer:
    ledger = api.ledger
    assert isinstance(ledger, Ledger)
    bank = Bank(ledger, api.database, customers.tenant.id, UUID(customers.book))
    fingerprints = Fingerprints(bytes(32))
    counterparty = counterparty_of(fingerprints, iban) if iban else IDS.new().bytes
    spending = Spending(
        UUID(account), IDS.new(), "EUR", amount, Channel.API, counterparty=counterparty
    )
    rider = SpendingPayment(spending, f"accounts:{account}:EUR")
    return await ledger.submit(bank.call(), bank.book_id, rider)


async def test_what_tightens_holds_at_once_and_what_loosens_waits(
    api: Api, customers: CustomerBank
) -> None:
    account = await customers.funded()
    assert await get(customers, account) == {"product": [], "account": [], "upcoming": None}
    await put(customers, account, daily(100))
    assert code(await pay(api, customers, account, 101)) == "LIMIT_EXCEEDED"
    raised = await put(customers, account, daily(500))
    assert raised["account"] == [daily(100)]
    assert raised["upcoming"]["limits"] == [daily(500)]
    assert await get(customers, account) == raised
    assert code(await pay(api, customers, account, 101)) == "LIMIT_EXCEEDED"
    tightened = await put(customers, account, daily(50))
    assert tightened == {"product": [], "account": [daily(50)], "upcoming": None}
    assert code(await pay(api, customers, account, 51)) == "LIMIT_EXCEEDED"
    assert (await pay(api, customers, account, 50)).status == 201


async def test_who_may_raises_at_once(api: Api, customers: CustomerBank) -> None:
    account = await customers.funded()
    await put(customers, account, daily(100))
    raised = await put(customers, account, daily(500), at_once=True)
    assert raised == {"product": [], "account": [daily(500)], "upcoming": None}
    assert (await pay(api, customers, account, 500)).status == 201


async def test_it_takes_a_scope_of_its_own_to_raise_at_once(customers: CustomerBank) -> None:
    account = await customers.funded()
    issued = await customers.tenant.create(
        "/v1/api-keys", {"name": "desk", "scopes": ["banking:read", "banking:write"]}
    )
    headers = {"Authorization": f"Bearer {issued['key']}"}
    path, body = f"/v1/accounts/{account}/limits", {"limits": [daily(1)]}
    client = customers.tenant.client
    answer = await client.put(path, json=body, headers=headers | fresh_key())
    assert answer.status_code == 200
    answer = await client.put(f"{path}/at-once", json=body, headers=headers | fresh_key())
    assert answer.status_code == 403


async def test_a_payers_limit_of_instant_payments_changes_at_once(
    customers: CustomerBank,
) -> None:
    account = await customers.funded()
    instant = {"channel": "instant"}
    await put(customers, account, daily(100, **instant))
    raised = await put(customers, account, daily(500, **instant))
    assert raised == {"product": [], "account": [daily(500, **instant)], "upcoming": None}


async def test_an_accounts_own_limits_do_not_loosen_its_products(
    api: Api, customers: CustomerBank
) -> None:
    terms = {"assets": ["EUR"], "limits": [daily(100)]}
    new = {
        "code": f"small-{uuid4().hex}",
        "institution_id": customers.institution,
        "kind": "wallet",
        "terms": terms,
    }
    product = (await customers.tenant.create("/v1/products", new))["id"]
    account = await replace(customers, product=product).funded()
    await put(customers, account, daily(500), at_once=True)
    refused = await pay(api, customers, account, 101)
    assert code(refused) == "LIMIT_EXCEEDED"
    assert (await pay(api, customers, account, 100)).status == 201


async def test_usage_tells_what_was_paid_in_each_limits_window(
    api: Api, customers: CustomerBank
) -> None:
    account = await customers.funded()
    single = {"asset": "EUR", "window": "transaction", "amount": "70"}
    few = {"asset": "EUR", "window": "week", "counterparties": 5}
    web = daily(40, channel="web")
    await put(customers, account, single, daily(100), web, few)
    assert [each["amount"] for each in (await get(customers, account, "limits/usage"))["limits"]]
    await pay(api, customers, account, 60)
    await pay(api, customers, account, 30)
    usage = (await get(customers, account, "limits/usage"))["limits"]
    assert usage == [
        {"owner": "account", "limit": single, "amount": "0", "count": 0, "counterparties": None},
        {"owner": "account", "limit": daily(100), "amount": "90", "count": 2,
         "counterparties": None},
        {"owner": "account", "limit": web, "amount": "0", "count": 0, "counterparties": None},
        {"owner": "account", "limit": few, "amount": "90", "count": 2, "counterparties": 2},
    ]  # fmt: skip


async def test_of_changes_at_once_each_makes_versions_of_its_own(customers: CustomerBank) -> None:
    account = await customers.funded()
    await asyncio.gather(*(put(customers, account, daily(100 + n)) for n in range(10)))
    assert (await get(customers, account))["account"] == [daily(100)]


async def test_another_tenants_account_has_no_limits(
    customers: CustomerBank, other_tenant: Tenant
) -> None:
    account = await customers.funded()
    path = f"/v1/accounts/{account}/limits"
    assert (await other_tenant.client.get(path)).status_code == 404
    assert (await other_tenant.client.get(f"{path}/usage")).status_code == 404
    for each in (path, f"{path}/at-once"):
        answer = await other_tenant.client.put(each, json={"limits": []}, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (404, "BANK_ACCOUNT_NOT_FOUND")


async def test_a_denied_counterparty_is_not_paid_in_whatever_form_its_number_comes(
    api: Api, customers: CustomerBank
) -> None:
    account = await customers.funded()
    path = f"/v1/accounts/{account}/counterparties"
    denied = {"iban": "gb33 bukb 2020 1555 5555 55", "standing": "denied"}
    assert await customers.tenant.create(path, denied) == {"standing": "denied"}
    iban = "GB33BUKB20201555555555"
    assert code(await pay(api, customers, account, 1, iban)) == "COUNTERPARTY_DENIED"
    assert (await pay(api, customers, account, 1)).status == 201
    await customers.tenant.create(path, denied | {"standing": "allowed"})
    assert (await pay(api, customers, account, 1, iban)).status == 201
    assert code(await pay(api, customers, account, 1)) == "COUNTERPARTY_DENIED"
    await customers.tenant.create(path, denied | {"standing": None})
    assert (await pay(api, customers, account, 1)).status == 201
    rows = await api.database.fetch(
        "SELECT entry_id FROM audit_entry WHERE tenant_id = $1 AND resource LIKE '%GB33%'",
        customers.tenant.id,
    )
    assert rows == []


async def test_another_tenants_account_lists_nobody(
    customers: CustomerBank, other_tenant: Tenant
) -> None:
    path = f"/v1/accounts/{await customers.funded()}/counterparties"
    body = {"iban": "GB33BUKB20201555555555", "standing": "denied"}
    assert (await other_tenant.post(path, body)).status_code == 404


async def test_what_no_window_reaches_is_removed_and_nothing_else(
    api: Api, customers: CustomerBank
) -> None:
    account, tenant_id = await customers.funded(), customers.tenant.id
    await put(customers, account, daily(100))
    await pay(api, customers, account, 60)
    limits, now = LimitService(api.database, SystemClock(), IDS), datetime.now(UTC)
    assert await limits.remove_old_spends(tenant_id, now + timedelta(days=29), 100) == 0
    assert code(await pay(api, customers, account, 41)) == "LIMIT_EXCEEDED"
    assert await limits.remove_old_spends(tenant_id, now + timedelta(days=31), 100) > 0
    assert await limits.remove_old_spends(tenant_id, now + timedelta(days=31), 100) == 0


async def test_a_customers_limits_hold_over_all_of_their_accounts(
    customers: CustomerBank,
) -> None:
    tenant = customers.tenant
    new = {"kind": "person", "legal_name": "Ada Lovelace"}
    party = (await tenant.create("/v1/parties", new))["id"]
    path = f"/v1/parties/{party}/limits"
    assert (await tenant.client.get(path)).json() == {"party": [], "upcoming": None}
    for amount in (100, 500):
        answer = await tenant.client.put(
            path, json={"limits": [daily(amount)]}, headers=fresh_key()
        )
        assert answer.status_code == 200, answer.text
    found = (await tenant.client.get(path)).json()
    # The first tightens; the second raises, and waits.
    assert [limit["amount"] for limit in found["party"]] == ["100"]
    assert [limit["amount"] for limit in found["upcoming"]["limits"]] == ["500"]

    accounts = [await customers.funded() for _ in range(2)]
    payee = (await customers.open())["id"]
    for account in accounts:
        role = {"party_id": party, "role": "holder"}
        await tenant.create(f"/v1/accounts/{account}/parties", role)

    async def order(account: str, amount: str, **more: str | None) -> tuple[int, str | None]:
        payment = {
            "debtor_account": account,
            "creditor": {"account_id": payee},
            "asset": "EUR",
            "amount": amount,
            "party_id": party,
            **more,
        }
        answer = await tenant.post("/v1/payments", payment)
        return answer.status_code, answer.json().get("code")

    assert await order(accounts[0], "60") == (201, None)
    # Nobody gets round a holder's limits by not saying who orders.
    assert await order(accounts[1], "1", party_id=None) == (422, "ORDERING_PARTY_NEEDED")
    assert await order(accounts[1], "1", party_id=None, asset="USD") == (422, "OVERDRAFT_EXCEEDED")
    assert await order(accounts[1], "41") == (422, "LIMIT_EXCEEDED")
    assert await order(accounts[1], "40") == (201, None)
    assert (await tenant.client.get(f"/v1/parties/{uuid4()}/limits")).status_code == 404


async def test_silence_is_refused_as_long_as_somebody_with_limits_holds_the_account(
    customers: CustomerBank,
) -> None:
    tenant, account = customers.tenant, await customers.funded()
    payee = (await customers.open())["id"]
    payment = {"debtor_account": account, "creditor": {"account_id": payee}, "asset": "EUR"}

    async def order(**more: str) -> str:
        answer = await tenant.post("/v1/payments", payment | {"amount": "1"} | more)
        return str(answer.json().get("code", answer.json().get("state")))

    free, limited = await new_party(tenant), await new_party(tenant)
    path = f"/v1/accounts/{account}/parties"
    for party in (free, limited):
        await tenant.create(path, {"party_id": party, "role": "holder"})
    nothing = {"asset": "EUR", "window": "day", "amount": "0", "channel": "api"}
    limits = f"/v1/parties/{limited}/limits"
    done = await tenant.client.put(limits, json={"limits": [nothing]}, headers=fresh_key())
    assert done.status_code == 200, done.text
    assert await order() == "ORDERING_PARTY_NEEDED"
    assert await order(channel="web") == "settled"
    assert await order(party_id=free) == "settled"
    assert await order(party_id=limited) == "LIMIT_EXCEEDED"
    await tenant.create(f"{path}/{limited}/remove", {"role": "holder"})
    assert await order() == "settled"
