"""What a code says, and the rules that it keeps, read or written."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bezant.formats.epc_qr.errors import EpcQrUnusable
from bezant.kernel.ibans import is_iban
from bezant.kernel.telemetry import Sensitive

PAYLOAD_BYTES_MAX: Final = 331
"""What a code of version 13 holds at error correction level M."""

CENTS_MAX: Final = 99_999_999_999
"""EUR 999999999.99."""

CHARACTER_SETS: Final[Mapping[int, str]] = {
    1: "utf-8",
    2: "iso8859-1",
    3: "iso8859-2",
    4: "iso8859-4",
    5: "iso8859-5",
    6: "iso8859-7",
    7: "iso8859-10",
    8: "iso8859-15",
}
"""By their number in the payload, as Python calls them."""

_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_PURPOSE: Final = re.compile(r"[A-Za-z0-9]{1,4}")


class Version(StrEnum):
    """Of the payload: the second lets the BIC out."""

    WITH_BIC = "001"
    BIC_OPTIONAL = "002"


@dataclass(frozen=True, slots=True, repr=False)
class CreditTransfer(Sensitive):
    """What a payer is asked to pay: personal data.

    Attributes:
        name: of the payee, 1 to 70 characters.
        iban: of the payee, as machines write it.
        bic: of the payee's bank, or empty.
        cents: the amount in cents, 1 to 99,999,999,999; None leaves it to the payer.
        purpose: a code of 1 to 4 characters, or empty.
        reference: structured remittance information, such as RF18539007547034; at most 35
            characters, or empty.
        text: unstructured remittance information, at most 140 characters, or empty; never beside a
            reference.
        note: for the payer, at most 70 characters, or empty.
    """

    name: str
    iban: str
    bic: str = ""
    cents: int | None = None
    purpose: str = ""
    reference: str = ""
    text: str = ""
    note: str = ""


_LENGTHS: Final = {"name": 70, "reference": 35, "text": 140, "note": 70}


def check(transfer: CreditTransfer, version: Version) -> None:
    """Refuse what no payload of the version may say.

    Raises:
        EpcQrUnusable: naming the element.
    """
    for element, characters_max in _LENGTHS.items():
        _check_text(element, getattr(transfer, element), characters_max)
    if not transfer.name:
        raise EpcQrUnusable("name", "it is missing")
    if not is_iban(transfer.iban):
        raise EpcQrUnusable("iban", "it is no valid IBAN")
    _check_codes(transfer, version)
    if transfer.cents is not None and not 1 <= transfer.cents <= CENTS_MAX:
        raise EpcQrUnusable("amount", "it is not within EUR 0.01 and 999999999.99")
    if transfer.reference and transfer.text:
        raise EpcQrUnusable("remittance", "it is structured or unstructured, not both")


def _check_codes(transfer: CreditTransfer, version: Version) -> None:
    if transfer.bic and not _BIC.fullmatch(transfer.bic):
        raise EpcQrUnusable("bic", "it is no BIC")
    if not transfer.bic and version is Version.WITH_BIC:
        raise EpcQrUnusable("bic", "version 001 needs it")
    if transfer.purpose and not _PURPOSE.fullmatch(transfer.purpose):
        raise EpcQrUnusable("purpose", "it is no purpose code")


def _check_text(element: str, value: str, characters_max: int) -> None:
    if len(value) > characters_max:
        raise EpcQrUnusable(element, f"it is longer than {characters_max} characters")
    if any(unicodedata.category(one) in {"Cc", "Cs"} for one in value):
        raise EpcQrUnusable(element, "it holds a control character")
    if value != value.strip():
        raise EpcQrUnusable(element, "it begins or ends with a blank")
