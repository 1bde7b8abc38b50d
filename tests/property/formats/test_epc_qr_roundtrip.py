"""Codes for credit transfers: whatever is written is read again, in every form of a payload."""

import string
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bezant.formats.epc_qr import (
    CHARACTER_SETS,
    PAYLOAD_BYTES_MAX,
    CreditTransfer,
    EpcQrUnusable,
    Version,
    read,
    read_text,
    write,
)
from bezant.kernel.ibans import check_digits

_DIGITS = st.text(string.digits, min_size=18, max_size=18)
_IBANS = _DIGITS.map(lambda account: f"DE{check_digits('DE', account)}{account}")


@st.composite
def transfers(draw: st.DrawFn, codec: str) -> CreditTransfer:
    """A transfer whose texts a character set has."""
    characters = st.characters(codec=codec, exclude_categories=("Cc", "Cs"))

    def text(characters_max: int, characters_min: int = 0) -> str:
        drawn = draw(st.text(characters, min_size=characters_min, max_size=characters_max))
        return drawn.strip()

    name = text(70, 1)
    assume(name)
    remittance = draw(st.sampled_from(["reference", "text", "none"]))
    return CreditTransfer(
        name=name,
        iban=draw(_IBANS),
        bic=draw(st.sampled_from(["", "COBADEFFXXX", "INGDDEFF"])),
        cents=draw(st.none() | st.integers(1, 99_999_999_999)),
        purpose=draw(st.sampled_from(["", "CHAR", "GDDS"])),
        reference=text(35) if remittance == "reference" else "",
        text=text(140) if remittance == "text" else "",
        note=text(70),
    )


@given(st.data(), st.sampled_from(sorted(CHARACTER_SETS)), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_again(data: st.DataObject, number: int, newline: str) -> None:
    transfer = data.draw(transfers(CHARACTER_SETS[number]))
    version = Version.BIC_OPTIONAL if not transfer.bic else data.draw(st.sampled_from(Version))
    try:
        payload = write(transfer, version=version, character_set=number, newline=newline)
    except EpcQrUnusable:
        texts = transfer.name + transfer.reference + transfer.text + transfer.note
        assert len(texts.encode(CHARACTER_SETS[number])) > PAYLOAD_BYTES_MAX - 100
        return
    assert len(payload) <= PAYLOAD_BYTES_MAX
    assert read(payload) == transfer
    assert read_text(payload.decode(CHARACTER_SETS[number])) == transfer


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: f"BCD\n{text}".encode()))
def test_whatever_is_scanned_is_read_or_refused(payload: bytes) -> None:
    try:
        transfer = read(payload)
    except EpcQrUnusable:
        return
    assert read(write(transfer)) == transfer


@given(st.data())
def test_no_byte_lost_or_changed_makes_a_fault(data: st.DataObject) -> None:
    payload = bytearray(write(data.draw(transfers("ascii"))))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    with suppress(EpcQrUnusable):
        assert read(bytes(payload)).iban


def test_a_refusal_repeats_nothing_of_the_payload() -> None:
    with pytest.raises(EpcQrUnusable) as refused:
        read_text("BCD\n002\n1\nSCT\n\nAda Lovelace\nDE00SECRET")
    assert "Ada" not in str(refused.value)
    assert "SECRET" not in str(refused.value)
