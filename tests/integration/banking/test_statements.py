"""Customers' statements by their periods, and confirmations of balances."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

from customers import CustomerBank, open_bank
from fixtures_api import Api, fresh_key

CAMT = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


@pytest.fixture(scope="module")
async def bank(api: Api) -> AsyncIterator[CustomerBank]:
    """A bank of a tenant of these tests' own."""
    async with api.tenant() as tenant:
        yield await open_bank(tenant)


@pytest.fixture
async def account(bank: CustomerBank) -> dict[str, Any]:
    """An account that was opened some three months ago."""
    return await bank.opened_long_ago(100)


async def statements(bank: CustomerBank, account: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await bank.tenant.client.get(f"/v1/accounts/{account['id']}/statements")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["statements"]
    return found


async def booked(bank: CustomerBank, account: dict[str, Any], amount: int, day: str) -> None:
    """Money from the world, booked on a day that is over."""
    leg = {
        "debit": "world",
        "credit": account["ledger_accounts"]["EUR"],
        "asset": "EUR",
        "amount": str(amount),
        "booking_date": day,
        "value_date": day,
    }
    await bank.tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})


async def test_statements_follow_each_other_month_by_month_since_the_opening(
    bank: CustomerBank, account: dict[str, Any]
) -> None:
    found = await statements(bank, account)
    opened = (datetime.now(UTC) - timedelta(days=100)).date()
    assert found[0] == {"number": 1, "from": f"{opened}", "to": found[0]["to"]}
    assert [each["number"] for each in found] == list(range(1, len(found) + 1))
    for before, after in pairwise(found):
        following = date.fromisoformat(before["to"]) + timedelta(days=1)
        assert (after["from"], following.day) == (f"{following}", 1)
    assert date.fromisoformat(found[-1]["to"]) < datetime.now(UTC).date()
    path = f"/v1/accounts/{account['id']}/statements?limit=2"
    page = (await bank.tenant.client.get(path)).json()
    rest = (await bank.tenant.client.get(f"{path}&cursor={page['next']}")).json()
    assert page["statements"] + rest["statements"] == found[:4]


async def test_a_statement_has_what_was_booked_in_its_days(
    bank: CustomerBank, account: dict[str, Any]
) -> None:
    first, second, *_ = await statements(bank, account)
    await booked(bank, account, 500, first["to"])
    await booked(bank, account, 70, second["from"])
    path = f"/v1/accounts/{account['id']}/statements/2?asset=EUR"
    answer = await bank.tenant.client.get(path)
    assert answer.status_code == 200, answer.text
    stated = answer.json()
    assert (stated["opening"]["balance"], stated["closing"]["balance"]) == ("500", "570")
    assert [each["amount"] for each in stated["entries"]] == ["70"]
    assert (stated["from"], stated["to"]) == (second["from"], second["to"])


async def test_files_are_headed_by_the_number_that_the_customer_knows(
    bank: CustomerBank, account: dict[str, Any]
) -> None:
    iban = await bank.iban(account["id"])
    path = f"/v1/accounts/{account['id']}/statements/2?asset=EUR"
    unexplained = await bank.tenant.client.get(f"{path}&format=camt053")
    assert unexplained.status_code == 400
    answer = await bank.tenant.client.get(f"{path}&format=camt053&purpose=customer_statement")
    assert answer.status_code == 200, answer.text
    [found] = etree.fromstring(answer.content).iterfind("c:BkToCstmrStmt/c:Stmt", CAMT)
    assert found.findtext("c:Acct/c:Id/c:IBAN", None, CAMT) == iban
    assert found.findtext("c:ElctrncSeqNb", None, CAMT) == "2"
    csv = await bank.tenant.client.get(f"{path}&format=csv&purpose=customer_statement")
    assert csv.text.count(iban) >= 2
    pdf = await bank.tenant.client.get(f"{path}&format=pdf&purpose=customer_statement")
    assert pdf.content.startswith(b"%PDF")
    rows = await bank.tenant.database.fetch(
        "SELECT purpose FROM audit_entry WHERE tenant_id = $1 AND action = 'statement.read'"
        " AND resource = $2",
        bank.tenant.id,
        path.partition("?")[0],
    )
    assert [row["purpose"] for row in rows] == ["customer_statement"] * 3


@pytest.mark.parametrize("which", ["0?asset=EUR", "99?asset=EUR", "1?asset=GBP"])
async def test_what_is_no_statement_is_not_found(
    bank: CustomerBank, account: dict[str, Any], which: str
) -> None:
    answer = await bank.tenant.client.get(f"/v1/accounts/{account['id']}/statements/{which}")
    assert answer.status_code == 404


async def test_a_changed_cycle_holds_from_tomorrow_on_and_the_last_change_counts(
    bank: CustomerBank, account: dict[str, Any]
) -> None:
    before = await statements(bank, account)
    path = f"/v1/accounts/{account['id']}/statement-cycle"
    cycles = ["week", "quarter", "day", "year"] * 3
    answers = await asyncio.gather(
        *(
            bank.tenant.client.put(path, json={"cycle": cycle}, headers=fresh_key())
            for cycle in cycles
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    found = (await bank.tenant.client.get(path)).json()
    assert found["cycle"] == "month"
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert found["next"]["since"] == f"{tomorrow}"
    assert await statements(bank, account) == before
    rows = await bank.tenant.database.fetch(
        "SELECT version, cycle FROM statement_cycle WHERE tenant_id = $1"
        " AND account_id = $2::text::uuid ORDER BY version",
        bank.tenant.id,
        account["id"],
    )
    assert [row["version"] for row in rows] == list(range(1, 13))
    assert rows[-1]["cycle"] == found["next"]["cycle"]


async def test_a_confirmation_stays_as_it_was_given(
    bank: CustomerBank, account: dict[str, Any]
) -> None:
    day = (await statements(bank, account))[0]["to"]
    await booked(bank, account, 500, day)
    path = f"/v1/accounts/{account['id']}/balance-confirmations"
    made = await bank.tenant.create(path, {"on": day, "purpose": "auditor"})
    assert {each["asset"]: each["balance"] for each in made["balances"]} == {
        "EUR": "500",
        "USD": "0",
    }
    await booked(bank, account, 70, day)
    again = await bank.tenant.client.get(f"/v1/balance-confirmations/{made['id']}")
    assert again.json() == made
    anew = await bank.tenant.create(path, {"on": day, "purpose": "auditor"})
    assert anew["balances"][0]["balance"] == "570"


@pytest.mark.parametrize("days", [0, -1, 101])
async def test_only_a_day_that_is_over_is_confirmed(
    bank: CustomerBank, account: dict[str, Any], days: int
) -> None:
    on = datetime.now(UTC).date() - timedelta(days=days)
    path = f"/v1/accounts/{account['id']}/balance-confirmations"
    answer = await bank.tenant.post(path, {"on": f"{on}", "purpose": "auditor"})
    assert (answer.status_code, answer.json()["code"]) == (422, "BALANCE_NOT_FINAL")


async def test_another_tenants_statements_are_not_there(api: Api, account: dict[str, Any]) -> None:
    confirmed = f"/v1/balance-confirmations/{uuid4()}"
    async with api.tenant() as other:
        for path in (
            f"/v1/accounts/{account['id']}/statements",
            f"/v1/accounts/{account['id']}/statements/1?asset=EUR",
            f"/v1/accounts/{account['id']}/statement-cycle",
            confirmed,
        ):
            assert (await other.client.get(path)).status_code == 404, path
