"""Messages between banks: valid by the standard's schemas, and read as they were written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bezant.formats.iso20022 import InvalidMessage
from bezant.formats.iso20022.messages import camt029, camt056, pacs002, pacs004, pacs008, pacs028
from bezant.formats.iso20022.nodes import MESSAGE_BYTES_MAX, version_of

AT = datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=UTC)
TRANSFER = pacs008.CreditTransfer(
    instruction_id="I-1",
    end_to_end_id="E-1",
    transaction_id="T-1",
    amount=125_01,
    currency="EUR",
    accepted_at=AT,
    debtor=pacs008.AccountOwner("Müller & Söhne <KG>", "DE89370400440532013000", "COBADEFFXXX"),
    creditor=pacs008.AccountOwner("Ana", "FR1420041010050500013M02606", "BNPAFRPPXXX"),
    remittance="Invoice 7",
)
TRANSFERS = pacs008.CreditTransfers("M-1", AT, date(2026, 3, 2), "INST", (TRANSFER,))
BARE = replace(TRANSFER, instruction_id=None, accepted_at=None, remittance=None, amount=1)
REPORT = pacs002.StatusReport("S-1", AT, "M-1", pacs008.VERSION, "E-1", "T-1", "RJCT", "AC04")
REQUEST = pacs028.StatusRequest("Q-1", AT, "Q-1", "M-1", pacs008.VERSION, "E-1", "T-1")
RETURN = pacs004.PaymentReturn(
    "R-1",
    AT,
    date(2026, 3, 3),
    "R-1",
    "M-1",
    pacs008.VERSION,
    "E-1",
    "T-1",
    125_01,
    100_00,
    "EUR",
    "AC04",
)
RECALL = camt056.CancellationRequest(
    "C-1",
    AT,
    "COBADEFFXXX",
    "BNPAFRPPXXX",
    "C-1",
    "M-1",
    pacs008.VERSION,
    "E-1",
    "T-1",
    125_01,
    "EUR",
    date(2026, 3, 2),
    "DUPL",
)
REFUSAL = camt029.CancellationResolution(
    "N-1",
    AT,
    "BNPAFRPPXXX",
    "COBADEFFXXX",
    "RJCR",
    "N-1",
    "M-1",
    pacs008.VERSION,
    "E-1",
    "T-1",
    "CUST",
)
NEAREST = {pacs004.VERSION: "pacs.004.001.10"}
"""Versions whose schema is not at hand, and the one by which they are checked instead."""

Case = tuple[str, Any, Callable[[Any], bytes], Callable[[bytes], Any]]
CASES: dict[str, Case] = {
    "transfer": (pacs008.VERSION, TRANSFERS, pacs008.write_pacs008, pacs008.read_pacs008),
    "transfers": (
        pacs008.VERSION,
        replace(TRANSFERS, instrument=None, transfers=(TRANSFER, BARE)),
        pacs008.write_pacs008,
        pacs008.read_pacs008,
    ),
    "rejected": (pacs002.VERSION, REPORT, pacs002.write_pacs002, pacs002.read_pacs002),
    "accepted": (
        pacs002.VERSION,
        replace(REPORT, status="ACSC", reason=None, original_end_to_end_id=None),
        pacs002.write_pacs002,
        pacs002.read_pacs002,
    ),
    "settled": (
        pacs002.VERSION,
        replace(
            REPORT,
            status="ACSC",
            reason=None,
            amount=125_01,
            currency="EUR",
            accepted_at=AT,
            debtor_bic="COBADEFFXXX",
        ),
        pacs002.write_pacs002,
        pacs002.read_pacs002,
    ),
    "not there": (
        pacs002.VERSION,
        replace(REPORT, reason=None, proprietary_reason="NOOR"),
        pacs002.write_pacs002,
        pacs002.read_pacs002,
    ),
    "asked": (pacs028.VERSION, REQUEST, pacs028.write_pacs028, pacs028.read_pacs028),
    "returned": (pacs004.VERSION, RETURN, pacs004.write_pacs004, pacs004.read_pacs004),
    "recalled": (camt056.VERSION, RECALL, camt056.write_camt056, camt056.read_camt056),
    "kept, with the case": (
        camt029.VERSION,
        replace(REFUSAL, case_id="C-1"),
        camt029.write_camt029,
        camt029.read_camt029,
    ),
    "recalled without a day": (
        camt056.VERSION,
        replace(RECALL, original_settlement_date=None),
        camt056.write_camt056,
        camt056.read_camt056,
    ),
    "kept": (camt029.VERSION, REFUSAL, camt029.write_camt029, camt029.read_camt029),
}


@pytest.mark.parametrize("name", CASES)
def test_a_written_message_is_valid_and_read_back_as_it_was(name: str, vectors: Path) -> None:
    version, message, write, read = CASES[name]
    content = write(message)
    checked_by = NEAREST.get(version, version)
    schema = etree.XMLSchema(etree.parse(vectors / f"payments/iso20022/xsd/{checked_by}.xsd"))
    schema.assertValid(etree.fromstring(content.replace(version.encode(), checked_by.encode(), 1)))
    assert read(content) == message


@pytest.mark.parametrize(
    ("old", "new", "at_fault"),
    [
        (b"<NbOfTxs>1<", b"<NbOfTxs>2<", "NbOfTxs"),
        (b'"EUR">125.01</Ttl', b'"EUR">125.02</Ttl', "TtlIntrBkSttlmAmt"),
        (b"125.01</Intr", b"-125.01</Intr", "IntrBkSttlmAmt"),
        (b"125.01</Intr", b"125.011</Intr", "IntrBkSttlmAmt"),
        (b"125.01</Intr", b"0.00</Intr", "IntrBkSttlmAmt"),
        (b'Ccy="EUR">125.01</Intr', b'Ccy="eur">125.01</Intr', "IntrBkSttlmAmt"),
        (b"<TxId>T-1</TxId>", b"", "PmtId/TxId"),
        (b"<TxId>T-1</TxId>", b"<TxId>T-1</TxId><TxId>T-2</TxId>", "PmtId/TxId"),
        (b"2026-03-02<", b"2026-02-30<", "IntrBkSttlmDt"),
        (b"pacs.008.001.08", b"pacs.008.001.09", "/"),
        (b"</Document>", b"", "/"),
    ],
)
def test_a_message_with_a_fault_is_refused_where_it_is(
    old: bytes, new: bytes, at_fault: str
) -> None:
    content = pacs008.write_pacs008(TRANSFERS)
    assert old in content
    with pytest.raises(InvalidMessage) as refused:
        pacs008.read_pacs008(content.replace(old, new))
    assert refused.value.path.endswith(at_fault)
    assert "125.0" not in str(refused.value)


@pytest.mark.parametrize("amount", [0, 125_02])
def test_a_return_of_nothing_or_of_more_than_was_paid_is_refused(amount: int) -> None:
    with pytest.raises(InvalidMessage, match="RtrdIntrBkSttlmAmt"):
        pacs004.read_pacs004(pacs004.write_pacs004(replace(RETURN, amount=amount)))


@pytest.mark.parametrize("name", CASES)
def test_a_message_says_what_it_is(name: str) -> None:
    version, message, write, _ = CASES[name]
    assert version_of(write(message)) == version


@pytest.mark.parametrize("content", [b"", b"<Document/>", b'<Document xmlns="urn:else"/>'])
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidMessage):
        version_of(content)


def test_a_document_type_is_not_read() -> None:
    content = pacs008.write_pacs008(TRANSFERS)
    declaration, document = content.split(b"\n", 1)
    hostile = declaration + b'<!DOCTYPE Document [<!ENTITY e "E-1">]>' + document
    with pytest.raises(InvalidMessage, match="document type"):
        pacs008.read_pacs008(hostile.replace(b">E-1<", b">&e;<"))


def test_a_message_beyond_the_limit_is_not_parsed() -> None:
    with pytest.raises(InvalidMessage, match="larger"):
        pacs008.read_pacs008(b" " * (MESSAGE_BYTES_MAX + 1))


def test_a_text_that_xml_cannot_carry_is_refused_without_repeating_it() -> None:
    unwritable = replace(TRANSFER, remittance="Secret\x00")
    with pytest.raises(InvalidMessage, match="XML") as refused:
        pacs008.write_pacs008(replace(TRANSFERS, transfers=(unwritable,)))
    assert "Secret" not in str(refused.value)
