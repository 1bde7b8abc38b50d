"""Messages whole: what samples of many banks say is read and written without loss."""

import io
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from bezant.formats.iso20022 import InvalidMessage
from bezant.formats.iso20022.messages import pain001
from bezant.formats.iso20022.whole import (
    SHAPES,
    Closed,
    Held,
    Opened,
    read_whole,
    write_whole,
)
from canonical import canonical

VALID = 111
"""Samples that are valid by a schema that is at hand."""

SAMPLES = "payments/iso20022/samples"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"


def versions(vectors: Path) -> list[tuple[Path, str]]:
    """Every sample, and the version of its message."""
    found = []
    for path in sorted((vectors / SAMPLES).rglob("*.xml")):
        root = etree.parse(path).getroot()
        document = next(root.iter("{*}Document"), root)
        found.append((path, str(etree.QName(document).namespace).rpartition(":")[2]))
    return found


def is_valid(vectors: Path, path: Path, version: str) -> bool:
    xsd = vectors / "payments/iso20022/xsd" / f"{version}.xsd"
    if not xsd.exists():
        return False
    document = next(etree.parse(path).getroot().iter("{*}Document"))
    alone = etree.fromstring(etree.tostring(document))
    return bool(etree.XMLSchema(etree.parse(xsd)).validate(alone))


def test_every_valid_sample_is_read_and_written_without_loss(vectors: Path) -> None:
    valid = [path for path, version in versions(vectors) if is_valid(vectors, path, version)]
    assert len(valid) == VALID
    for path in valid:
        content = path.read_bytes()
        parts = list(read_whole(io.BytesIO(content)))
        written = write_whole(parts)
        assert canonical(written) == canonical(content), path.name
        assert list(read_whole(io.BytesIO(written))) == parts, path.name


def test_versions_without_a_schema_at_hand_lose_nothing_either(vectors: Path) -> None:
    kinds: Counter[str] = Counter()
    for path, version in versions(vectors):
        if version[:8] not in SHAPES:
            continue
        content = path.read_bytes()
        assert canonical(write_whole(read_whole(io.BytesIO(content)))) == canonical(content)
        kinds[version] += 1
    assert {"pain.001.001.13", "camt.054.001.04", "pacs.004.001.09"} <= kinds.keys()
    assert kinds.total() > VALID


def test_what_is_no_message_of_a_known_kind_is_refused(vectors: Path) -> None:
    for path, version in versions(vectors):
        if version[:8] not in SHAPES:
            with pytest.raises(InvalidMessage):
                list(read_whole(io.BytesIO(path.read_bytes())))


def bulk(groups: int, items: int) -> bytes:
    """A file of many groups of many items, larger than what is read at once."""
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # lxml's own way
    body = etree.SubElement(root, f"{{{NAMESPACE}}}CstmrDrctDbtInitn")
    etree.SubElement(etree.SubElement(body, f"{{{NAMESPACE}}}GrpHdr"), f"{{{NAMESPACE}}}MsgId")
    for number in range(groups):
        group = etree.SubElement(body, f"{{{NAMESPACE}}}PmtInf")
        etree.SubElement(group, f"{{{NAMESPACE}}}PmtInfId").text = str(number)
        for item in range(items):
            debit = etree.SubElement(group, f"{{{NAMESPACE}}}DrctDbtTxInf")
            for name in ("InstdAmt", "DbtrAgt", "Dbtr"):
                etree.SubElement(debit, f"{{{NAMESPACE}}}{name}").text = f"{item} {'x' * 99}"
    etree.SubElement(body, f"{{{NAMESPACE}}}SplmtryData").text = "the end"
    return etree.tostring(root, pretty_print=True)


def test_many_groups_of_many_items_are_read_one_by_one() -> None:
    content = bulk(groups=7, items=400)
    parts = list(read_whole(io.BytesIO(content)))
    held = [part.tree.name for part in parts if isinstance(part, Held)]
    assert held == ["GrpHdr", *(["PmtInfId"] + ["DrctDbtTxInf"] * 400) * 7, "SplmtryData"]
    assert len([part for part in parts if isinstance(part, Opened)]) == 2 + 7
    assert len([part for part in parts if isinstance(part, Closed)]) == 2 + 7
    assert canonical(write_whole(parts)) == canonical(content)


HEAD = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
TAIL = b"</CstmrCdtTrfInitn></Document>"


@pytest.mark.parametrize(
    "content",
    [
        HEAD + b"<GrpHdr>text<MsgId>M</MsgId></GrpHdr>" + TAIL,
        HEAD + b"<GrpHdr><MsgId>M</MsgId>text</GrpHdr>" + TAIL,
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>',
        b"<Document/>",
        b"<Envelope/>",
        b"<!DOCTYPE Document>" + HEAD + TAIL,
        HEAD,
    ],
)
def test_what_cannot_be_kept_whole_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidMessage):
        list(read_whole(io.BytesIO(content)))


def test_a_part_of_a_message_is_not_written() -> None:
    parts = list(read_whole(io.BytesIO(HEAD + b"<GrpHdr/>" + TAIL)))
    assert write_whole(parts)
    with pytest.raises(InvalidMessage, match="cut off"):
        write_whole(parts[:-1])


def test_a_kind_that_is_not_expected_is_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"pain\.001\.001\.13"):
        list(read_whole(io.BytesIO(HEAD + TAIL), {"pain.001.001.13"}))


def test_a_batch_has_transfers_and_a_file_a_header() -> None:
    for content in (b"<PmtInf/>", b"<GrpHdr/><PmtInf><PmtInfId>B</PmtInfId></PmtInf>"):
        with pytest.raises(InvalidMessage, match="missing"):
            list(pain001.read_pain001(io.BytesIO(HEAD + content + TAIL)))
    after = b"<GrpHdr/><PmtInf><CdtTrfTxInf/><PmtInfId>B</PmtInfId></PmtInf>"
    with pytest.raises(InvalidMessage, match="after a transfer"):
        list(pain001.read_pain001(io.BytesIO(HEAD + after + TAIL)))
