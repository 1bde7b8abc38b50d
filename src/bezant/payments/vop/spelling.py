"""How one name is spelt differently: diacritics, other scripts, legal forms, slips of the hand."""

import re
import unicodedata
from typing import Final

CONNECTIVES: Final = frozenset(
    ["&", "and", "und", "et", "y", "e", "en", "oder", "or", "ou", "of", "i", "og", "och", "ja", "a"]
)
"""Words that join the names of people who hold an account together."""

_LETTERS: Final = str.maketrans(
    dict(zip("æœøłđðþıħŋ", ["ae", "oe", "o", "l", "d", "d", "th", "i", "h", "n"], strict=True))
    | dict(zip("абвгдезийклмнопрстуфхцчшщъьюя", ["a", "b", "v", "g", "d", "e", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "h", "ts", "ch", "sh", "sht", "a", "y", "yu", "ya"], strict=True))  # noqa: E501
    | {"ж": "zh"}
    | dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", ["a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "y", "f", "ch", "ps", "o"], strict=True))  # noqa: E501
)  # fmt: skip
_OF_LETTERS: Final = re.compile(r"\w{2,}")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})

_FORMS: Final = {
    "gesellschaft mit beschraenkter haftung": "gmbh",
    "gesellschaft mit beschrankter haftung": "gmbh",
    "mbh": "gmbh",
    "aktiengesellschaft": "ag",
    "limited": "ltd",
    "public limited company": "plc",
    "incorporated": "inc",
    "corporation": "corp",
    "besloten vennootschap": "bv",
    "naamloze vennootschap": "nv",
    "societe anonyme": "sa",
    "societe a responsabilite limitee": "sarl",
    "sociedad anonima": "sa",
    "sociedad limitada": "sl",
    "societa per azioni": "spa",
    "societa a responsabilita limitata": "srl",
    "osakeyhtio": "oy",
    "aktiebolag": "ab",
    "aktieselskab": "as",
    "eingetragener verein": "ev",
}
_SHORT_FORMS: Final = frozenset(_FORMS.values()) | frozenset(
    [
        "kg",
        "ohg",
        "ug",
        "se",
        "llc",
        "llp",
        "lp",
        "sas",
        "sasu",
        "eurl",
        "slu",
        "oyj",
        "aps",
        "asa",
        "kft",
        "doo",
        "dd",
        "ood",
        "eood",
        "sro",
        "spzoo",
    ]
)
_FORM_WORDS_MAX: Final = 5
_ONE_SLIP_MIN: Final = 5


def readings(name: str) -> set[str]:
    """The name in Latin letters without diacritics, as each custom writes it (ü as u, or as ue)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # One letter is an initial, however it is written.
    spelt_out = _OF_LETTERS.sub(lambda word: word[0].translate(_UMLAUTS), folded)
    return {_plain(folded), _plain(spelt_out)}


def words(reading: str, *, joined_initials: bool = False) -> list[str]:
    """The words of a reading; an apostrophe joins (O'Neill), a hyphen parts.

    Args:
        reading: one of `readings`.
        joined_initials: whether a full stop joins (B.V.) rather than parts (J.P. Smith).
    """
    for sign in "'’`´ʼ" + ("." if joined_initials else ""):  # noqa: RUF001
        reading = reading.replace(sign, "")
    return "".join(one if one.isalnum() else " " for one in reading).split()


def legal_form(name: list[str]) -> tuple[list[str], str]:
    """An organisation's name without its legal form at the end, and that form's short name."""
    for length in range(min(_FORM_WORDS_MAX, len(name) - 1), 0, -1):
        tail = " ".join(name[-length:])
        form = _FORMS.get(tail) or (tail if tail in _SHORT_FORMS else "")
        if form:
            return name[:-length], form
    return name, ""


def is_near(one: str, other: str) -> bool:
    """Whether one slip parts two words: a letter more, less, other, or two exchanged.

    Short words are never near: "Anna" and "Anne" are two people.
    """
    if one == other or min(len(one), len(other)) < _ONE_SLIP_MIN or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    exchanged = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return exchanged or a[1:] == b[1:] or a[1:] == b or a == b[1:]


def _plain(folded: str) -> str:
    apart = unicodedata.normalize("NFKD", folded)
    bare = "".join(one for one in apart if not unicodedata.combining(one))
    return bare.translate(_LETTERS)
