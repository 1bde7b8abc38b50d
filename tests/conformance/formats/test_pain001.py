"""Customers' bulk files: what samples of many banks say is kept, and what we write is valid."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from bezant.formats.iso20022 import InvalidMessage
from bezant.formats.iso20022.messages import pain001, pain002

SAMPLES_MIN = 76
SAMPLE = "payments/iso20022/samples/cbpr/pain.001.max.xml"
REPORT = pain002.BulkStatus(
    "R-1",
    datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    "M-1",
    pain001.VERSION,
    3,
    "PART",
    (
        pain002.BatchStatus(
            "B-1",
            (
                pain002.TransferStatus("I-1", "E-1", "ACSC", None),
                pain002.TransferStatus(None, "E-2", "RJCT", "AM04"),
                pain002.TransferStatus(None, "E-3", "RJCT", "LIMIT_EXCEEDED"),
            ),
        ),
    ),
)


def samples(vectors: Path) -> list[tuple[Path, str]]:
    """Every sample that is a pain.001 of a version that is read."""
    found = []
    for path in sorted((vectors / "payments/iso20022/samples").rglob("*.xml")):
        root = etree.parse(path).getroot()
        document = next(root.iter("{*}Document"), root)
        version = str(etree.QName(document).namespace).rpartition(":")[2]
        if version in pain001.VERSIONS:
            found.append((path, version))
    return found


def canonical(content: bytes) -> str:
    """The body without what XML itself says means nothing."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True)
    body = next(etree.fromstring(content, parser).iter("{*}CstmrCdtTrfInitn"))
    alone = etree.fromstring(etree.tostring(body))
    text = etree.tostring(alone).decode()
    return str(etree.canonicalize(text, strip_text=True, rewrite_prefixes=True))


def test_every_sample_is_read_and_written_without_loss(vectors: Path) -> None:
    every = samples(vectors)
    assert len(every) >= SAMPLES_MIN
    for path, version in every:
        content = path.read_bytes()
        parts = list(pain001.read_pain001(io.BytesIO(content)))
        written = pain001.write_pain001(parts, version)
        assert canonical(written) == canonical(content), path.name
        assert list(pain001.read_pain001(io.BytesIO(written))) == parts


def test_what_is_written_is_valid_where_what_was_read_is(vectors: Path) -> None:
    valid = 0
    for path, version in samples(vectors):
        xsd = vectors / f"payments/iso20022/xsd/{version}.xsd"
        if not xsd.exists():
            continue
        schema = etree.XMLSchema(etree.parse(xsd))
        document = next(etree.parse(path).getroot().iter("{*}Document"))
        if not schema.validate(etree.fromstring(etree.tostring(document))):
            continue
        parts = pain001.read_pain001(io.BytesIO(path.read_bytes()))
        schema.assertValid(etree.fromstring(pain001.write_pain001(parts, version)))
        valid += 1
    assert valid > SAMPLES_MIN // 2


def test_the_looked_at_members_are_those_of_the_file(vectors: Path) -> None:
    for path, _ in samples(vectors):
        tree = etree.parse(path)
        amounts = [each.text for each in tree.iter("{*}InstdAmt")]
        read = [
            part
            for part in pain001.read_pain001(io.BytesIO(path.read_bytes()))
            if isinstance(part, pain001.Instruction)
        ]
        ids = [str(each.text).strip() for each in tree.iter("{*}EndToEndId")]
        assert [each.end_to_end_id for each in read] == ids, path.name
        assert len([each for each in read if each.money is not None]) == len(amounts)


def test_a_report_is_valid_by_the_nearest_schema_and_read_back(vectors: Path) -> None:
    content = pain002.write_pain002(REPORT)
    nearest = "pain.002.001.11"
    schema = etree.XMLSchema(etree.parse(vectors / f"payments/iso20022/xsd/{nearest}.xsd"))
    schema.assertValid(
        etree.fromstring(content.replace(pain002.VERSION.encode(), nearest.encode()))
    )
    assert pain002.read_pain002(content) == REPORT
    empty = replace(REPORT, status="PDNG", batches=())
    assert pain002.read_pain002(pain002.write_pain002(empty)) == empty


FILE = b"""<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
<GrpHdr><MsgId>M</MsgId><NbOfTxs>2</NbOfTxs><CtrlSum>3.30</CtrlSum></GrpHdr>
<PmtInf><PmtInfId>B</PmtInfId><NbOfTxs>2</NbOfTxs><CtrlSum>3.3</CtrlSum>
<CdtTrfTxInf><PmtId><EndToEndId>1</EndToEndId></PmtId>
<Amt><InstdAmt Ccy="EUR">1.10</InstdAmt></Amt></CdtTrfTxInf>
<CdtTrfTxInf><PmtId><EndToEndId>2</EndToEndId></PmtId>
<Amt><InstdAmt Ccy="EUR">2.20</InstdAmt></Amt></CdtTrfTxInf>
</PmtInf></CstmrCdtTrfInitn></Document>"""


def read(content: bytes) -> list[pain001.Part]:
    return list(pain001.checked(pain001.read_pain001(io.BytesIO(content))))


def test_sums_that_agree_are_passed() -> None:
    kinds = [type(part).__name__ for part in read(FILE)]
    assert kinds == ["Header", "Batch", "Instruction", "Instruction"]


@pytest.mark.parametrize(
    ("old", "new", "at_fault"),
    [
        (b"<NbOfTxs>2</NbOfTxs><CtrlSum>3.30", b"<NbOfTxs>3</NbOfTxs><CtrlSum>3.30", "GrpHdr/Nb"),
        (b"3.30<", b"3.31<", "GrpHdr/CtrlSum"),
        (b"3.3<", b"3.4<", "PmtInf/CtrlSum"),
        (b"3.3<", b"1e9<", "PmtInf/CtrlSum"),
        (b"1.10<", b"NaN<", "CdtTrfTxInf/Amt"),
        (b"pain.001.001.09", b"pain.001.001.02", "/"),
        (b"</PmtInf>", b"", "/"),
        (b"<CstmrCdtTrfInitn>", b"", "/"),
    ],
)
def test_a_file_with_a_fault_is_refused_where_it_is(old: bytes, new: bytes, at_fault: str) -> None:
    assert old in FILE
    with pytest.raises(InvalidMessage) as refused:
        read(FILE.replace(old, new, 1))
    assert refused.value.path.startswith(at_fault)


def test_a_document_type_is_not_read() -> None:
    hostile = FILE.replace(b"<Document", b'<!DOCTYPE Document [<!ENTITY e "M">]><Document', 1)
    with pytest.raises(InvalidMessage, match="document type"):
        read(hostile.replace(b">M<", b">&e;<"))
