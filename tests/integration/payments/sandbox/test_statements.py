"""The bank that makes statements, over HTTP: what it tells adds up, and how it can misbehave."""

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from bezant.formats.bank_statement import Unbalanced, read_camt
from bezant.formats.camt053 import (
    NOTIFICATION,
    REPORT,
    Entry,
    Kind,
    StatementHeader,
    audit_statements,
    read_statements,
)
from bezant.kernel.clock import ManualClock
from bezant.payments.sandbox import csm
from bezant.payments.sandbox.statements import Desk, StatementBank
from clearing import OUR_BIC, OUR_IBAN, SECRET, THEIR_IBAN, clearing_system, rails_to

IBAN = "DE02120300000000202051"
MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday


@dataclass
class Customer:
    """Whoever fetches from the bank, and tells it what happens."""

    http: httpx.AsyncClient
    bank: StatementBank
    clock: ManualClock

    async def open(self, **more: str) -> None:
        answer = await self.http.put(f"/admin/accounts/{IBAN}", json=more)
        assert answer.status_code == 200, answer.text

    async def order(self, amount: int, **more: object) -> str:
        asked = {"amount": str(amount), "iban": THEIR_IBAN, "name": "Grace <Hopper>", **more}
        answer = await self.http.post(f"/admin/accounts/{IBAN}/orders", json=asked)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["reference"])

    async def end_day(self, misbehaviour: str = "", *amounts: int) -> None:
        if misbehaviour:
            spoilt = {"misbehaviour": misbehaviour}
            answer = await self.http.post(f"/admin/accounts/{IBAN}/behaviours", json=spoilt)
            assert answer.status_code == 200, answer.text
        for amount in amounts:
            await self.order(amount)
        assert (await self.http.post("/admin/days")).status_code == 200

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"/accounts/{IBAN}")).json()
        return found

    async def fetch(self, place: str) -> bytes:
        answer = await self.http.get(f"/accounts/{IBAN}/{place}")
        assert answer.status_code == 200, answer.text
        return answer.content

    async def statements(self) -> list[bytes]:
        count = len((await self.shown())["statements"])
        return [await self.fetch(f"statements/{number + 1}") for number in range(count)]


@asynccontextmanager
async def at_the_desk() -> AsyncIterator[Customer]:
    clock = ManualClock(MORNING)
    bank = StatementBank(clock)
    server = await csm.CsmServer(Desk(bank), SECRET).start()
    headers = {"Authorization": f"Bearer {SECRET}"}
    url = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(headers=headers, base_url=url, trust_env=False) as http:
        yield Customer(http, bank, clock)
    await server.close()


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with at_the_desk() as customer:
        yield customer


def numbers(statements: Sequence[bytes]) -> list[str | None]:
    headers = [next(iter(read_statements(io.BytesIO(each)))) for each in statements]
    return [each.electronic_number for each in headers if isinstance(each, StatementHeader)]


def balances(content: bytes) -> tuple[int, int]:
    [audited] = audit_statements(io.BytesIO(content))
    return audited.opening.amount, audited.closing.amount


def read(content: bytes, kind: Kind) -> tuple[StatementHeader, list[Entry]]:
    header, *entries = read_statements(io.BytesIO(content), (kind,))
    assert isinstance(header, StatementHeader)
    return header, [each for each in entries if isinstance(each, Entry)]


async def test_days_follow_each_other_and_add_up(customer: Customer) -> None:
    await customer.open(opening="10000")
    await customer.end_day("", 2_500, -1)
    await customer.end_day()
    await customer.end_day("", -12_499)
    statements = await customer.statements()
    assert numbers(statements) == ["1", "2", "3"]
    assert [balances(each) for each in statements] == [(10_000, 12_499), (12_499, 12_499),
                                                       (12_499, 0)]  # fmt: skip
    assert (await customer.shown())["balance"] == "0"


async def test_what_it_makes_is_valid_by_the_schema(customer: Customer, vectors: Path) -> None:
    await customer.open(opening="-10000")
    await customer.order(2_500, end_to_end_id="E-1", remittance="Invoice 7", is_reversal=True)
    await customer.order(-1, value_days=2, name="")
    made = {
        "camt.052": await customer.fetch("report"),
        "camt.054": await customer.fetch("notifications/2"),
    }
    await customer.end_day()
    made["camt.053"] = await customer.fetch("statements/1")
    for message, content in made.items():
        xsd = vectors / f"payments/iso20022/xsd/{message}.001.08.xsd"
        etree.XMLSchema(etree.parse(xsd)).assertValid(etree.fromstring(content))


async def test_a_running_day_is_reported_as_far_as_it_is(customer: Customer) -> None:
    await customer.open(opening="100")
    for amount, come_to in ((50, 150), (-20, 130)):
        await customer.order(amount)
        header, entries = read(await customer.fetch("report"), REPORT)
        assert [(each.type, each.amount) for each in header.balances] == [
            ("OPBD", 100), ("ITBD", come_to),
        ]  # fmt: skip
    assert [each.movement for each in entries] == [50, -20]
    await customer.end_day()
    header, entries = read(await customer.fetch("report"), REPORT)
    assert (header.balances[0].amount, header.electronic_number, entries) == (130, "2", [])


