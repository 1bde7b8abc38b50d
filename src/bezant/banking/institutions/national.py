"""National check digits that schwifty does not compute: Croatia's and Hungary's.

Both countries end each part of a number with a digit that is computed from the digits before it.
Croatia: bank, and account, by ISO 7064 MOD 11,10 (Narodne novine 150/2002, 2462). Hungary: bank
with branch, and account, by the weights 9, 7, 3 and 1 (decree 18/2009 of Magyar Nemzeti Bank).
"""

from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Final

_HUNGARIAN_WEIGHTS: Final = (9, 7, 3, 1)


def _hungarian(digits: str) -> str:
    weights = cycle(_HUNGARIAN_WEIGHTS)
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    return str(-weighted % 10)


def _croatian(digits: str) -> str:
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


_PARTS: Final[Mapping[str, tuple[Callable[[str], str], int]]] = {
    "HR": (_croatian, 7),
    "HU": (_hungarian, 8),
}
"""How the last digit of each part is computed, and where the second part begins."""

COUNTRIES: Final = frozenset(_PARTS)


def completed(country: str, bban: str) -> str:
    """A country's number with the check digits that belong in it, whatever was in their places."""
    check_digit, second = _PARTS[country]
    parts = bban[:second], bban[second:]
    return "".join(part[:-1] + check_digit(part[:-1]) for part in parts)
