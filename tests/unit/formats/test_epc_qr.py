"""Codes for credit transfers (EPC069-12), rule by rule."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

import pytest
from segno.helpers import make_epc_qr

from bezant.formats.epc_qr import (
    CreditTransfer,
    EpcQrUnusable,
    Version,
    read,
    read_text,
    svg,
    write,
)

IBAN = "DE89370400440532013000"
ASKED = CreditTransfer("Red Cross", IBAN, "COBADEFF", 100, "CHAR", text="Urgency fund", note="Hi")
LINES = "BCD\n001\n1\nSCT\nCOBADEFF\nRed Cross\n" + IBAN + "\nEUR1.00\nCHAR\n\nUrgency fund\nHi"


def test_a_payload_has_its_elements_in_order() -> None:
    assert write(ASKED, version=Version.WITH_BIC).decode() == LINES
    assert read(LINES.encode()) == ASKED


def test_empty_elements_at_the_end_are_left_out() -> None:
    payload = write(CreditTransfer("Red Cross", IBAN)).decode()
    assert payload == f"BCD\n002\n1\nSCT\n\nRed Cross\n{IBAN}"
    assert read_text(payload + "\n\n\n") == read_text(payload)


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("EUR0.01", 1), ("EUR1", 100), ("EUR12.3", 1230), ("EUR999999999.99", 99_999_999_999)],
)
def test_amounts_are_read_as_others_write_them(amount: str, cents: int) -> None:
    assert read_text(LINES.replace("EUR1.00", amount)).cents == cents


@pytest.mark.parametrize(
    "amount", ["EUR0", "EUR0.00", "EUR1000000000", "EUR1.234", "EUR01", "1.00", "USD1", "EUR1,5"]
)
def test_other_amounts_are_refused(amount: str) -> None:
    with pytest.raises(EpcQrUnusable, match="amount"):
        read_text(LINES.replace("EUR1.00", amount))


@pytest.mark.parametrize(
    ("was", "becomes", "element"),
    [
        ("BCD", "BCE", "service tag"),
        ("001", "003", "version"),
        ("\n1\n", "\n9\n", "character set"),
        ("SCT", "INST", "identification"),
        ("COBADEFF", "COBA", "bic"),
        ("COBADEFF", "", "bic"),
        ("Red Cross", "", "name"),
        ("Red Cross", "x" * 71, "name"),
        ("Red Cross", "Red\tCross", "name"),
        (IBAN, "DE88370400440532013000", "iban"),
        ("CHAR", "CHARITY", "purpose"),
        ("CHAR\n\n", "CHAR\nRF18539007547034\n", "remittance"),
        ("Urgency fund", "x" * 141, "text"),
        ("Hi", "Hi\nmore", "payload"),
        ("Hi", "x" * 71, "note"),
    ],
)
def test_a_payload_that_breaks_a_rule_is_refused(was: str, becomes: str, element: str) -> None:
    with pytest.raises(EpcQrUnusable, match=element):
        read_text(LINES.replace(was, becomes, 1))


def test_a_payload_is_at_most_331_bytes_in_its_character_set() -> None:
    longest = replace(ASKED, name="ö" * 70, text="ö" * 100, note="", cents=None, purpose="")
    with pytest.raises(EpcQrUnusable, match="331"):
        write(longest)
    assert read(write(longest, character_set=2)) == longest
    with pytest.raises(EpcQrUnusable, match="331"):
        read(b"BCD" + b"\n" * 329)


def test_bytes_of_another_character_set_are_refused() -> None:
    with pytest.raises(EpcQrUnusable, match="character set"):
        read(write(replace(ASKED, name="Größe"), character_set=2).replace(b"\n2\n", b"\n1\n"))
    with pytest.raises(EpcQrUnusable, match="character set"):
        write(replace(ASKED, name="Ωμέγα"), character_set=2)


def test_the_image_is_the_one_that_another_writer_makes() -> None:
    theirs = make_epc_qr(
        "Red Cross",
        IBAN,
        Decimal("12.34"),
        text="Urgency fund",
        bic="COBADEFF",
        purpose="CHAR",
        encoding=1,
    )
    drawn = BytesIO()
    theirs.save(drawn, kind="svg", scale=4, light="white", xmldecl=False, nl=False)
    assert theirs.error == "M"
    assert svg(write(replace(ASKED, note="", cents=1234))) == drawn.getvalue().decode()