async def test_each_entry_is_notified_as_it_stands_on_the_statement(customer: Customer) -> None:
    await customer.open()
    reference = await customer.order(125_01, end_to_end_id="E-1", remittance="Invoice 7")
    assert (await customer.shown())["notifications"] == 1
    _, [notified] = read(await customer.fetch("notifications/1"), NOTIFICATION)
    await customer.end_day()
    [audited] = audit_statements(io.BytesIO(await customer.fetch("statements/1")))
    assert audited.booked == 1
    [detail] = notified.details
    assert (notified.movement, notified.servicer_reference) == (125_01, reference)
    assert (detail.end_to_end_id, detail.remittance) == ("E-1", "Invoice 7")
    assert (detail.debtor.name, detail.debtor.account) == ("Grace <Hopper>", THEIR_IBAN)


async def test_a_gap_is_a_day_that_nobody_is_told_of(customer: Customer) -> None:
    await customer.open()
    await customer.end_day("", 100)
    await customer.end_day("gap", 10)
    await customer.end_day("", 1)
    statements = await customer.statements()
    assert numbers(statements) == ["1", "3"]
    assert [balances(each) for each in statements] == [(0, 100), (110, 111)]


async def test_a_duplicate_is_the_same_bytes(customer: Customer) -> None:
    await customer.open()
    await customer.end_day("duplicate", 100)
    await customer.end_day()
    statements = await customer.statements()
    assert numbers(statements) == ["1", "1", "2"]
    assert statements[0] == statements[1]


async def test_a_wrong_closing_balance_is_found_and_the_next_day_is_right(
    customer: Customer,
) -> None:
    await customer.open()
    await customer.end_day("wrong_closing", 100)
    await customer.end_day("", 1)
    wrong, right = await customer.statements()
    with pytest.raises(Unbalanced) as unbalanced:
        list(read_camt(io.BytesIO(wrong)))
    assert unbalanced.value.difference == 1
    assert balances(right) == (100, 101)


@pytest.mark.parametrize(("way", "order"), [("late", ["1", "2", "3"]),
                                            ("reordered", ["1", "3", "2"])])  # fmt: skip
async def test_a_statement_can_come_a_day_late(
    customer: Customer, way: str, order: list[str]
) -> None:
    await customer.open()
    await customer.end_day("", 100)
    await customer.end_day(way, 10)
    assert numbers(await customer.statements()) == ["1"]
    await customer.end_day("", 1)
    assert numbers(await customer.statements()) == order


async def test_days_end_by_the_clock_in_frankfurt(customer: Customer) -> None:
    await customer.open()
    await customer.order(100)
    customer.clock.advance(seconds=14 * 3600 + 59 * 60)
    assert (await customer.shown())["statements"] == []
    customer.clock.advance(seconds=60)
    assert len((await customer.shown())["statements"]) == 1
    assert balances(await customer.fetch("statements/1")) == (0, 100)
    await customer.order(1)
    _, [entry] = read(await customer.fetch("report"), REPORT)
    assert str(entry.booking_date) == "2026-03-03"


async def test_what_is_not_there_and_what_is_no_order_are_told(customer: Customer) -> None:
    await customer.open()
    for place in ("statements/1", "notifications/1", "elsewhere", "statements/0"):
        assert (await customer.http.get(f"/accounts/{IBAN}/{place}")).status_code == 404
    assert (await customer.http.get("/accounts/DE00")).status_code == 404
    assert (await customer.http.get(f"/accounts/{IBAN}/statements/x")).status_code == 400
    orders = f"/admin/accounts/{IBAN}/orders"
    for asked in ({"amount": "0", "iban": THEIR_IBAN}, {"amount": 1, "iban": THEIR_IBAN}, {}):
        assert (await customer.http.post(orders, json=asked)).status_code == 400
    refused = await customer.http.put("/admin/accounts/nobody", json={})
    assert refused.status_code == 400
    stranger = {"Authorization": "Bearer somebody"}
    assert (await customer.http.get(f"/accounts/{IBAN}", headers=stranger)).status_code == 401


async def test_what_a_clearing_system_settles_and_gets_back_is_booked_on_both_sides() -> None:
    async with clearing_system() as system, rails_to(system.url, system.clock) as (instant, _):
        bank = StatementBank(system.clock)
        system.clearing.watchers.append(bank)
        nostro = bank.open("DE00NOSTRO", "A bank", 0, OUR_BIC[:8])
        payer = bank.open(OUR_IBAN, "A bank", 0, None)
        payee = bank.open(THEIR_IBAN, "Another bank", 0, None)
        await instant.send(system.outgoing(amount=1_000))
        assert (nostro.balance, payer.balance, payee.balance) == (-1_000, -1_000, 1_000)
        system.behave(csm.Misbehaviour.DECLINED)
        await instant.send(system.outgoing(amount=5))
        assert nostro.balance == -1_000
        headers = {"Authorization": f"Bearer {SECRET}"}
        [(sender, name), *_] = system.clearing.transfers
        async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
            asked = {"sender_bic": sender, "transaction_id": name, "amount": "300"}
            answer = await http.post(f"{system.url}/admin/returns", json=asked)
            assert answer.status_code == 200
        assert (nostro.balance, payer.balance, payee.balance) == (-700, -700, 700)
        bank.end_day()
        [audited] = audit_statements(io.BytesIO(nostro.published[0].content))
        assert (audited.closing.amount, audited.booked) == (-700, 2)
        assert sum(account.balance for account in (payer, payee)) == 0
        assert system.clearing.books.position(OUR_BIC) == nostro.balance
