"""Files of direct debits: each collection by itself, each once, and a report on all."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from lxml import etree

from bezant.formats.iso20022 import mandates, pain002, pain008
from bezant.kernel.calls import Answer
from bezant.kernel.database import Database, write_rows
from bezant.kernel.jobs import Done, Job
from bezant.payments.bulk.schemas import BulkStatus
from bezant.payments.bulk_debits import schemas
from bezant.payments.bulk_debits.records import ANNOUNCE_CHUNK, AnnounceChunk
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.schemas import DebitReason
from debiting import CREDITOR, DUE, START, Collecting, open_collecting

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

SIGNED = START.date()


@pytest.fixture
async def desk(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    async with open_collecting(database, run_folder) as desk:
        yield desk


@pytest.fixture
async def strict(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    """Where an identifier of nobody collects nothing, as it is unless the settings let it."""
    async with open_collecting(database, run_folder, allow_unregistered=False) as desk:
        yield desk


class Creditor:
    """A payee, a payer, their mandate, and files that collect under it."""

    def __init__(self, desk: Collecting, payee: UUID, payer: UUID, ibans: tuple[str, str]) -> None:
        self.desk, self.payee, self.payer = desk, payee, payer
        self.payee_iban, self.payer_iban = ibans
        self.reference = f"M-{uuid4().hex[:20]}"

    @classmethod
    async def of(cls, desk: Collecting) -> "Creditor":
        payee, payer = await desk.open(), await desk.open(10_000)
        found = cls(desk, payee, payer, (await desk.iban(payee), await desk.iban(payer)))
        await desk.mandate(payee, payer, reference=found.reference)
        return found

    def debit(self, name: str, **more: object) -> pain008.InitiatedDebit:
        mandate = mandates.MandateInformation(self.reference, SIGNED, CREDITOR)
        payer = pain008.Party("Ada Lovelace", self.payer_iban)
        whole = pain008.InitiatedDebit(name, 1_000, "EUR", mandate, payer, "March")
        return replace(whole, **more)  # type: ignore[arg-type]

    def file(
        self, *debits: pain008.InitiatedDebit, name: str | None = None, due: date = DUE,
        sequence: str = "RCUR",
    ) -> bytes:  # fmt: skip
        payee = pain008.Party("Example Power", self.payee_iban)
        group = pain008.DebitGroup("G-1", "CORE", sequence, due, payee, debits)
        message = pain008.DebitInitiation(name or uuid4().hex, START, "Example Power", (group,))
        return pain008.write_pain008(message)

    async def sent(self, content: bytes) -> Answer:
        return await self.desk.direct.intake.take(self.desk.bank.call(), io.BytesIO(content))

    async def ordered(self, content: bytes) -> schemas.BulkDebit:
        """Send a file, and do its job twice, as if its worker had been killed."""
        file = (await self.sent(content)).value(schemas.BulkDebit)
        for _ in range(2):
            job = Job(
                id=uuid4(), tenant_id=self.desk.bank.tenant_id, kind=ANNOUNCE_CHUNK.name,
                payload=AnnounceChunk(file.id, 0), attempt=1, epoch=1, key=None, order=0,
                since=self.desk.clock.now(),
            )  # fmt: skip
            outcome = await self.desk.direct.file_runs.announce(job)
            assert isinstance(outcome, Done)
            if outcome.rows:
                await write(self.desk.bank.database, self.desk.bank.tenant_id, outcome)
        return await self.desk.direct.reports.file(self.desk.bank.tenant_id, file.id)

    async def codes(self, bulk_id: UUID) -> list[tuple[str, str | None]]:
        page = await self.desk.direct.reports.items(
            self.desk.bank.tenant_id, bulk_id, after=None, limit=100
        )
        return [(item.outcome, item.code) for item in page.items]


async def write(database: Database, tenant_id: UUID, outcome: Done) -> None:
    """What the runner commits with the end of an attempt."""

    async def work(connection: "Connection") -> None:
        await write_rows(connection, tenant_id, outcome.rows)

    await database.transaction(work)


async def test_a_creditor_of_nobody_is_refused_in_its_own_item(strict: Collecting) -> None:
    creditor = await Creditor.of(strict)
    file = await creditor.ordered(creditor.file(creditor.debit("E-1"), creditor.debit("E-2")))
    assert await creditor.codes(file.id) == [
        ("refused", "CREDITOR_UNREGISTERED"),
        ("refused", "CREDITOR_UNREGISTERED"),
    ]


async def test_a_files_collections_are_announced_and_settle_on_their_day(desk: Collecting) -> None:
    creditor = await Creditor.of(desk)
    file = await creditor.ordered(creditor.file(creditor.debit("E-1"), creditor.debit("E-2")))
    assert (file.status, file.count) == (BulkStatus.PROCESSED, 2)
    await desk.wind_to(DUE)
    assert await desk.booked(creditor.payer) == 8_000
    found = await desk.direct.reports.file(desk.bank.tenant_id, file.id)
    assert [(each.state, each.count) for each in found.tallies] == [(DebitState.SETTLED, 2)]


async def test_one_that_cannot_be_leaves_the_others(desk: Collecting) -> None:
    creditor = await Creditor.of(desk)
    unknown = mandates.MandateInformation("M-0", SIGNED, CREDITOR)
    earlier = mandates.MandateInformation(creditor.reference, date(2020, 1, 1), CREDITOR)
    nobody = mandates.MandateInformation(creditor.reference, SIGNED, "DE00ZZZ09999999999")
    elsewhere = pain008.Party("Ada", "GB33BUKB20201555555555")
    content = creditor.file(
        creditor.debit("E-1"),
        creditor.debit("E-2", mandate=unknown),
        creditor.debit("E-3", mandate=earlier),
        creditor.debit("E-4", debtor=elsewhere),
        creditor.debit("E-5", mandate=nobody),
        creditor.debit("E-1"),
    )
    file = await creditor.ordered(content)
    assert await creditor.codes(file.id) == [
        ("ordered", None),
        ("refused", "DEBIT_MANDATE_NOT_FOUND"),
        ("refused", "MANDATE_DIFFERS"),
        ("refused", "MANDATE_DIFFERS"),
        ("refused", "CREDITOR_IDENTIFIER_INVALID"),
        ("refused", "DUPLICATE_ITEM"),
    ]
    await desk.wind_to(DUE)
    assert await desk.booked(creditor.payer) == 9_000


async def test_what_cannot_be_read_is_refused_beside_the_others(desk: Collecting) -> None:
    creditor = await Creditor.of(desk)
    content = creditor.file(creditor.debit("E-1"), creditor.debit("E-2"))
    spoilt = content.replace(b"<DtOfSgntr>", b"<DtOfSgntr>x", 1)
    file = await creditor.ordered(spoilt)
    assert await creditor.codes(file.id) == [("ordered", None), ("refused", "ITEM_INVALID")]


async def test_a_file_and_a_collection_are_taken_once_by_their_names(desk: Collecting) -> None:
    creditor = await Creditor.of(desk)
    await creditor.ordered(creditor.file(creditor.debit("E-1"), name="F-1"))
    again = await creditor.sent(creditor.file(creditor.debit("E-9"), name="F-1"))
    assert again.is_refusal
    other = await creditor.ordered(creditor.file(creditor.debit("E-1"), name="F-2"))
    assert await creditor.codes(other.id) == [("refused", "DUPLICATE_ITEM")]
    await desk.wind_to(DUE)
    assert await desk.booked(creditor.payer) == 9_000


async def test_the_name_of_what_was_refused_is_free_again(desk: Collecting) -> None:
    creditor = await Creditor.of(desk)
    late = await creditor.ordered(creditor.file(creditor.debit("E-1"), due=date(2026, 3, 4)))
    assert await creditor.codes(late.id) == [("refused", "NOTICE_TOO_SHORT")]
    file = await creditor.ordered(creditor.file(creditor.debit("E-1")))
    assert await creditor.codes(file.id) == [("ordered", None)]


async def test_of_another_sequence_than_the_mandates_is_refused(desk: Collecting) -> None:
    creditor = await Creditor.of(desk)
    file = await creditor.ordered(creditor.file(creditor.debit("E-1"), sequence="OOFF"))
    assert await creditor.codes(file.id) == [("refused", "MANDATE_DIFFERS")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<NbOfTxs>1<", b"<NbOfTxs>2<"),
        (b"<NbOfTxs>1</NbOfTxs>", b"<NbOfTxs>1</NbOfTxs><CtrlSum>1.00</CtrlSum>"),
        (b"<Cd>CORE</Cd>", b"<Cd>COR1</Cd>"),
        (b"<SeqTp>RCUR</SeqTp>", b"<SeqTp>XXXX</SeqTp>"),
        (b"</Document>", b""),
    ],
)
async def test_a_file_that_does_not_add_up_is_refused_whole(
    desk: Collecting, old: bytes, new: bytes
) -> None:
    creditor = await Creditor.of(desk)
    content = creditor.file(creditor.debit("E-1"))
    assert old in content
    assert (await creditor.sent(content.replace(old, new, 1))).is_refusal


async def test_the_report_says_what_became_of_each(desk: Collecting, vectors: Path) -> None:
    creditor = await Creditor.of(desk)
    unknown = mandates.MandateInformation("M-0", SIGNED, CREDITOR)
    file = await creditor.ordered(
        creditor.file(
            creditor.debit("E-1"), creditor.debit("E-2", mandate=unknown), creditor.debit("E-3"),
            name="F-1",
        )
    )  # fmt: skip
    page = await desk.direct.reports.items(desk.bank.tenant_id, file.id, after=None, limit=100)
    first = page.items[0].direct_debit_id
    assert first is not None
    await desk.direct.debits.cancel(desk.bank.call(), first, DebitReason("CUST"))
    await desk.wind_to(DUE)
    content = await desk.direct.reports.pain002(desk.bank.call(), file.id)
    report = pain002.read_pain002(content)
    assert (report.original_message_id, report.original_message_name, report.status) == (
        "F-1",
        pain008.VERSION,
        "PART",
    )
    [group] = report.batches
    assert [(each.end_to_end_id, each.status, each.reason) for each in group.transfers] == [
        ("E-1", "CANC", None),
        ("E-2", "RJCT", "MD01"),
        ("E-3", "ACSC", None),
    ]
    schema = etree.XMLSchema(etree.parse(vectors / "payments/iso20022/xsd/pain.002.001.11.xsd"))
    nearest = content.replace(pain002.VERSION.encode(), b"pain.002.001.11", 1)
    schema.assertValid(etree.fromstring(nearest))
