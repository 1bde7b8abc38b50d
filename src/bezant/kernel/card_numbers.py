"""Numbers of payment cards: their check digit, and whose they are by how they begin.

ISO/IEC 7812-1: the last digit is by the Luhn formula (annex B), the first six or eight identify the
issuer. Which of them belong to which brand, at which lengths, is what the brands publish in their
rules and BIN tables.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

DIGITS_MIN: Final = 12
DIGITS_MAX: Final = 19

_DIGITS: Final = re.compile(rf"[0-9]{{{DIGITS_MIN},{DIGITS_MAX}}}")
_PREFIX_DIGITS_MAX: Final = 6

_ZERO: Final = ord("0")

# From a digit to the one that its double counts as: 5 becomes 10, whose digits sum to 1.
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")


class Brand(StrEnum):
    """Whose card it is."""

    AMEX = "amex"
    DANKORT = "dankort"
    DINERS = "diners"
    DISCOVER = "discover"
    JCB = "jcb"
    MAESTRO = "maestro"
    MASTERCARD = "mastercard"
    MIR = "mir"
    RUPAY = "rupay"
    TROY = "troy"
    UNIONPAY = "unionpay"
    VERVE = "verve"
    VISA = "visa"


_ANY: Final = range(DIGITS_MIN, DIGITS_MAX + 1)
_16_UP: Final = range(16, DIGITS_MAX + 1)
_16: Final = range(16, 17)

# First and last prefix, brand, lengths.
_RANGES: Final[tuple[tuple[str, str, Brand, range | tuple[int, ...]], ...]] = (
    ("4", "4", Brand.VISA, (13, 16, 19)),
    ("51", "55", Brand.MASTERCARD, _16),
    ("2221", "2720", Brand.MASTERCARD, _16),
    ("34", "34", Brand.AMEX, (15,)),
    ("37", "37", Brand.AMEX, (15,)),
    ("6011", "6011", Brand.DISCOVER, _16_UP),
    ("644", "649", Brand.DISCOVER, _16_UP),
    ("65", "65", Brand.DISCOVER, _16_UP),
    # China UnionPay's, accepted by Discover's network; the issuer is what counts.
    ("62", "62", Brand.UNIONPAY, _16_UP),
    ("8100", "8171", Brand.UNIONPAY, _16_UP),
    ("3528", "3589", Brand.JCB, _16_UP),
    ("300", "305", Brand.DINERS, range(14, DIGITS_MAX + 1)),
    ("3095", "3095", Brand.DINERS, range(14, DIGITS_MAX + 1)),
    ("36", "36", Brand.DINERS, range(14, DIGITS_MAX + 1)),
    ("38", "39", Brand.DINERS, range(14, DIGITS_MAX + 1)),
    ("5018", "5018", Brand.MAESTRO, _ANY),
    ("5020", "5020", Brand.MAESTRO, _ANY),
    ("5038", "5038", Brand.MAESTRO, _ANY),
    ("5893", "5893", Brand.MAESTRO, _ANY),
    ("6304", "6304", Brand.MAESTRO, _ANY),
    ("6759", "6759", Brand.MAESTRO, _ANY),
    ("6761", "6763", Brand.MAESTRO, _ANY),
    ("5019", "5019", Brand.DANKORT, _16),
    ("2200", "2204", Brand.MIR, _16_UP),
    ("508", "508", Brand.RUPAY, _16),
    ("607", "608", Brand.RUPAY, _16),
    ("6521", "6522", Brand.RUPAY, _16),
    ("9792", "9792", Brand.TROY, _16),
    ("506099", "506198", Brand.VERVE, (16, 18, 19)),
    ("507865", "507964", Brand.VERVE, (16, 18, 19)),
    ("650002", "650027", Brand.VERVE, (16, 18, 19)),
)


def _prefixes() -> Iterator[tuple[str, tuple[Brand, frozenset[int]]]]:
    for first, last, brand, lengths in _RANGES:
        for prefix in range(int(first), int(last) + 1):
            yield str(prefix), (brand, frozenset(lengths))


_BY_PREFIX: Final = dict(_prefixes())


def luhn_sum(digits: str) -> int:
    """The sum of the Luhn formula, modulo 10: zero when the last digit is right."""
    # Sums of bytes, since this is asked of every long number that anyone posts.
    ascii_digits = digits.encode("ascii")
    total = sum(ascii_digits[-2::-2].translate(_DOUBLED)) + sum(ascii_digits[-1::-2])
    return (total - _ZERO * len(ascii_digits)) % 10


def brand_of(digits: str) -> Brand | None:
    """Whose card a number may be, by its beginning and its length; None when nobody's.

    The longest beginning that is known decides: 6521 is RuPay's, other numbers from 65 Discover's.
    """
    for length in range(_PREFIX_DIGITS_MAX, 0, -1):
        found = _BY_PREFIX.get(digits[:length])
        if found is not None:
            brand, lengths = found
            return brand if len(digits) in lengths else None
    return None


def is_card_number(digits: str) -> bool:
    """Whether digits are what a card may have: of a brand, at its length, with the check digit."""
    return (
        _DIGITS.fullmatch(digits) is not None
        and luhn_sum(digits) == 0
        and brand_of(digits) is not None
    )
