"""What looks like a person's datum, wherever somebody wrote it.

Metadata and reasons are free text, so nobody can promise what they hold. What can be recognised
with few mistakes is: a card number by its check digit and its brand, an account by its check
digits, an e-mail address and a telephone number by their form. A name cannot.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from bezant.kernel import card_numbers, ibans


class Likeness(StrEnum):
    """What a text looks like."""

    CARD_NUMBER = "card_number"
    IBAN = "iban"
    EMAIL = "email"
    PHONE = "phone"


_CHARACTERS_MIN: Final = len("a@b.co")

# How people group digits: blanks, a hyphen or a dash, with blanks around it or not.
_GAPS: Final = r"[\s\-\u2010-\u2015\u2212]"
_GAP: Final = rf"{_GAPS}{{1,3}}"

_IS_LONG_NUMBER: Final = re.compile(rf"(?:[0-9]{_GAPS}{{0,3}}){{{card_numbers.DIGITS_MIN}}}")
_NOT_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))

# References, not numbers: in UUIDs and in longer hexadecimal, such as digests, long numbers come
# about by chance.
_UUID: Final = re.compile(
    r"(?i)(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])"
)
_HEXADECIMAL: Final = re.compile(r"(?i)(?<![0-9a-z])(?=[0-9]*[a-f])[0-9a-f]{20,}(?![0-9a-z])")

# A number in one piece; as cards show it (4-4-4-4, up to 4-4-4-4-3, 4-6-4, 4-6-5), whatever stands
# beside it; and a whole row of groups of any size. Overlapping, so that an amount or a date before
# the number does not hide it.
_CARD_NUMBERS: Final = tuple(
    re.compile(rf"(?<![0-9])(?=(?P<number>{form})(?![0-9]))")
    for form in (
        r"[0-9]{12,19}",
        rf"[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{1,4}}",
        rf"[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{1,3}}",
        rf"[0-9]{{4}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}",
    )
)
_ROW: Final = re.compile(rf"[0-9]+(?:{_GAP}[0-9]+)*")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")

_IBAN_BEGINS: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}")
_IBAN_CHARACTER: Final = re.compile(r"[ -]?([A-Za-z0-9])")

# The whole of RFC 5322 is not the question: something at a host with a name.
_EMAIL: Final = re.compile(r"[^\s@]@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")

# E.164 allows 15 digits; the shortest that are in use have eight. Offsets of time zones (`+01:00`)
# begin with a zero or have a colon.
_PHONE: Final = re.compile(r"(?<![A-Za-z0-9+])\+[1-9](?:[ ().\-]{0,2}[0-9]){7,14}(?![0-9])")


def likeness(text: str) -> Likeness | None:
    """What a text, or a part of it, looks like; None when it looks like nobody's."""
    if len(text) < _CHARACTERS_MIN or _UUID.fullmatch(text):
        return None
    if not text.isascii():
        # Digits and letters of full width, and the blanks that typesetters use.
        text = unicodedata.normalize("NFKC", text)
    if "@" in text and _EMAIL.search(text):
        return Likeness.EMAIL
    digits = len(text.encode("utf-8", "replace").translate(None, _NOT_DIGITS))
    if digits >= card_numbers.DIGITS_MIN and _IS_LONG_NUMBER.search(text):
        numbers = _numbers(_HEXADECIMAL.sub(" ", _UUID.sub(" ", text)))
        if any(card_numbers.is_card_number(each) for each in numbers):
            return Likeness.CARD_NUMBER
    if digits > 1 and len(text) >= ibans.CHARACTERS_MIN and _has_iban(text):
        return Likeness.IBAN
    if "+" in text and _PHONE.search(text):
        return Likeness.PHONE
    return None


def _numbers(text: str) -> Iterator[str]:
    for form in _CARD_NUMBERS:
        for match in form.finditer(text):
            yield _NO_DIGIT.sub("", match["number"])
    for match in _ROW.finditer(text):
        yield _NO_DIGIT.sub("", match[0])


def _has_iban(text: str) -> bool:
    if _IBAN_BEGINS.search(text) is None:
        return False
    text = _UUID.sub(" ", text)
    begins = (each.start() for each in _IBAN_BEGINS.finditer(text))
    return any(ibans.is_iban(_iban_from(text, begin)) for begin in begins)


def _iban_from(text: str, start: int) -> str:
    """As many characters as an IBAN of that country has; nothing when the word goes on."""
    length = ibans.LENGTHS.get(text[start : start + 2].upper())
    if length is None:
        return ""
    characters: list[str] = []
    end = start
    while len(characters) < length:
        match = _IBAN_CHARACTER.match(text, end)
        if match is None:
            return ""
        characters.append(match[1])
        end = match.end()
    return "" if text[end : end + 1].isalnum() else "".join(characters).upper()
