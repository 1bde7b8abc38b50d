"""Messages made from the schemas, with every optional element and every branch of every choice.

Whole, nothing of them is lost. By a scheme's reader, either nothing is lost or the message is
refused: what it cannot keep is never passed over.
"""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.serializers import XmlSerializer

from bezant.formats.camt053 import (
    NOTIFICATION,
    REPORT,
    STATEMENT,
    Entry,
    StatementError,
    read_statements,
)
from bezant.formats.iso20022 import InvalidMessage
from bezant.formats.iso20022.messages import (
    camt029,
    camt056,
    pacs002,
    pacs003,
    pacs004,
    pacs007,
    pacs008,
    pacs028,
    pain002,
    pain008,
)
from bezant.formats.iso20022.whole import read_whole, write_whole
from canonical import canonical
from conformance.formats import test_iso20022_direct_debits as debits
from conformance.formats import test_iso20022_messages as transfers
from conformance.formats import test_pain001 as bulk
from instances import Schema

VERSIONS = (
    "camt.029.001.09",
    "camt.052.001.08",
    "camt.053.001.02",
    "camt.053.001.08",
    "camt.054.001.08",
    "camt.056.001.08",
    "pacs.002.001.10",
    "pacs.003.001.08",
    "pacs.004.001.10",
    "pacs.007.001.10",
    "pacs.008.001.08",
    "pacs.009.001.08",
    "pacs.028.001.03",
    "pain.001.001.03",
    "pain.001.001.09",
    "pain.002.001.03",
    "pain.002.001.11",
    "pain.002.001.12",
    "pain.008.001.02",
    "pain.008.001.08",
    "pain.008.001.09",
)
NEAREST = {
    pacs004.VERSION: "pacs.004.001.10",
    pacs007.VERSION: "pacs.007.001.10",
    pain002.VERSION: "pain.002.001.11",
}
"""Versions whose schema is not at hand, and the one that their instances are made by."""

WITHOUT_MODELS = frozenset({"pain.008.001.08"})

