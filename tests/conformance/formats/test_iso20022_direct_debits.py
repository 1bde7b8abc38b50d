"""Messages of direct debits: valid by the standard's schemas, and read as they were written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bezant.formats.iso20022 import InvalidMessage, SumsDisagree
from bezant.formats.iso20022.messages import mandates, pacs003, pacs007, pain008
from bezant.formats.iso20022.messages.pacs008 import AccountOwner

AT = datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=UTC)
DUE = date(2026, 3, 18)
CREDITOR = AccountOwner("Müller & Söhne <KG>", "DE89370400440532013000", "COBADEFFXXX")
DEBTOR = AccountOwner("Ana", "FR1420041010050500013M02606", "BNPAFRPPXXX")
MANDATE = mandates.MandateInformation("M-1", date(2026, 1, 5), "DE98ZZZ09999999999")
AMENDMENT = mandates.Amendment("M-0", "DE98ZZZ09999999998", "Müller", "DE02120300000000202051")
AMENDED = replace(MANDATE, amendment=AMENDMENT)
COLLECTION = pacs003.Collection(
    "E-1", "T-1", 125_01, "EUR", DUE, MANDATE, CREDITOR, DEBTOR, "Invoice 7"
)
BARE = replace(COLLECTION, transaction_id="T-2", mandate=AMENDED, amount=1, remittance=None)
COLLECTIONS = pacs003.Collections("M-1", AT, DUE, "CORE", "FRST", (COLLECTION,))
REVERSAL = pacs007.PaymentReversal(
    "R-1", AT, DUE, "R-1", "M-1", pacs003.VERSION, "E-1", "T-1", 125_01, "EUR", "AM05"
)
PAYEE = pain008.Party(CREDITOR.name, CREDITOR.iban, CREDITOR.bic)
PAYER = pain008.Party(DEBTOR.name, DEBTOR.iban, DEBTOR.bic)
DEBIT = pain008.InitiatedDebit("E-1", 125_01, "EUR", MANDATE, PAYER, "Invoice 7")
GROUP = pain008.DebitGroup("G-1", "B2B", "RCUR", DUE, PAYEE, (DEBIT,))
OTHERS = replace(
    GROUP, group_id="G-2", debits=(DEBIT, replace(DEBIT, mandate=AMENDED, remittance=None))
)
INITIATION = pain008.DebitInitiation("M-1", AT, "Example Power", (GROUP,))

NEAREST = {pacs007.VERSION: "pacs.007.001.10"}
"""Versions whose schema is not at hand, and the one by which they are checked instead."""

Case = tuple[str, Any, Callable[[Any], bytes], Callable[[bytes], Any]]
CASES: dict[str, Case] = {
    "collection": (pacs003.VERSION, COLLECTIONS, pacs003.write_pacs003, pacs003.read_pacs003),
    "collections": (
        pacs003.VERSION,
        replace(COLLECTIONS, instrument="B2B", collections=(COLLECTION, BARE)),
        pacs003.write_pacs003,
        pacs003.read_pacs003,
    ),
    **{
        f"amended {name}": (
            pacs003.VERSION,
            replace(
                COLLECTIONS,
                collections=(
                    replace(
                        BARE,
                        mandate=replace(
                            MANDATE,
                            amendment=mandates.Amendment(**{name: getattr(AMENDMENT, name)}),
                        ),
                    ),
                ),
            ),
            pacs003.write_pacs003,
            pacs003.read_pacs003,
        )
        for name in ("reference", "creditor_id", "creditor_name", "debtor_iban")
    },
    "reversed": (pacs007.VERSION, REVERSAL, pacs007.write_pacs007, pacs007.read_pacs007),
    "reversed, bare": (
        pacs007.VERSION,
        replace(REVERSAL, original_end_to_end_id=None),
        pacs007.write_pacs007,
        pacs007.read_pacs007,
    ),
    "reversed, of a bank": (
        pacs007.VERSION,
        replace(REVERSAL, creditor_bic="COBADEFFXXX"),
        pacs007.write_pacs007,
        pacs007.read_pacs007,
    ),
    "initiated": (pain008.VERSION, INITIATION, pain008.write_pain008, pain008.read_pain008),
    "initiated, IBAN only": (
        pain008.VERSION,
        replace(
            INITIATION,
            groups=(
                replace(
                    GROUP,
                    creditor=replace(PAYEE, bic=None),
                    debits=(replace(DEBIT, debtor=replace(PAYER, bic=None)),),
                ),
            ),
        ),
        pain008.write_pain008,
        pain008.read_pain008,
    ),
    "initiated in groups": (
        pain008.VERSION,
        replace(INITIATION, groups=(GROUP, OTHERS)),
        pain008.write_pain008,
        pain008.read_pain008,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_written_message_is_valid_and_read_back_as_it_was(name: str, vectors: Path) -> None:
    version, message, write, read = CASES[name]
    content = write(message)
    checked_by = NEAREST.get(version, version)
    schema = etree.XMLSchema(etree.parse(vectors / f"payments/iso20022/xsd/{checked_by}.xsd"))
    schema.assertValid(etree.fromstring(content.replace(version.encode(), checked_by.encode(), 1)))
    assert read(content) == message


SUMMED = pain008.write_pain008(replace(INITIATION, groups=(GROUP, OTHERS)))


@pytest.mark.parametrize(
    ("header", "group", "at_fault"),
    [
        (b"375.03", b"250.02", ""),
        (b"375.030", b"250.02", ""),
        (b"375.04", b"250.02", "GrpHdr/CtrlSum"),
        (b"375.03", b"250.03", "PmtInf/CtrlSum"),
        (b"375.03", b"1e9", "PmtInf/CtrlSum"),
    ],
)
def test_control_sums_of_a_file_and_of_its_groups_agree(
    header: bytes, group: bytes, at_fault: str
) -> None:
    summed = SUMMED.replace(b"<NbOfTxs>3</NbOfTxs>",
                            b"<NbOfTxs>3</NbOfTxs><CtrlSum>" + header + b"</CtrlSum>")  # fmt: skip
    summed = summed.replace(b"<NbOfTxs>2</NbOfTxs>",
                            b"<NbOfTxs>2</NbOfTxs><CtrlSum>" + group + b"</CtrlSum>")  # fmt: skip
    if at_fault:
        with pytest.raises(SumsDisagree) as refused:
            pain008.read_pain008(summed)
        assert refused.value.path.endswith(at_fault)
    else:
        assert pain008.write_pain008(pain008.read_pain008(summed)) == summed


def test_a_creditor_may_be_said_once_for_a_group_and_then_nowhere_else() -> None:
    once = replace(GROUP, creditor_id=MANDATE.creditor_id)
    content = pain008.write_pain008(replace(INITIATION, groups=(once,)))
    assert content.count(b"<CdtrSchmeId>") == 1
    scheme = content[content.index(b"<CdtrSchmeId>") : content.index(b"</CdtrSchmeId>") + 14]
    twice = content.replace(b"</DrctDbtTx>", scheme + b"</DrctDbtTx>")
    with pytest.raises(InvalidMessage, match="for the group"):
        pain008.read_pain008(twice)


@pytest.mark.parametrize(
    ("name", "old", "new", "at_fault"),
    [
        ("collection", b"<NbOfTxs>1<", b"<NbOfTxs>2<", "NbOfTxs"),
        ("collection", b"125.01</Ttl", b"125.02</Ttl", "TtlIntrBkSttlmAmt"),
        ("collection", b'"EUR">125.01</Ttl', b'"CHF">125.01</Ttl', "TtlIntrBkSttlmAmt"),
        ("collection", b"125.01</Intr", b"0.00</Intr", "IntrBkSttlmAmt"),
        ("collection", b"<MndtId>M-1</MndtId>", b"", "MndtId"),
        ("collection", b"</DtOfSgntr>", b"</DtOfSgntr><AmdmntInd>1</AmdmntInd>", "Dtls"),
        ("collection", b"</DtOfSgntr>", b"</DtOfSgntr><AmdmntInd>no</AmdmntInd>", "AmdmntInd"),
        ("amended reference", b"<AmdmntInd>true<", b"<AmdmntInd>false<", "AmdmntInfDtls"),
        ("amended reference", b"<OrgnlMndtId>M-0</OrgnlMndtId>", b"", "AmdmntInfDtls"),
        ("reversed", b"125.01</Rvsd", b"125.00</Rvsd", "TtlRvsdIntrBkSttlmAmt"),
        ("reversed", b"125.01</OrgnlIntr", b"126.00</OrgnlIntr", "RvsdIntrBkSttlmAmt"),
        ("reversed", b"<NbOfTxs>1<", b"<NbOfTxs>2<", "NbOfTxs"),
        ("initiated", b"<PmtMtd>DD<", b"<PmtMtd>TRF<", "PmtMtd"),
        ("initiated", b"<NbOfTxs>1<", b"<NbOfTxs>2<", "NbOfTxs"),
        ("initiated in groups", b"<NbOfTxs>3<", b"<NbOfTxs>2<", "NbOfTxs"),
        ("initiated", b"125.01</InstdAmt", b"0.00</InstdAmt", "InstdAmt"),
    ],
)
def test_a_message_with_a_fault_is_refused_where_it_is(
    name: str, old: bytes, new: bytes, at_fault: str
) -> None:
    _, message, write, read = CASES[name]
    content = write(message)
    assert old in content
    with pytest.raises(InvalidMessage) as refused:
        read(content.replace(old, new))
    assert refused.value.path.endswith(at_fault)
    assert "125.0" not in str(refused.value)


def test_one_collection_that_cannot_be_read_leaves_the_others_readable() -> None:
    content = pain008.write_pain008(replace(INITIATION, groups=(GROUP, OTHERS)))
    spoilt = content.replace(b"<DtOfSgntr>2026-01-05</DtOfSgntr>", b"", 1)
    first, second = pain008.read_partly(spoilt).groups
    assert (first.debits, len(second.debits), second.faulty) == ((), 2, ())
    [faulty] = first.faulty
    assert faulty.end_to_end_id == "E-1"
    assert faulty.fault.path.endswith("DtOfSgntr")
    with pytest.raises(InvalidMessage):
        pain008.read_pain008(spoilt)


@pytest.mark.parametrize(
    ("stated", "read"),
    [("125.01", INITIATION), ("125.010", INITIATION), ("125.02", None), ("x", None)],
)
def test_a_control_sum_has_to_agree(stated: str, read: pain008.DebitInitiation | None) -> None:
    content = pain008.write_pain008(INITIATION).replace(
        b"<NbOfTxs>1</NbOfTxs>", f"<NbOfTxs>1</NbOfTxs><CtrlSum>{stated}</CtrlSum>".encode(), 1
    )
    if read is not None:
        found = pain008.read_pain008(content)
        assert found.groups == read.groups
        assert pain008.write_pain008(found) == content
    else:
        with pytest.raises(InvalidMessage):
            pain008.read_pain008(content)


def test_a_creditor_may_be_named_once_for_a_group() -> None:
    content = pain008.write_pain008(INITIATION)
    start, end = content.index(b"<CdtrSchmeId>"), content.index(b"</CdtrSchmeId>") + 14
    creditor = content[start:end]
    moved = content.replace(creditor, b"").replace(b"<DrctDbtTxInf>", creditor + b"<DrctDbtTxInf>")
    found = pain008.read_pain008(moved)
    assert [each.debits for each in found.groups] == [each.debits for each in INITIATION.groups]
    assert pain008.write_pain008(found) == moved


def test_a_debtor_who_went_to_another_bank_is_an_amendment_that_is_kept() -> None:
    content = pacs003.write_pacs003(COLLECTIONS)
    details = (
        b"<AmdmntInd>true</AmdmntInd><AmdmntInfDtls><OrgnlDbtrAgt><FinInstnId><Othr><Id>SMNDA"
        b"</Id></Othr></FinInstnId></OrgnlDbtrAgt></AmdmntInfDtls>"
    )
    content = content.replace(b"</DtOfSgntr>", b"</DtOfSgntr>" + details)
    read = pacs003.read_pacs003(content)
    assert read.collections[0].mandate.amendment == mandates.Amendment()
    assert pacs003.write_pacs003(read) == content
