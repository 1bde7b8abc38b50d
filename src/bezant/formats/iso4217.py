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

# List one of the maintenance agency, with the codes that left it lately and that books may still
# hold; without those that have no minor unit (metals, drawing rights, bonds, tests).
_LISTED: Final = frozenset(
    re.findall(
        r"[A-Z]{3}",
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN
        BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP
        ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR
        ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
        MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR
        PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL
        THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD
        XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
        """,
    )
)

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


def minor_unit_of(code: str) -> int | None:
    """The number of fraction digits that the standard fixes for a code; None where it fixes none.

    It fixes none for what it does not list (`BTC`), and for metals and units of account (`XAU`).
    """
    return scale_of(code) if code in _LISTED else None