ONCE = replace(debits.GROUP, creditor_id=debits.MANDATE.creditor_id, is_counted=False)
READERS: dict[str, tuple[str, Any, Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    "transfer": transfers.CASES["transfer"],
    "transfers": transfers.CASES["transfers"],
    "settled": transfers.CASES["settled"],
    "rejected": transfers.CASES["rejected"],
    "asked": transfers.CASES["asked"],
    "returned": transfers.CASES["returned"],
    "recalled": transfers.CASES["recalled"],
    "kept": transfers.CASES["kept, with the case"],
    "collection": debits.CASES["collection"],
    "amended": debits.CASES["collections"],
    "reversed": debits.CASES["reversed"],
    "initiated": debits.CASES["initiated"],
    "initiated once for all": (
        pain008.VERSION,
        replace(debits.INITIATION, groups=(ONCE,)),
        pain008.write_pain008,
        pain008.read_pain008,
    ),
    "reported": (pain002.VERSION, bulk.REPORT, pain002.write_pain002, pain002.read_pain002),
}
KEPT = {
    "transfer": {"CdtTrfTxInf/UltmtDbtr", "CdtTrfTxInf/Purp", "CdtTrfTxInf/Dbtr/PstlAdr"},
    "settled": {"TxInfAndSts/StsId", "GrpHdr/InstgAgt"},
    "rejected": {"TxInfAndSts/StsRsnInf/Orgtr", "TxInfAndSts/StsRsnInf/AddtlInf"},
    "asked": {"TxInf/OrgnlInstrId"},
    "returned": {"TxInf/ChrgsInf", "TxInf/RtrRsnInf/AddtlInf"},
    "recalled": {"Undrlyg/TxInf/CxlRsnInf/AddtlInf"},
    "kept": {"CxlDtls/TxInfAndSts/CxlStsRsnInf/AddtlInf"},
    "collection": {"DrctDbtTxInf/UltmtCdtr", "DrctDbtTxInf/DrctDbtTx/MndtRltdInf/ElctrncSgntr"},
    "reversed": {"TxInf/RvslRsnInf/Orgtr"},
    "initiated": {"PmtInf/BtchBookg", "PmtInf/DrctDbtTxInf/Purp", "GrpHdr/InitgPty/Id"},
    "reported": {"OrgnlPmtInfAndSts/PmtInfSts", "OrgnlPmtInfAndSts/TxInfAndSts/AccptncDtTm"},
}
REFUSED = {
    "transfer": {"CdtTrfTxInf/ChrgsInf", "CdtTrfTxInf/IntrmyAgt1", "CdtTrfTxInf/RgltryRptg"},
    "settled": {"TxInfAndSts/ChrgsInf", "SplmtryData"},
    "asked": {"TxInf/SplmtryData"},
    "returned": {"TxInf/RtrChain"},
    "recalled": {"SplmtryData", "Case"},
    "kept": {"CrrctnTx", "SplmtryData"},
    "collection": {"DrctDbtTxInf/RgltryRptg", "DrctDbtTxInf/DrctDbtTx/PreNtfctnId"},
    "reversed": {"TxInf/ChrgsInf"},
    "initiated": {"PmtInf/CdtrAgtAcct", "PmtInf/DrctDbtTxInf/Tax"},
    "reported": {"OrgnlPmtInfAndSts/TxInfAndSts/ChrgsInf", "SplmtryData"},
}


@cache
def schema(vectors: Path, version: str) -> tuple[Schema, list[bytes]]:
    made = Schema.read(vectors, version)
    return made, [etree.tostring(each, encoding="UTF-8") for each in made.instances()]


@pytest.mark.parametrize("version", VERSIONS)
def test_whatever_the_standard_lets_a_message_say_is_read_whole(
    vectors: Path, version: str
) -> None:
    made, instances = schema(vectors, version)
    assert made.branches
    assert not made.uncovered()
    for content in instances:
        parts = list(read_whole(io.BytesIO(content)))
        written = write_whole(parts)
        assert canonical(written) == canonical(content)
        made.xsd.assertValid(etree.fromstring(written))


@pytest.mark.parametrize("version", [each for each in VERSIONS if each.startswith("camt.05")][:4])
def test_what_banks_may_say_of_accounts_is_read_or_refused(vectors: Path, version: str) -> None:
    read = 0
    for content in schema(vectors, version)[1]:
        entries = len(etree.fromstring(content).findall("{*}*/{*}*/{*}Ntry"))
        try:
            parts = list(read_statements(io.BytesIO(content), (STATEMENT, REPORT, NOTIFICATION)))
        except StatementError:
            continue
        assert sum(isinstance(part, Entry) for part in parts) == entries
        read += 1
    assert read


def outcome(read: Callable[[bytes], Any], content: bytes) -> Any:  # noqa: ANN401 - any message
    """What is read, or why it is refused."""
    try:
        return read(content)
    except InvalidMessage as refusal:
        return refusal


@pytest.mark.parametrize("name", READERS)
def test_one_element_more_is_kept_or_refused(vectors: Path, name: str) -> None:
    version, message, write, read = READERS[name]
    nearest = NEAREST.get(version, version)
    made, _ = schema(vectors, nearest)
    base = etree.fromstring(write(message).replace(version.encode(), nearest.encode(), 1))
    kept: set[str] = set()
    refused: set[str] = set()
    for path, document in made.additions(base):
        made.xsd.assertValid(document)
        content = etree.tostring(document, encoding="UTF-8")
        content = content.replace(nearest.encode(), version.encode())
        place = path.split("/", 2)[-1]
        found = outcome(read, content)
        if isinstance(found, InvalidMessage):
            assert found.path.startswith("Document/")
            refused.add(place)
            continue
        assert canonical(write(found)) == canonical(content), path
        kept.add(place)
    assert KEPT.get(name, set()) <= kept
    assert REFUSED.get(name, set()) <= refused


@pytest.mark.parametrize("name", READERS)
def test_a_message_that_says_everything_is_refused(vectors: Path, name: str) -> None:
    version, _, _, read = READERS[name]
    nearest = NEAREST.get(version, version)
    for content in schema(vectors, nearest)[1]:
        with pytest.raises(InvalidMessage):
            read(content.replace(nearest.encode(), version.encode()))


@cache
def model(version: str) -> Any:  # noqa: ANN401 - a class of generated code
    module = version.replace(".", "_")
    return import_module(f"pyiso20022.{module[:4]}.{module}").Document


def remodelled(content: bytes, version: str) -> bytes:
    """The same message, through the models of the whole standard."""
    document = XmlParser().from_bytes(content, model(version))
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{version}"
    return XmlSerializer().render(document, ns_map={None: namespace}).encode()


@pytest.mark.parametrize("version", [each for each in VERSIONS if each not in WITHOUT_MODELS])
def test_the_models_of_the_standard_parse_and_build_the_same(vectors: Path, version: str) -> None:
    for content in schema(vectors, version)[1][:4]:
        assert canonical(remodelled(content, version)) == canonical(content)


@pytest.mark.parametrize(
    "name", [name for name, case in READERS.items() if case[0] not in WITHOUT_MODELS]
)
def test_what_the_models_build_of_our_messages_we_read(name: str) -> None:
    version, message, write, read = READERS[name]
    assert read(remodelled(write(message), version)) == message


def test_the_models_of_the_next_version_build_our_collections_of_a_creditor() -> None:
    later = "pain.008.001.09"
    version, message, write, read = READERS["initiated"]
    content = write(message).replace(version.encode(), later.encode(), 1)
    assert read(remodelled(content, later).replace(later.encode(), version.encode())) == message


def test_the_readers_are_of_every_message_that_is_written() -> None:
    written = {camt029, camt056, pacs002, pacs003, pacs004, pacs007, pacs008, pacs028, pain002,
               pain008}  # fmt: skip
    assert {case[0] for case in READERS.values()} == {each.VERSION for each in written}
