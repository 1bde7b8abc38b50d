"""What looks like a person's datum, wherever somebody wrote it.

Metadata and reasons are free text, so nobody can promise what they hold. What can be recognised
with few mistakes is: a card number by its check digit and its brand, an account by its check
digits, an e-mail address and a telephone number by their form. A name cannot.
"""

import re
import unicodedata
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
_LAST: Final = 4

# How people group digits: blanks, a hyphen or a dash, with blanks around it or not.
_GAPS: Final = r"[\s\-\u2010-\u2015\u2212]"
_GAP: Final = re.compile(rf"{_GAPS}{{1,3}}")

_LONG_NUMBER: Final = re.compile(rf"(?:[0-9]{_GAPS}{{0,3}}){{{card_numbers.DIGITS_MIN}}}")
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
    re.compile(form.replace(" ", _GAP.pattern))
    for form in (
        r"(?<![0-9])(?=(?P<number>[0-9]{12,19})(?![0-9]))",
        r"(?<![0-9])(?=(?P<number>[0-9]{4} [0-9]{4} [0-9]{4} [0-9]{1,4})(?![0-9]))",
        r"(?<![0-9])(?=(?P<number>[0-9]{4} [0-9]{4} [0-9]{4} [0-9]{4} [0-9]{1,3})(?![0-9]))",
        r"(?<![0-9])(?=(?P<number>[0-9]{4} [0-9]{6} [0-9]{4,5})(?![0-9]))",
        r"(?P<number>[0-9]+(?: [0-9]+)*)",
    )
)

_IBAN_BEGINS: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}")
_IBAN_CHARACTER: Final = re.compile(r"[ -]?([A-Za-z0-9])")

# The whole of RFC 5322 is not the question: something at a host with a name.
_NOT_OF_LOCAL_PARTS: Final = frozenset(' \t\r\n@,;:<>()[]"')
_EMAIL: Final = re.compile(r"[^\s@,;:<>()\[\]\"]@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")

# E.164 allows 15 digits; the shortest that are in use have eight. Offsets of time zones (`+01:00`)
# begin with a zero or have a colon.
_PHONE: Final = re.compile(r"(?<![A-Za-z0-9+])\+[1-9](?:[ ().\-]{0,2}[0-9]){7,14}(?![0-9])")


def likeness(text: str) -> Likeness | None:
    """What a text, or a part of it, looks like; None when it looks like nobody's."""
    found = _find(_plain(text))
    return None if found is None else found[0]


def masked(text: str) -> str:
    """A text with `[email]` or `[iban *3000]` in the place of what it must not say.

    The last four characters of card and account numbers are what their owners know them by.
    """
    while (found := _find(text := _plain(text))) is not None:
        kind, (start, end) = found
        is_number = kind in {Likeness.CARD_NUMBER, Likeness.IBAN}
        kept = f" *{_GAP.sub('', text[start:end])[-_LAST:]}" if is_number else ""
        text = f"{text[:start]}[{kind}{kept}]{text[end:]}"
    return text


def _plain(text: str) -> str:
    # Digits and letters of full width, and the blanks that typesetters use.
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _find(text: str) -> tuple[Likeness, tuple[int, int]] | None:
    """What is found first, and where."""
    if len(text) < _CHARACTERS_MIN or _UUID.fullmatch(text):
        return None
    digits = len(text.encode("utf-8", "replace").translate(None, _NOT_DIGITS))
    if "@" in text and (match := _EMAIL.search(text)):
        return Likeness.EMAIL, (_start_of_local_part(text, match.start()), match.end())
    if digits >= card_numbers.DIGITS_MIN and (span := _find_card_number(text)):
        return Likeness.CARD_NUMBER, span
    if digits > 1 and (span := _find_iban(text)):
        return Likeness.IBAN, span
    if "+" in text and (match := _PHONE.search(text)):
        return Likeness.PHONE, match.span()
    return None


def _start_of_local_part(text: str, start: int) -> int:
    while start > 0 and text[start - 1] not in _NOT_OF_LOCAL_PARTS:
        start -= 1
    return start


def _find_card_number(text: str) -> tuple[int, int] | None:
    if _LONG_NUMBER.search(text) is None:
        return None
    text = _HEXADECIMAL.sub(_blank, _UUID.sub(_blank, text))
    for form in _CARD_NUMBERS:
        for match in form.finditer(text):
            if card_numbers.is_card_number(_GAP.sub("", match["number"])):
                return match.span("number")
    return None


def _find_iban(text: str) -> tuple[int, int] | None:
    if _IBAN_BEGINS.search(text) is None:
        return None
    text = _UUID.sub(_blank, text)
    for match in _IBAN_BEGINS.finditer(text):
        end = _end_of_iban(text, match.start())
        if end is not None and ibans.is_iban(_GAP.sub("", text[match.start() : end]).upper()):
            return match.start(), end
    return None


def _end_of_iban(text: str, start: int) -> int | None:
    """After as many characters as an IBAN of that country has; None when the word goes on."""
    length, end = ibans.LENGTHS.get(text[start : start + 2].upper()), start
    if length is None:
        return None
    for _ in range(length):
        match = _IBAN_CHARACTER.match(text, end)
        if match is None:
            return None
        end = match.end()
    return None if text[end : end + 1].isalnum() else end


def _blank(match: re.Match[str]) -> str:
    """Of the same length, so that places in the text remain what they are."""
    return " " * len(match[0])
