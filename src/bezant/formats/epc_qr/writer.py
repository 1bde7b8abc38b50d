"""Writing payloads."""

from bezant.formats.epc_qr.errors import EpcQrUnusable
from bezant.formats.epc_qr.model import (
    CHARACTER_SETS,
    PAYLOAD_BYTES_MAX,
    CreditTransfer,
    Version,
    check,
)


def write(
    transfer: CreditTransfer,
    *,
    version: Version = Version.BIC_OPTIONAL,
    character_set: int = 1,
    newline: str = "\n",
) -> bytes:
    r"""The payload of a code, without empty elements at its end.

    Args:
        transfer: what it says.
        version: of the payload.
        character_set: its number, 1 to 8; 1 is UTF-8.
        newline: LF or CR LF.

    Raises:
        EpcQrUnusable: no code of the version and the character set says that.
    """
    assert newline in {"\n", "\r\n"}
    check(transfer, version)
    elements = [
        "BCD",
        version,
        str(character_set),
        "SCT",
        transfer.bic,
        transfer.name,
        transfer.iban,
        "" if transfer.cents is None else _amount(transfer.cents),
        transfer.purpose,
        transfer.reference,
        transfer.text,
        transfer.note,
    ]
    while not elements[-1]:
        elements.pop()
    try:
        payload = newline.join(elements).encode(CHARACTER_SETS[character_set])
    except UnicodeEncodeError:
        raise EpcQrUnusable("character set", "it lacks a character of the text") from None
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise EpcQrUnusable("payload", f"it is longer than {PAYLOAD_BYTES_MAX} bytes")
    return payload


def _amount(cents: int) -> str:
    return f"EUR{cents // 100}.{cents % 100:02}"
