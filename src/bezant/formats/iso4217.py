"""Currencies' minor units (ISO 4217:2015, list one and the funds codes in use)."""

import re
from typing import Final

SCALE_DEFAULT: Final = 2

# Only what differs from two digits. MGA and MRU divide by five, yet ISO 4217 gives them two digits.
_WHOLE: Final = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"),
    *("VND", "VUV", "XAF", "XOF", "XPF"),
    # Metals and units of account have no minor unit; statements carry them whole.
    *("XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XUA"),
)
_SCALES: Final = {
    **dict.fromkeys(_WHOLE, 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

_CODE: Final = re.compile(r"[A-Z]{3}")


def is_currency_code(text: str) -> bool:
    """Whether the text has the form of a currency code: three capital letters of ASCII."""
    return _CODE.fullmatch(text) is not None


def scale_of(currency: str) -> int:
    """The number of fraction digits of a unit: `scale_of("EUR") == 2`, `scale_of("JPY") == 0`.

    Codes that the standard does not list count as two digits, as nearly all currencies do.
    """
    assert is_currency_code(currency), currency
    return _SCALES.get(currency, SCALE_DEFAULT)
