"""International bank account numbers (ISO 13616): length by country, check digits modulo 97."""

import re
import unicodedata
from typing import Final

CHARACTERS_MIN: Final = 15
CHARACTERS_MAX: Final = 33

LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Of the countries in SWIFT's IBAN registry, which is ISO 13616's registration authority."""

_FORM: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,29}")
_GAPS: Final = re.compile(r"[\s.\-/]+")
_MODULUS: Final = 97

# 97 and more leave the remainder that smaller numbers leave: ISO 7064 computes 02 to 98 alone.
_CHECK_MIN: Final = 2
_CHECK_MAX: Final = 98


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN as machines write it: upper case, without blanks."""
    return (
        _FORM.fullmatch(text) is not None
        and LENGTHS.get(text[:2]) == len(text)
        and _CHECK_MIN <= int(text[2:4]) <= _CHECK_MAX
        and _remainder(text) == 1
    )


def electronic(text: str) -> str:
    """An IBAN as machines write it, from any form in which people do. It need not be one."""
    return _GAPS.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_digits(country: str, account: str) -> str:
    """The two digits that belong between a country's letters and an account in it."""
    return f"{_MODULUS + 1 - _remainder(f'{country}00{account}'):02}"


def _remainder(text: str) -> int:
    """What ISO 7064 MOD 97-10 leaves: the first four characters last, letters as 10 to 35."""
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % _MODULUS
