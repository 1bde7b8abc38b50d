"""Payment cards as they arrive: the number, the last month, the name."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from bezant.kernel.card_numbers import DIGITS_MAX, DIGITS_MIN, Brand, brand_of, luhn_sum
from bezant.kernel.telemetry import Sensitive
from bezant.vault.tokens.errors import (
    CardExpired,
    CardExpiryRefused,
    CardHolderRefused,
    CardNumberRefused,
)

HOLDER_CHARACTERS_MAX: Final = 100
"""ISO/IEC 7813 has 26 on the magnetic stripe; what people type is longer."""

EXPIRY_YEARS_MAX: Final = 25
"""No issuer gives a card for longer; further ahead is a mistyped year."""

_LAST_FOUR: Final = 4
_IIN_SHORT: Final = 6
_IIN_LONG: Final = 8
_IIN_LONG_FROM: Final = 16
_MONTHS: Final = 12

_AS_TYPED: Final = re.compile(r"[0-9](?:[ -]?[0-9])*")


@dataclass(frozen=True, slots=True, repr=False)
class CardNumber(Sensitive):
    """A primary account number (PAN). It has no `repr`."""

    digits: str
    brand: Brand

    @property
    def bin(self) -> str:
        """The issuer identification number, as much of it as may be shown beside the last four.

        PCI DSS 4.0.1 (requirement 3.4.1 and its FAQ 1091): the first eight of 16 digits and more,
        the first six of fewer.
        """
        long_enough = len(self.digits) >= _IIN_LONG_FROM
        return self.digits[: _IIN_LONG if long_enough else _IIN_SHORT]

    @property
    def last_four(self) -> str:
        """What its holder knows it by."""
        return self.digits[-_LAST_FOUR:]


@dataclass(frozen=True, slots=True)
class Expiry:
    """The last month in which a card is good, to its end."""

    year: int
    month: int


def parse_card_number(text: str, *, field: str) -> CardNumber:
    """Read a number as people write it, with blanks and hyphens between digits.

    Raises:
        CardNumberRefused: its length, its check digit or its beginning is not a card's.
    """
    if not _AS_TYPED.fullmatch(text.strip()):
        raise CardNumberRefused("A card number is digits, with blanks or hyphens.", field=field)
    digits = text.strip().replace(" ", "").replace("-", "")
    if not DIGITS_MIN <= len(digits) <= DIGITS_MAX:
        raise CardNumberRefused(
            f"A card number has {DIGITS_MIN} to {DIGITS_MAX} digits.", field=field
        )
    if luhn_sum(digits) != 0:
        raise CardNumberRefused("The check digit of the card number is wrong.", field=field)
    brand = brand_of(digits)
    if brand is None:
        raise CardNumberRefused("No brand has such card numbers.", field=field)
    return CardNumber(digits, brand)


def check_expiry(year: int, month: int, today: date, *, field: str) -> Expiry:
    """Check a card's last month.

    Args:
        year: with its century.
        month: 1 to 12.
        today: where it is latest on earth, so that no card is refused on its last day.
        field: for the refusal.

    Raises:
        CardExpiryRefused: no month, or one too far ahead.
        CardExpired: the month is over.
    """
    if not 1 <= month <= _MONTHS or not 1 <= year <= today.year + EXPIRY_YEARS_MAX:
        raise CardExpiryRefused("A card expires in a month of a year soon to come.", field=field)
    if (year, month) < (today.year, today.month):
        raise CardExpired("The card's last month is over.", field=field)
    return Expiry(year, month)


def check_holder(text: str, *, field: str) -> str:
    """The name on a card, its blanks tidied.

    Letters of any script, and what stands between them; digits are refused, since whoever types
    the number into the field of the name would have it kept as a name.

    Raises:
        CardHolderRefused: empty, too long, or holds what names do not have.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= HOLDER_CHARACTERS_MAX:
        raise CardHolderRefused(
            f"A holder's name has 1 to {HOLDER_CHARACTERS_MAX} characters.", field=field
        )
    if not any(each.isalpha() for each in name) or not all(_is_of_names(each) for each in name):
        raise CardHolderRefused("A holder's name is letters and marks between them.", field=field)
    return name


def _is_of_names(character: str) -> bool:
    # Letters and the marks that modify them (Unicode's L and M).
    return character in " .,'-/\u2019\u00b7&" or unicodedata.category(character)[0] in "LM"
