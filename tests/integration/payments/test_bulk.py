"""Bulk payments: a file is taken once, each of its payments stands by itself and is made once."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from lxml import etree
from msgspec.structs import replace

from bezant.formats.iso20022.messages import pain002
from bezant.kernel.database import Database
from bezant.kernel.errors import Refusal
from bezant.kernel.jobs import Done
from bezant.payments.bulk.domain import (
    CODES,
    OF_FILES,
    Format,
    ItemOutcome,
    found_status,
    status_of,
    status_of_all,
)
from bezant.payments.bulk.schemas import Bulk, BulkQuery
from bezant.payments.states import OrderState
from bezant.payments.vop import Verdict
from bulks import (
    COLUMNS,
    order_chunk,
    pain_file,
    processed,
    record,
    send,
    taken,
    transfer,
    two,
)
from customers import CustomerBank, new_party
from fixtures_api import Tenant
from paying import Desk

ELSEWHERE = "GB33BUKB20201555555555"


def name() -> str:
    return uuid4().hex[:30]


async def items_of(own: Tenant, bulk: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await own.client.get(f"/v1/bulk-payments/{bulk['id']}/items?limit=1000")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_each_payment_of_a_file_has_an_outcome_of_its_own(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, vectors: Path
) -> None:
    _, payee, debtor, creditor = await two(bank, 1_000)
    transfers = [
        transfer("one", "3.00", creditor),
        transfer("two", "9999.99", creditor),
        transfer("three", "4.50", creditor),
        transfer("four", "1.00", "DE00370400440532013000"),
        transfer("five", "1.00", ELSEWHERE),
    ]
    bulk = await taken(own, pain_file(name(), debtor, transfers, total="10009.49"))
    assert (bulk["count"], bulk["status"], bulk["booked_as_one"]) == (5, "processing", 1)
    await processed(database, desk, bulk)
    assert (await bank.balance(payee))["booked"] == "750"
    found = await items_of(own, bulk)
    assert [(each["outcome"], each["state"], each["code"]) for each in found] == [
        ("ordered", "settled", None),
        ("refused", None, "OVERDRAFT_EXCEEDED"),
        ("ordered", "settled", None),
        ("refused", None, "CREDITOR_IBAN_INVALID"),
        ("refused", None, "UNKNOWN_CREDITOR_ACCOUNT"),
    ]
    stands = (await own.client.get(f"/v1/bulk-payments/{bulk['id']}")).json()
    assert stands["status"] == "processed"
    assert {(each["outcome"], each["count"]) for each in stands["tallies"]} == {
        ("ordered", 2),
        ("refused", 3),
    }
    path = f"/v1/bulk-payments/{bulk['id']}/report?purpose=testing"
    report = (await own.client.get(path)).json()
    assert report["status"] == "PART"
    document = await own.client.get(f"{path}&format=pain002")
    assert document.headers["content-type"] == "application/xml"
    read = pain002.read_pain002(document.content)
    statuses = [
        (each.end_to_end_id, each.status, each.reason) for each in read.batches[0].transfers
    ]
    assert statuses == [
        ("one", "ACSC", None),
        ("two", "RJCT", "AM04"),
        ("three", "ACSC", None),
        ("four", "RJCT", "AC01"),
        ("five", "RJCT", "AC03"),
    ]
    nearest = "pain.002.001.11"
    schema = etree.XMLSchema(etree.parse(vectors / f"payments/iso20022/xsd/{nearest}.xsd"))
    as_nearest = document.content.replace(pain002.VERSION.encode(), nearest.encode())
    schema.assertValid(etree.fromstring(as_nearest))


async def test_payees_elsewhere_are_paid_by_the_rail_that_the_file_names(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, _, debtor, creditor = await two(bank)
    transfers = [transfer("a", "1.00", ELSEWHERE), transfer("b", "2.00", creditor)]
    bulk = await taken(own, pain_file(name(), debtor, transfers), query="?rail=scheme")
    await processed(database, desk, bulk)
    await desk.first.execution.close()
    found = await items_of(own, bulk)
    assert [each["state"] for each in found] == ["settled", "settled"]
    assert sum(desk.rail.sent.values()) == 1


async def test_a_file_is_taken_once_by_its_name_whoever_comes_at_once(
    own: Tenant, bank: CustomerBank
) -> None:
    _, _, debtor, creditor = await two(bank)
    content = pain_file(name(), debtor, [transfer(name(), "1.00", creditor)])
    answers = await asyncio.gather(*(send(own, content) for _ in range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202, *[409] * 7]
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"BULK_REPEATED"}


async def test_a_payment_is_taken_once_by_its_name_unless_it_was_refused(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, payee, debtor, creditor = await two(bank)
    paid, refused = name(), name()
    transfers = [
        transfer(paid, "1.00", creditor),
        transfer(paid, "1.00", creditor),
        transfer(refused, "99999.00", creditor),
    ]
    first = await taken(own, pain_file(name(), debtor, transfers))
    await processed(database, desk, first)
    codes = [each["code"] for each in await items_of(own, first)]
    assert codes == [None, "DUPLICATE_ITEM", "OVERDRAFT_EXCEEDED"]
    again = [transfer(paid, "1.00", creditor), transfer(refused, "2.00", creditor)]
    second = await taken(own, pain_file(name(), debtor, again))
    await processed(database, desk, second)
    assert [each["code"] for each in await items_of(own, second)] == ["DUPLICATE_ITEM", None]
    assert (await bank.balance(payee))["booked"] == "300"


async def test_a_file_that_does_not_add_up_is_refused_whole(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, _, debtor, creditor = await two(bank)
    transfers = [transfer("x", "1.00", creditor)]
    for content, refused in (
        (pain_file(name(), debtor, transfers, count=2), (422, "BULK_SUMS_DISAGREE")),
        (pain_file(name(), debtor, transfers, total="1.01"), (422, "BULK_SUMS_DISAGREE")),
        (b"<Document/>", (400, "MALFORMED")),
        (b"<Document", (400, "MALFORMED")),
    ):
        answer = await send(own, content)
        assert (answer.status_code, answer.json()["code"]) == refused
        assert creditor not in answer.text
    listed = await own.client.get(f"/v1/payments?debtor_account={payer}")
    assert listed.json()["payments"] == []


async def test_a_chunk_that_runs_twice_at_once_or_again_pays_once(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, payee, debtor, creditor = await two(bank, 100_000)
    transfers = [transfer(name(), "1.00", creditor) for _ in range(40)]
    bulk = await taken(own, pain_file(name(), debtor, transfers))
    outcomes = await asyncio.gather(*(order_chunk(desk, UUID(bulk["id"])) for _ in range(3)))
    assert (await bank.balance(payee))["booked"] == "4000"
    # Whoever had ordered them was killed before it recorded that; the next one does.
    again = await order_chunk(desk, UUID(bulk["id"]))
    assert isinstance(again, Done)
    await record(database, desk, again)
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert {each["outcome"] for each in await items_of(own, bulk)} == {"ordered"}
    assert (await bank.balance(payee))["booked"] == "4000"


async def test_a_thousand_payments_go_in_chunks(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, payee, debtor, creditor = await two(bank, 1_000_000)
    transfers = [transfer(f"{name()}", "0.01", creditor) for _ in range(1_000)]
    bulk = await taken(own, pain_file(name(), debtor, transfers, total="10"))
    jobs = await database.fetch(
        "SELECT payload FROM job WHERE tenant_id = $1 AND kind = 'bulk_payment.order'", own.id
    )
    assert len([row for row in jobs if bulk["id"].encode() in row["payload"]]) == 10
    await record(database, desk, await order_chunk(desk, UUID(bulk["id"]), 3))
    stands = (await own.client.get(f"/v1/bulk-payments/{bulk['id']}")).json()
    assert stands["status"] == "processing"
    assert {(each["outcome"], each["count"]) for each in stands["tallies"]} == {
        ("ordered", 100),
        ("waiting", 900),
    }
    await processed(database, desk, bulk)
    assert (await bank.balance(payee))["booked"] == "1000"


async def test_one_for_a_later_day_waits_for_it_and_one_for_a_past_day_is_refused(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, _, debtor, creditor = await two(bank)
    today = datetime.now(UTC).date()
    later = str(today + timedelta(days=3))
    bulk = await taken(
        own, pain_file(name(), debtor, [transfer(name(), "1.00", creditor)], day=later)
    )
    await processed(database, desk, bulk)
    [item] = await items_of(own, bulk)
    assert item["state"] == "scheduled"
    past = str(today - timedelta(days=3))
    late = await taken(
        own, pain_file(name(), debtor, [transfer(name(), "1.00", creditor)], day=past)
    )
    assert late["status"] == "processed"
    assert [each["code"] for each in await items_of(own, late)] == ["DAY_OUT_OF_REACH"]


async def test_a_csv_is_read_by_its_columns(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    _, payee, debtor, creditor = await two(bank)
    rows = [
        COLUMNS,
        f'{debtor},{creditor},"Hopper, Grace",12.50,EUR,{name()},Rent',
        f"{debtor},{creditor},Grace,0.005,EUR,{name()},Too fine",
        f"{debtor},{creditor},Grace,3.00,EUR,{name()},",
    ]
    content = "\n".join(rows).encode()
    query = f"?message_id={name()}&initiator=payroll&count=3&control_sum=15.505"
    bulk = await taken(own, content, "text/csv", query)
    await processed(database, desk, bulk)
    assert [each["code"] for each in await items_of(own, bulk)] == [None, "ITEM_INVALID", None]
    assert (await bank.balance(payee))["booked"] == "1550"


async def test_a_csv_that_cannot_be_relied_on_is_refused(own: Tenant) -> None:
    row = "DE89370400440532013000,DE89370400440532013000,Grace,1.00,EUR,a,b"
    whole = f"{COLUMNS}\n{row}\n".encode()
    query = f"?message_id={name()}&initiator=payroll"
    for content, asked in (
        (whole, ""),
        (whole, f"{query}&count=2"),
        (whole, f"{query}&control_sum=1.01"),
        (f"{COLUMNS},secret\n{row},x\n".encode(), query),
        (f"{COLUMNS}\n{row},x\n".encode(), query),
        (f"{COLUMNS}\n".encode(), query),
        (whole.replace(b"Grace", b"Gr\x01ce"), query),
        (whole.replace(b"Grace", b"Gr\xffce"), query),
        (whole.replace(b"Grace", b'"Grace'), query),
        (whole.replace(b"Grace", b"G" * 20_000), query),
    ):
        answer = await send(own, content, "text/csv", asked)
        is_about_sums = "count" in asked or "control_sum" in asked
        refused = (422, "BULK_SUMS_DISAGREE") if is_about_sums else (400, "MALFORMED")
        assert (answer.status_code, answer.json()["code"]) == refused


async def test_what_a_file_says_is_sealed_and_its_report_is_audited(
    own: Tenant, bank: CustomerBank, database: Database
) -> None:
    _, _, debtor, creditor = await two(bank)
    content = pain_file(name(), debtor, [transfer("REF-SECRET", "1.00", creditor)])
    bulk = await taken(own, content)
    stored = await database.fetch(
        "SELECT sealed FROM bulk_item WHERE tenant_id = $1 AND bulk_id = $2"
        " UNION ALL SELECT sealed FROM bulk_payment WHERE tenant_id = $1 AND bulk_id = $2",
        own.id,
        UUID(bulk["id"]),
    )
    assert len(stored) == 2
    for row in stored:
        assert b"SECRET" not in row["sealed"]
        assert creditor.encode() not in row["sealed"]
    path = f"/v1/bulk-payments/{bulk['id']}/report"
    assert (await own.client.get(path)).status_code == 400, "a purpose is needed"
    assert (await own.client.get(f"{path}?purpose=testing")).json()["status"] == "PDNG"
    entries = await database.fetch(
        "SELECT purpose FROM audit_entry WHERE tenant_id = $1 AND action = 'bulk_payment.report'",
        own.id,
    )
    assert [entry["purpose"] for entry in entries][-1] == "testing"


def test_reports_use_codes_of_the_standard(vectors: Path) -> None:
    path = vectors / "payments/iso20022/external_codes_2Q2026_v3.json"
    definitions = json.loads(path.read_text())["definitions"]

    def codes(name: str) -> set[str]:
        return set(re.findall(r"`([A-Z0-9]{4})`", definitions[name]["description"]))

    assert set(CODES.values()) <= codes("ExternalStatusReason1Code")
    statuses = codes("ExternalPaymentTransactionStatus1Code")
    found = {status_of(ItemOutcome.ORDERED, state) for state in OrderState}
    of_payees = [found_status(verdict) for verdict in (*Verdict, None)]
    assert of_payees == ["RCVC", "RVMC", "RVNM", "RVNA", "RVNC"]
    assert found | set(of_payees) <= statuses
    whole = {status_of_all(each) for each in (["RJCT"], ["ACSC"], ["ACSC", "RJCT"], ["PDNG"])}
    assert whole == {"RJCT", "ACSC", "PART", "PDNG"}
    undecided = (["RJCT", "RCVC"], ["RCVC", "RVMC"], ["RVNM", "RVNC"])
    waiting = [status_of_all(each) for each in undecided]
    assert waiting == ["RCVC", "RVCM", "RVNC"]
    whole |= set(waiting)
    assert whole <= codes("ExternalPaymentGroupStatus1Code")


def test_refusals_that_have_a_code_are_refusals() -> None:
    known = {each.code for each in _every(Refusal)} | OF_FILES
    assert set(CODES) <= known


def _every(kind: type[Refusal]) -> set[type[Refusal]]:
    found = set(kind.__subclasses__())
    return found | {deeper for each in found for deeper in _every(each)}


async def test_a_file_is_signed_by_whom_its_sender_may_sign_for(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer, payee, debtor, creditor = await two(bank)
    party = await new_party(own)
    holder = {"party_id": party, "role": "holder"}
    await own.create(f"/v1/accounts/{payer}/parties", holder)
    told = []
    # The party is nobody's who logs in, so a server alone vouches for it.
    for actor in (f"user:{uuid4()}", "key:payroll"):
        content = BytesIO(pain_file(name(), debtor, [transfer(name(), "1.00", creditor)]))
        call = replace(desk.teller.call(), actor=actor)
        query = BulkQuery(party_id=UUID(party))
        answer = await desk.first.bulk_intake.take(call, Format.PAIN001, content, query)
        bulk = {"id": str(answer.value(Bulk).id), "count": 1}
        await processed(database, desk, bulk)
        [item] = await items_of(own, bulk)
        told.append((item["outcome"], item["code"]))
    assert told == [("refused", "SIGNATURE_OF_ANOTHER"), ("ordered", None)]
    assert (await bank.balance(payee))["booked"] == "100"
