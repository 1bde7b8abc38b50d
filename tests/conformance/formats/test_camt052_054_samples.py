"""Reports of a running day and notifications: outside samples, and what we write, by the schema."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree

from bezant.formats.camt053 import (
    BBAN,
    IBAN,
    NOTIFICATION,
    REPORT,
    STATEMENT,
    Direction,
    Entry,
    Kind,
    OutgoingAccount,
    OutgoingBalance,
    OutgoingEntry,
    OutgoingStatement,
    OutgoingTotal,
    StatementError,
    StatementHeader,
    StatementWriter,
    read_statements,
)
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import parse_units

SAMPLES_MIN = 16
DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 18, tzinfo=UTC)
ENTRY = OutgoingEntry(
    amount=125_01,
    direction=Direction.CREDIT,
    booking_date=DAY,
    value_date=DAY,
    reference="N-1",
    servicer_reference="R-1",
    code="",
    counterparty=OutgoingAccount("FR1420041010050500013M02606", IBAN),
    remittance=("Invoice 7 <&>",),
    name="Ana & Co",
    end_to_end_id="E-1",
    standard_code=("PMNT", "RRCT", "ESCT"),
)
TAKEN_BACK = OutgoingEntry(
    amount=1,
    direction=Direction.DEBIT,
    booking_date=DAY,
    value_date=DAY,
    reference="N-2",
    servicer_reference="R-2",
    code="BANK",
    counterparty=OutgoingAccount("X", BBAN),
    is_reversal=True,
)


def samples(vectors: Path) -> list[tuple[Path, etree._Element]]:
    found = []
    for path in sorted((vectors / "payments/iso20022/samples").rglob("*.xml")):
        document = next(etree.parse(path).getroot().iter("{*}Document"), None)
        namespace = "" if document is None else str(etree.QName(document).namespace)
        if document is not None and (".052." in namespace or ".054." in namespace):
            found.append((path, document))
    return found


def test_every_sample_is_read_entry_for_entry(vectors: Path) -> None:
    every = samples(vectors)
    assert len(every) >= SAMPLES_MIN
    for path, document in every:
        expected = [
            (
                parse_units(amount.text or "", scale_of(amount.get("Ccy", ""))),
                each.findtext("{*}CdtDbtInd"),
            )
            for each in document.iterfind("{*}*/{*}*/{*}Ntry")
            for amount in each.iterfind("{*}Amt")
        ]
        with path.open("rb") as file:
            parts = list(read_statements(file, (REPORT, NOTIFICATION)))
        read = [(part.amount, part.direction) for part in parts if isinstance(part, Entry)]
        assert read == expected, path.name
        groups = [*document.iterfind("{*}*/{*}Rpt"), *document.iterfind("{*}*/{*}Ntfctn")]
        headers = [part for part in parts if isinstance(part, StatementHeader)]
        assert [each.id for each in headers] == [each.findtext("{*}Id") for each in groups]


def test_the_payments_behind_a_notified_entry_are_read(vectors: Path) -> None:
    for path, document in samples(vectors):
        with path.open("rb") as file:
            parts = list(read_statements(file, (REPORT, NOTIFICATION)))
        read = [part for part in parts if isinstance(part, Entry)]
        payments = list(document.iterfind("{*}*/{*}*/{*}Ntry/{*}NtryDtls/{*}TxDtls"))
        assert sum(len(each.details) for each in read) == len(payments), path.name
        ids = [each.findtext("{*}Refs/{*}EndToEndId") or "" for each in payments]
        found = [detail.end_to_end_id for each in read for detail in each.details]
        assert found == [each.strip() for each in ids], path.name


def written(kind: Kind, *, has_balances: bool) -> bytes:
    opening = OutgoingBalance("OPBD", 100, DAY) if has_balances else None
    closing_type = "CLBD" if kind is STATEMENT else "ITBD"
    closing = OutgoingBalance(closing_type, 126_00, DAY) if has_balances else None
    statement = OutgoingStatement(
        id="S-1",
        electronic_number=7,
        created_at=AT,
        period=(AT, AT),
        account=OutgoingAccount("DE89370400440532013000", IBAN),
        currency="EUR",
        servicer="A bank",
        opening=opening,
        closing=closing,
        credits=OutgoingTotal(1, 125_01),
        debits=OutgoingTotal(1, 1),
        information="The end",
    )
    file = BytesIO()
    writer = StatementWriter(file, statement, kind)
    writer.add(ENTRY)
    writer.add(TAKEN_BACK)
    writer.close()
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "told"),
    [(STATEMENT, "balances"), (REPORT, "balances"), (REPORT, ""), (NOTIFICATION, "")],
)
def test_what_is_written_is_valid_and_read_back(vectors: Path, kind: Kind, told: str) -> None:
    has_balances = told == "balances"
    content = written(kind, has_balances=has_balances)
    xsd = vectors / f"payments/iso20022/xsd/{kind.message}.001.08.xsd"
    etree.XMLSchema(etree.parse(xsd)).assertValid(etree.fromstring(content))
    header, first, second = read_statements(BytesIO(content), (kind,))
    assert isinstance(header, StatementHeader)
    assert (header.kind, header.id, header.electronic_number) == (kind.message, "S-1", "7")
    assert [each.amount for each in header.balances] == ([100, 126_00] if has_balances else [])
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    [detail] = first.details
    assert (first.movement, str(first.code), detail.end_to_end_id, detail.remittance) == (
        125_01, "PMNT.RRCT.ESCT", "E-1", "Invoice 7 <&>",
    )  # fmt: skip
    assert (detail.debtor.name, detail.debtor.account) == ("Ana & Co", ENTRY.counterparty.id)
    assert (second.movement, second.is_reversal, str(second.code)) == (-1, True, "BANK")


@pytest.mark.parametrize("kind", [REPORT, NOTIFICATION])
def test_neither_is_taken_for_a_statement(kind: Kind) -> None:
    with pytest.raises(StatementError, match=r"not camt\.053"):
        list(read_statements(BytesIO(written(kind, has_balances=False))))


def test_the_currency_of_an_account_is_that_of_its_first_entry() -> None:
    content = written(NOTIFICATION, has_balances=False).replace(b"<Ccy>EUR</Ccy>", b"", 1)
    header = next(iter(read_statements(BytesIO(content), (NOTIFICATION,))))
    assert isinstance(header, StatementHeader)
    assert header.currency == "EUR"
    empty = content[: content.index(b"<Ntry>")] + content[content.index(b"<AddtlNtfctnInf>") :]
    with pytest.raises(StatementError, match="the currency of its sums"):
        list(read_statements(BytesIO(empty), (NOTIFICATION,)))
    summary = empty.index(b"<TxsSummry>"), empty.index(b"</TxsSummry>") + len(b"</TxsSummry>")
    bare = empty[: summary[0]] + empty[summary[1] :]
    [header] = read_statements(BytesIO(bare), (NOTIFICATION,))
    assert isinstance(header, StatementHeader)
    assert header.currency == ""
    mixed = content.replace(b'Ccy="EUR">0.01', b'Ccy="CHF">0.01', 1)
    with pytest.raises(StatementError, match="The entry is in CHF"):
        list(read_statements(BytesIO(mixed), (NOTIFICATION,)))
