"""Reading payloads, as they were scanned."""

import re
from typing import Final

from bezant.formats.epc_qr.errors import EpcQrUnusable
from bezant.formats.epc_qr.model import (
    CHARACTER_SETS,
    PAYLOAD_BYTES_MAX,
    CreditTransfer,
    Version,
    check,
)

_ELEMENTS_MIN: Final = 7
_ELEMENTS_MAX: Final = 12
_AMOUNT: Final = re.compile(r"EUR(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?")


def read(payload: bytes) -> CreditTransfer:
    """What the bytes of a code say, in the character set that they name.

    Raises:
        EpcQrUnusable: they break a rule of the guidelines.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise _too_long()
    # The first three elements are ASCII in every character set.
    number = _lines(payload.decode("latin-1"))[2:3]
    try:
        text = payload.decode(_character_set("".join(number)))
    except UnicodeDecodeError:
        raise EpcQrUnusable("character set", "the bytes are not of it") from None
    return read_text(text)


def read_text(text: str) -> CreditTransfer:
    """What a payload says that its scanner has decoded.

    Elements end with LF or CR LF; those at the end may be left out.

    Raises:
        EpcQrUnusable: it breaks a rule of the guidelines.
    """
    lines = _lines(text)
    if len(lines) < _ELEMENTS_MIN:
        raise EpcQrUnusable("payload", "elements are missing")
    if any(lines[_ELEMENTS_MAX:]):
        raise EpcQrUnusable("payload", "it has too many elements")
    tag, version, number, identification, *elements = lines[:_ELEMENTS_MAX]
    if tag != "BCD":
        raise EpcQrUnusable("service tag", "it is not BCD")
    if version not in set(Version):
        raise EpcQrUnusable("version", "it is neither 001 nor 002")
    if identification != "SCT":
        raise EpcQrUnusable("identification", "it is not SCT")
    try:
        length = len(text.encode(_character_set(number)))
    except UnicodeEncodeError:
        raise EpcQrUnusable("character set", "the text is not of it") from None
    if length > PAYLOAD_BYTES_MAX:
        raise _too_long()
    elements += [""] * (_ELEMENTS_MAX - len(lines))
    bic, name, iban, amount, purpose, reference, remittance, note = elements
    transfer = CreditTransfer(name, iban, bic, _cents(amount), purpose, reference, remittance, note)
    check(transfer, Version(version))
    return transfer


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _character_set(number: str) -> str:
    if number not in {str(each) for each in CHARACTER_SETS}:
        raise EpcQrUnusable("character set", "it is none of 1 to 8")
    return CHARACTER_SETS[int(number)]


def _cents(text: str) -> int | None:
    if not text:
        return None
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        raise EpcQrUnusable("amount", "it is not EUR and a number with a point")
    return int(amount[1]) * 100 + int((amount[2] or "").ljust(2, "0"))


def _too_long() -> EpcQrUnusable:
    return EpcQrUnusable("payload", f"it is longer than {PAYLOAD_BYTES_MAX} bytes")
