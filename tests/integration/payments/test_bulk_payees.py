"""Payees of a file: verified, confirmed as they were shown, and only then paid."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest

from bezant.formats.iso20022.messages import pain002
from bezant.kernel.clock import ManualClock, SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.jobs import Done, GiveUp
from bezant.ledger import Ledger
from bezant.payments import BulkDecisions, BulkPayeeRuns
from bezant.payments.bulk.records import LAPSE, Lapse
from bezant.payments.bulk.schemas import BulkConfirmation
from bezant.payments.sandbox.vop import Misbehaviour, SandboxPayee, SandboxResponder
from bezant.payments.vop import ListedPayees
from bezant.server.banking import Banking
from bezant.server.payees import Payees
from bezant.vault import VaultClient
from bulks import (
    job_of,
    order_chunk,
    pain_file,
    processed,
    record,
    send,
    taken,
    transfer,
    verify_chunk,
)
from customers import CustomerBank
from fixtures_api import PATIENT, Tenant
from payees import OUTSIDE, answering, held
from paying import Desk

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Verify = Callable[[dict[str, Any]], Awaitable[None]]


@pytest.fixture
def responder() -> SandboxResponder:
    return SandboxResponder({OUTSIDE: SandboxPayee(("Grace Hopper",))}, slow_s=0.01)


@pytest.fixture
async def runs(
    database: Database,
    ledger: Ledger,
    sealer: VaultClient,
    desk: Desk,
    responder: SandboxResponder,
    tmp_path: Path,
) -> AsyncIterator[BulkPayeeRuns]:
    """The jobs of a process that knows another bank."""
    clock, ids = SystemClock(), TimeOrderedIds()
    banking = Banking.of(database, clock, ids, ledger, sealer, bytes(32))
    patience = replace(PATIENT, others_s=1.0, chunk_s=10.0)
    async with answering(tmp_path, responder) as listed:
        directory = ListedPayees([listed])
        payees = Payees.of(database, clock, ids, banking, sealer, bytes(32), directory, patience)
        yield payees.of_files(database, desk.first.orders)
        await payees.asker.close()


@pytest.fixture
def verify(runs: BulkPayeeRuns, database: Database, desk: Desk) -> Verify:
    """Have the payees of a file verified, and what was found recorded."""

    async def work(bulk: dict[str, Any]) -> None:
        for chunk_no in range((bulk["count"] - 1) // 100 + 1):
            tenant_id = desk.teller.tenant_id
            found = await verify_chunk(runs, tenant_id, UUID(bulk["id"]), chunk_no)
            assert isinstance(found, Done)
            await record(database, desk, found)

    return work


def name() -> str:
    return uuid4().hex[:30]


async def holders(bank: CustomerBank) -> tuple[str, str, str, str]:
    """A payer, and the account of somebody who is known; with their numbers."""
    payer, payee = await bank.funded(10_000), await held(bank, "Grace Hopper", amount=1)
    return payer, payee, await bank.iban(payer), await bank.iban(payee)


def mixed(creditor: str) -> list[Any]:
    """One of each verdict."""
    return [
        transfer(name(), "1.00", creditor, "Grace Hopper"),
        transfer(name(), "2.00", creditor, "G. Hopper"),
        transfer(name(), "3.00", creditor, "Alan Turing"),
        transfer(name(), "4.00", "DE02120300000000202051", "Kim Doe"),
        transfer(name(), "5.00", "DE00370400440532013000", "Kim Doe"),
    ]


async def seen(own: Tenant, bulk: dict[str, Any]) -> dict[str, Any]:
    answer = await own.client.get(f"/v1/bulk-payments/{bulk['id']}/verification")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def status_of(own: Tenant, bulk: dict[str, Any]) -> str:
    return str((await own.client.get(f"/v1/bulk-payments/{bulk['id']}")).json()["status"])


async def items_of(own: Tenant, bulk: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await own.client.get(f"/v1/bulk-payments/{bulk['id']}/items?limit=1000")
    return list(answer.json()["items"])


async def confirm(own: Tenant, bulk: dict[str, Any], **body: object) -> httpx.Response:
    return await own.post(f"/v1/bulk-payments/{bulk['id']}/confirm", body)


async def withdraw(own: Tenant, bulk: dict[str, Any]) -> httpx.Response:
    return await own.post(f"/v1/bulk-payments/{bulk['id']}/withdraw", {})


async def jobs_of(database: Database, own: Tenant, bulk: dict[str, Any], kind: str) -> int:
    rows = await database.fetch(
        "SELECT payload FROM job WHERE tenant_id = $1 AND kind = $2", own.id, kind
    )
    return sum(bulk["id"].encode() in row["payload"] for row in rows)


async def test_nothing_is_paid_before_the_payer_has_seen_and_confirmed(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, verify: Verify
) -> None:
    _, payee, debtor, creditor = await holders(bank)
    bulk = await taken(own, pain_file(name(), debtor, mixed(creditor)), query="?payees=verify")
    assert (bulk["status"], bulk["payees"]) == ("verifying", "verify")
    assert await jobs_of(database, own, bulk, "bulk_payment.verify") == 1
    assert await jobs_of(database, own, bulk, "bulk_payment.order") == 0
    # Neither a job too many nor a payer in a hurry pays anything.
    assert isinstance(await order_chunk(desk, UUID(bulk["id"])), GiveUp)
    early = await confirm(own, bulk, digest="0" * 64)
    assert (early.status_code, early.json()["code"]) == (409, "BULK_NOT_WAITING")
    assert (await seen(own, bulk))["digest"] is None

    await verify(bulk)
    assert await status_of(own, bulk) == "awaiting_confirmation"
    assert isinstance(await order_chunk(desk, UUID(bulk["id"])), GiveUp)
    shown = await seen(own, bulk)
    assert {each["verdict"]: each["count"] for each in shown["tallies"]} == {
        "match": 1,
        "close_match": 1,
        "no_match": 1,
        "not_possible": 1,
    }
    verdicts = [(each["verdict"], each["code"]) for each in await items_of(own, bulk)]
    assert verdicts == [
        ("match", None),
        ("close_match", None),
        ("no_match", None),
        ("not_possible", None),
        (None, "CREDITOR_IBAN_INVALID"),
    ]
    other = await confirm(own, bulk, digest="0" * 64)
    assert (other.status_code, other.json()["code"]) == (409, "BULK_OUTCOME_DIFFERS")

    done = await confirm(own, bulk, digest=shown["digest"], withdraw=["no_match", "not_possible"])
    assert done.status_code == 200, done.text
    assert (done.json()["confirmed"], done.json()["withdrawn"]) == (2, 2)
    assert await jobs_of(database, own, bulk, "bulk_payment.order") == 1
    await processed(database, desk, bulk)
    assert (await bank.balance(payee))["booked"] == "301"
    codes = [(each["outcome"], each["code"]) for each in await items_of(own, bulk)]
    assert codes == [
        ("ordered", None),
        ("ordered", None),
        ("refused", "BULK_WITHDRAWN"),
        ("refused", "BULK_WITHDRAWN"),
        ("refused", "CREDITOR_IBAN_INVALID"),
    ]
    stands = await seen(own, bulk)
    assert (stands["status"], stands["decision"], stands["withdrawn"]) == (
        "processed",
        "confirmed",
        2,
    )


async def test_what_a_payment_was_ordered_on_is_its_payees_verification(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, verify: Verify
) -> None:
    _, _, debtor, creditor = await holders(bank)
    transfers = [transfer(name(), "2.00", creditor, "G. Hopper")]
    bulk = await taken(own, pain_file(name(), debtor, transfers), query="?payees=verify")
    await verify(bulk)
    await confirm(own, bulk, digest=(await seen(own, bulk))["digest"])
    await processed(database, desk, bulk)
    [item] = await items_of(own, bulk)
    path = f"/v1/payee-verifications/{item['verification_id']}?purpose=dispute"
    evidence = (await own.client.get(path)).json()
    assert evidence["payment"] == item["payment_id"]
    assert evidence["confirmed"] is True
    assert evidence["verification"]["matched_name"] == "Grace Hopper"


async def test_a_report_says_what_was_found_by_the_codes_of_the_standard(
    own: Tenant, bank: CustomerBank, verify: Verify
) -> None:
    _, _, debtor, creditor = await holders(bank)
    bulk = await taken(own, pain_file(name(), debtor, mixed(creditor)), query="?payees=verify")
    path = f"/v1/bulk-payments/{bulk['id']}/report?purpose=testing&format=pain002"

    async def told() -> tuple[str | None, list[tuple[str, tuple[str, ...]]]]:
        report = pain002.read_pain002((await own.client.get(path)).content)
        return report.status, [(each.status, each.words) for each in report.batches[0].transfers]

    assert await told() == ("RVNC", [("RVNC", ())] * 5)
    await verify(bulk)
    assert await told() == (
        "RVCM",
        [
            ("RCVC", ()),
            ("RVMC", ("Grace Hopper",)),
            ("RVNM", ()),
            ("RVNA", ()),
            ("RJCT", ()),
        ],
    )
    await withdraw(own, bulk)
    status, items = await told()
    assert (status, {each for each, _ in items}) == ("RJCT", {"RJCT"})
    assert {words for _, words in items} == {()}, "no names once nobody has to decide"


async def test_one_of_many_decisions_counts(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, verify: Verify
) -> None:
    _, payee, debtor, creditor = await holders(bank)
    transfers = [transfer(name(), "1.00", creditor)]
    bulk = await taken(own, pain_file(name(), debtor, transfers), query="?payees=verify")
    await verify(bulk)
    digest = (await seen(own, bulk))["digest"]
    answers = await asyncio.gather(
        *(confirm(own, bulk, digest=digest) for _ in range(4)),
        *(withdraw(own, bulk) for _ in range(4)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    decided = (await seen(own, bulk))["decision"]
    if decided == "confirmed":
        await processed(database, desk, bulk)
    paid = 101 if decided == "confirmed" else 1
    assert (await bank.balance(payee))["booked"] == str(paid)
    jobs = await jobs_of(database, own, bulk, "bulk_payment.order")
    assert jobs == (1 if decided == "confirmed" else 0)


async def test_what_is_taken_out_may_be_sent_again(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, verify: Verify
) -> None:
    _, payee, debtor, creditor = await holders(bank)
    named = [name(), name(), name()]
    transfers = [transfer(each, "1.00", creditor) for each in named]
    bulk = await taken(own, pain_file(name(), debtor, transfers), query="?payees=verify")
    await verify(bulk)
    digest = (await seen(own, bulk))["digest"]
    unknown = await confirm(own, bulk, digest=digest, withdraw_items=[2, 4])
    assert (unknown.status_code, unknown.json()["code"]) == (422, "UNKNOWN_BULK_ITEM")
    done = await confirm(own, bulk, digest=digest, withdraw_items=[2])
    assert done.json()["confirmed"] == 2
    await processed(database, desk, bulk)
    again = await taken(own, pain_file(name(), debtor, transfers))
    await processed(database, desk, again)
    codes = [each["code"] for each in await items_of(own, again)]
    assert codes == ["DUPLICATE_ITEM", None, "DUPLICATE_ITEM"]
    assert (await bank.balance(payee))["booked"] == "301"


@pytest.mark.parametrize("misbehaviour", [Misbehaviour.SILENT, Misbehaviour.FAULT])
async def test_a_bank_that_does_not_answer_holds_up_no_file(
    own: Tenant,
    bank: CustomerBank,
    responder: SandboxResponder,
    verify: Verify,
    misbehaviour: Misbehaviour,
) -> None:
    _, _, debtor, creditor = await holders(bank)
    responder.payees[OUTSIDE] = SandboxPayee(("Grace Hopper",), misbehaviour=misbehaviour)
    transfers = [transfer(name(), "1.00", OUTSIDE) for _ in range(20)]
    transfers.append(transfer(name(), "1.00", creditor))
    bulk = await taken(
        own, pain_file(name(), debtor, transfers), query="?rail=scheme&payees=verify"
    )
    began = time.monotonic()
    await verify(bulk)
    assert time.monotonic() - began < 20, "twenty questions, ten at a time, a second each"
    assert await status_of(own, bulk) == "awaiting_confirmation"
    found = [each["verdict"] for each in await items_of(own, bulk)]
    assert found == ["not_possible"] * 20 + ["match"]


async def test_other_banks_are_asked_and_their_answers_stand_whoever_asks_again(
    own: Tenant,
    bank: CustomerBank,
    desk: Desk,
    database: Database,
    responder: SandboxResponder,
    runs: BulkPayeeRuns,
) -> None:
    _, _, debtor, _ = await holders(bank)
    bulk = await taken(
        own,
        pain_file(name(), debtor, [transfer(name(), "1.00", OUTSIDE, "Grace Hopper")]),
        query="?rail=scheme&payees=verify",
    )
    # The first was killed before it recorded its answers; a second and a third both asked.
    one, two_, three = [await verify_chunk(runs, own.id, UUID(bulk["id"])) for _ in range(3)]
    await record(database, desk, two_)
    responder.payees[OUTSIDE] = SandboxPayee(("Alan Turing",))
    await record(database, desk, three)
    assert isinstance(one, Done)
    nothing = await verify_chunk(runs, own.id, UUID(bulk["id"]))
    assert isinstance(nothing, Done)
    assert nothing.rows == ()
    assert [each["verdict"] for each in await items_of(own, bulk)] == ["match"]


async def test_a_file_that_nobody_decides_on_lapses(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, verify: Verify
) -> None:
    _, payee, debtor, creditor = await holders(bank)
    named = name()
    content = pain_file(name(), debtor, [transfer(named, "1.00", creditor)])
    bulk = await taken(own, content, query="?payees=verify")
    assert await jobs_of(database, own, bulk, "bulk_payment.lapse") == 1
    await verify(bulk)
    digest = (await seen(own, bulk))["digest"]
    in_four_days = ManualClock(datetime.now(UTC) + timedelta(days=4))
    decisions = BulkDecisions(database, in_four_days, TimeOrderedIds())
    late = await decisions.confirm(desk.teller.call(), UUID(bulk["id"]), BulkConfirmation(digest))
    assert (late.status, json.loads(late.body)["code"]) == (409, "BULK_NOT_WAITING")
    for _ in range(2):
        await _lapse(database, desk, bulk)
    assert [each["code"] for each in await items_of(own, bulk)] == ["BULK_LAPSED"]
    assert (await seen(own, bulk))["decision"] == "lapsed"
    again = await taken(own, pain_file(name(), debtor, [transfer(named, "1.00", creditor)]))
    await processed(database, desk, again)
    assert (await bank.balance(payee))["booked"] == "101"


async def test_a_file_that_was_confirmed_does_not_lapse(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, verify: Verify
) -> None:
    _, payee, debtor, creditor = await holders(bank)
    content = pain_file(name(), debtor, [transfer(name(), "1.00", creditor)])
    bulk = await taken(own, content, query="?payees=verify")
    await verify(bulk)
    await confirm(own, bulk, digest=(await seen(own, bulk))["digest"])
    await _lapse(database, desk, bulk)
    await processed(database, desk, bulk)
    assert (await bank.balance(payee))["booked"] == "101"


async def test_a_payer_says_that_they_do_without_and_people_never_do(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database
) -> None:
    payer = await bank.funded(10_000)
    person = await held(bank, "Ada Lovelace")
    creditor = await bank.iban(person)
    debtor = await bank.iban(payer)
    content = pain_file(name(), debtor, [transfer(name(), "1.00", creditor)])
    undecided = await send(own, content, query="?rail=sct_inst")
    assert (undecided.status_code, undecided.json()["code"]) == (422, "PAYEES_UNDECIDED")
    out = await taken(own, content, query="?rail=sct_inst&payees=opt_out")
    assert (out["payees"], out["status"]) == ("opt_out", "processing")
    [kept] = await database.fetch(
        "SELECT payees, created_by FROM bulk_payment WHERE tenant_id = $1 AND bulk_id = $2",
        own.id,
        UUID(out["id"]),
    )
    assert kept["payees"] == "opt_out"
    assert kept["created_by"].startswith("key:")
    nothing = await withdraw(own, out)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "BULK_NOT_WAITING")
    of_person = await taken(
        own,
        pain_file(name(), creditor, [transfer(name(), "1.00", OUTSIDE)]),
        query="?rail=sct_inst&payees=opt_out",
    )
    await processed(database, desk, of_person)
    codes = [each["code"] for each in await items_of(own, of_person)]
    assert codes in (["PAYEE_NOT_VERIFIED"], ["UNKNOWN_RAIL"])


async def _lapse(database: Database, desk: Desk, bulk: dict[str, Any]) -> None:
    job = job_of(LAPSE.name, desk.teller.tenant_id, Lapse(UUID(bulk["id"])))
    outcome = await desk.first.bulk_decisions.lapse(job)
    assert isinstance(outcome, Done)
    assert outcome.work is not None
    work = outcome.work

    async def carry_out(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await work(connection)

    await database.transaction(carry_out)
