"""Balances and statement lines (tags 60, 62 and 61) out of their fields."""

import re
from datetime import date
from typing import Final

from msgspec import Struct

from bezant.formats.bank_statement import StatedBalance
from bezant.formats.iso4217 import scale_of
from bezant.formats.mt940.source import Field

_BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15},?[0-9]*)\s*")

# Value date, entry date, mark, funds code, amount, type, references. The funds code is the third
# letter of the currency, so `CR` is a credit in EUR, while `RC` is the reversal of a credit.
_LINE: Final = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>R?[CD]|E[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>[0-9]{1,15},?[0-9]*)(?P<type>[A-Z][A-Z0-9]{3})?(?P<reference>.*)"
)
_SIGNS: Final = {"C": 1, "D": -1, "RC": -1, "RD": 1}
_CENTURY_FROM: Final = 80  # of two-digit years, those from 80 on are of the last century
_YEARS_NEAR: Final = (-1, 0, 1)


class Balance(Struct, frozen=True):
    """A balance and its currency."""

    stated: StatedBalance
    currency: str


class Movement(Struct, frozen=True):
    """What a `:61:` says. `amount` is signed."""

    booking_date: date
    value_date: date
    amount: int
    is_reversal: bool
    code: str
    reference: str
    servicer_reference: str
    details: str


def balance(field: Field) -> Balance:
    """A `:60:` or `:62:`.

    Raises:
        StatementUnreadable: not of the form `C091231EUR123,45`.
    """
    match = _BALANCE.fullmatch(field.lines[0])
    if match is None:
        raise field.refusal("A balance reads like C091231EUR123,45.")
    sign = 1 if match[1] == "C" else -1
    amount = _amount(field, match[4], match[3])
    return Balance(StatedBalance(_day(field, match[2]), sign * amount), match[3])


def movement(field: Field, currency: str) -> Movement | None:
    """A `:61:` with its supplementary details; None for what is only expected (`EC`, `ED`).

    Raises:
        StatementUnreadable: it does not read as the standard has it.
    """
    match = _LINE.fullmatch(field.lines[0])
    if match is None:
        raise field.refusal("A line reads like 0912311231C123,45NTRFreference//bank's.")
    if match["mark"] not in _SIGNS:
        return None
    value = _day(field, match["value"])
    booked = value if match["entry"] is None else _entry_day(field, match["entry"], value)
    own, _, servicer = match["reference"].partition("//")
    return Movement(
        booking_date=booked,
        value_date=value,
        amount=_SIGNS[match["mark"]] * _amount(field, match["amount"], currency),
        is_reversal=match["mark"].startswith("R"),
        code=match["type"] or "",
        reference=own.strip(),
        servicer_reference=servicer.strip(),
        details=" ".join(filter(None, (line.strip() for line in field.lines[1:]))),
    )


def _amount(field: Field, text: str, currency: str) -> int:
    """Minor units; the decimal comma may be missing, and zeros beyond the scale say nothing."""
    whole, _, fraction = text.partition(",")
    scale = scale_of(currency)
    digits = fraction.rstrip("0")
    if len(digits) > scale:
        raise field.refusal(f"{currency} has {scale} decimal places, and the amount more.")
    return int(whole + digits.ljust(scale, "0"))


def _day(field: Field, text: str) -> date:
    year = int(text[:2])
    century = 1900 if year >= _CENTURY_FROM else 2000
    try:
        return date(century + year, int(text[2:4]), int(text[4:]))
    except ValueError:
        raise field.refusal(f"{text} is no date.") from None


def _entry_day(field: Field, text: str, value: date) -> date:
    """A month and day without its year: of the year in which it is nearest to the value date.

    So a line of the last of December with the value date of January is of the year before.
    """
    month, day = int(text[:2]), int(text[2:])
    found = []
    for years in _YEARS_NEAR:
        try:
            found.append(date(value.year + years, month, day))
        except ValueError:
            continue  # the 29th of February is in one year of four
    if not found:
        raise field.refusal(f"{text} is no day of a year.")
    return min(found, key=lambda each: abs((each - value).days))
