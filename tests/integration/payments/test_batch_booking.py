"""A batch that asks for it is one entry in its payer's statement, with its payments beside it."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree

from bezant.banking import CustomerStatements
from bezant.formats.camt053 import Entry, read_statements
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Ledger, statements
from bezant.server.banking import Banking
from bezant.vault import VaultClient
from bulks import pain_file, processed, taken, transfer, two
from customers import CustomerBank
from fixtures_api import Tenant
from paying import Desk

CAMT = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


@pytest.fixture
def later(database: Database, ledger: Ledger, sealer: VaultClient) -> CustomerStatements:
    """Statements as they are when this month is over."""
    clock, ids = ManualClock(datetime.now(UTC) + timedelta(days=40)), TimeOrderedIds()
    banking = Banking.of(database, SystemClock(), ids, ledger, sealer, bytes(32))
    return CustomerStatements(database, clock, ids, banking.accounts, ledger)


Stated = Callable[[str, str], Any]


@pytest.fixture
def stated(later: CustomerStatements, desk: Desk) -> Stated:
    """The first statement of an account, as a file of a kind."""

    async def work(account: str, kind: str) -> bytes:
        call = desk.teller.call()
        document = await later.file(call, UUID(account), 1, "EUR", kind)
        with document.file as file:
            return file.read()

    return work


def name() -> str:
    return uuid4().hex[:30]


async def sent(
    own: Tenant, desk: Desk, database: Database, debtor: str, creditor: str, booked_as_one: str
) -> dict[str, Any]:
    """A file of four payments, one of which is refused."""
    amounts = ("1.00", "2.50", "9999.00", "4.00")
    transfers = [transfer(name(), amount, creditor) for amount in amounts]
    file = pain_file(name(), debtor, transfers, booked_as_one=booked_as_one)
    bulk = await taken(own, file)
    await processed(database, desk, bulk)
    return bulk


async def paid_beside(bank: CustomerBank, payer: str, payee: str) -> None:
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "70",
    }
    await bank.tenant.create("/v1/payments", new)


async def test_a_batch_is_one_debit_with_its_payments_beside_it(
    own: Tenant,
    bank: CustomerBank,
    desk: Desk,
    database: Database,
    stated: Stated,
    vectors: Path,
) -> None:
    payer, payee, debtor, creditor = await two(bank)
    await sent(own, desk, database, debtor, creditor, "true")
    await paid_beside(bank, payer, payee)
    content = await stated(payer, "camt053")
    document = etree.fromstring(content)
    schema = etree.parse(vectors / "payments/iso20022/xsd/camt.053.001.08.xsd")
    etree.XMLSchema(schema).assertValid(document)
    [found] = document.iterfind("c:BkToCstmrStmt/c:Stmt", CAMT)
    entries = found.findall("c:Ntry", CAMT)
    assert [each.findtext("c:Amt", None, CAMT) for each in entries] == ["100.00", "7.50", "0.70"]
    batch = entries[1]
    assert batch.findtext("c:CdtDbtInd", None, CAMT) == "DBIT"
    details = batch.find("c:NtryDtls", CAMT)
    assert details is not None
    assert details.findtext("c:Btch/c:NbOfTxs", None, CAMT) == "3", "the refused one is not in it"
    assert details.findtext("c:Btch/c:TtlAmt", None, CAMT) == "7.50"
    of_each = details.findall("c:TxDtls", CAMT)
    of_payments = sorted(str(each.findtext("c:Amt", None, CAMT)) for each in of_each)
    assert of_payments == ["1.00", "2.50", "4.00"]
    assert len({each.findtext("c:Refs/c:AcctSvcrRef", None, CAMT) for each in of_each}) == 3
    assert all(each.find("c:NtryDtls/c:Btch", CAMT) is None for each in (entries[0], entries[2]))
    summary = found.find("c:TxsSummry/c:TtlDbtNtries", CAMT)
    assert summary is not None
    assert summary.findtext("c:NbOfNtries", None, CAMT) == "2"
    assert summary.findtext("c:Sum", None, CAMT) == "8.20"


async def test_what_asks_for_single_entries_has_them(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, stated: Stated
) -> None:
    payer, _, debtor, creditor = await two(bank)
    await sent(own, desk, database, debtor, creditor, "false")
    found = etree.fromstring(await stated(payer, "camt053"))
    amounts = [each.text for each in found.iterfind(".//c:Ntry/c:Amt", CAMT)]
    assert sorted(map(str, amounts)) == ["1.00", "100.00", "2.50", "4.00"]
    assert found.find(".//c:Btch", CAMT) is None


async def test_payments_by_a_rail_are_one_entry_too_and_come_in_one_by_one(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, stated: Stated
) -> None:
    payer, payee, debtor, creditor = await two(bank)
    elsewhere = "GB33BUKB20201555555555"
    transfers = [
        transfer(name(), "1.00", elsewhere),
        transfer(name(), "2.00", creditor),
        transfer(name(), "3.00", elsewhere),
        transfer(name(), "4.00", creditor),
    ]
    bulk = await taken(own, pain_file(name(), debtor, transfers), query="?rail=scheme")
    await processed(database, desk, bulk)
    await desk.first.execution.close()
    rows = list(csv.DictReader(io.StringIO((await stated(payer, "csv")).decode())))
    assert [(row["record"], row["amount_minor"], row["balance_minor"]) for row in rows] == [
        ("opening", "", "0"),
        ("entry", "10000", "10000"),
        ("entry", "1000", "9000"),
        ("closing", "", "9000"),
    ]
    received = list(csv.DictReader(io.StringIO((await stated(payee, "csv")).decode())))
    assert sorted(row["amount_minor"] for row in received[1:-1]) == ["200", "400"]
    assert (await stated(payer, "pdf")).startswith(b"%PDF")


async def test_pages_have_each_payment_and_the_batch_that_it_is_of(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, later: CustomerStatements
) -> None:
    payer, payee, debtor, creditor = await two(bank)
    await sent(own, desk, database, debtor, creditor, "true")
    await paid_beside(bank, payer, payee)
    part = statements.Part("booked", None, 100)
    page = await later.statement(desk.teller.call(), UUID(payer), 1, "EUR", part)
    # Those of a chunk are ordered together, in no order.
    assert page.entries[0].amount == "10000"
    assert sorted(each.amount for each in page.entries[1:4]) == ["100", "250", "400"]
    batches = [each.batch_id for each in page.entries]
    assert (batches[0], batches[-1]) == (None, None)
    assert len({each for each in batches[1:4] if each is not None}) == 1
    assert page.closing.balance == "9180"


async def test_two_batches_of_a_file_are_two_entries_and_a_batch_is_read_back(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, stated: Stated
) -> None:
    payer, _, debtor, creditor = await two(bank)
    for _ in range(2):
        await sent(own, desk, database, debtor, creditor, "true")
    content = await stated(payer, "camt053")
    found = etree.fromstring(content)
    amounts = [each.text for each in found.iterfind(".//c:Ntry/c:Amt", CAMT)]
    assert amounts == ["100.00", "7.50", "7.50"]
    parts = [repr(type(part)) for part in read_statements(io.BytesIO(content))]
    assert parts.count(repr(Entry)) == 3, "our own reader takes it"
