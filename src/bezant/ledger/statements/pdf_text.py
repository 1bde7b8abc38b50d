"""Texts and figures as a printed statement has them. Pure."""

import unicodedata
from collections.abc import Callable, Collection
from typing import Final

from bezant.kernel.money import format_units

MINUS: Final = "\u2212"
UNPRINTABLE: Final = "?"


def grouped(minor_units: int, scale: int) -> str:
    """Minor units for people: `grouped(123456789, 2) == "1,234,567.89"`."""
    whole, point, fraction = format_units(abs(minor_units), scale).partition(".")
    sign = MINUS if minor_units < 0 else ""
    return f"{sign}{int(whole):,}{point}{fraction}"


def printable(text: str, glyphs: Collection[int]) -> str:
    """The text in the characters that a font has: bare letters for accented ones that it lacks.

    `glyphs` are the code points of the font.
    """
    if (text.isascii() and text.isprintable()) or all(ord(each) in glyphs for each in text):
        return text
    return "".join(_character(each, glyphs) for each in unicodedata.normalize("NFC", text))


def wrapped(text: str, width: int, width_of: Callable[[str], int]) -> list[str]:
    """The text in lines no wider than `width`, broken at blanks, and within words that are wider.

    `width_of` is what a text takes; it grows with the text.
    """
    if width_of(text) <= width and "\n" not in text:
        return [text] if text.strip() else []
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width, width_of)
        lines += full
    return [*lines, line] if line else lines


def _broken(word: str, width: int, width_of: Callable[[str], int]) -> list[str]:
    """A word in pieces that fit; each has a character at least, however narrow the column."""
    pieces = []
    while word:
        fits = 1
        while fits < len(word) and width_of(word[: fits + 1]) <= width:
            fits += 1
        pieces.append(word[:fits])
        word = word[fits:]
    return pieces


def _character(character: str, glyphs: Collection[int]) -> str:
    if ord(character) in glyphs:
        return character
    if character.isspace():
        return " "
    bare = unicodedata.normalize("NFKD", character)[0]
    return bare if ord(bare) in glyphs else UNPRINTABLE
