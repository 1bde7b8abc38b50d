"""Dates and amounts of a CSV, as its mapping writes them."""

import re
from datetime import date
from typing import Final

from bezant.formats.iso4217 import scale_of
from bezant.formats.statement_csv.mapping import DATE_PARTS, CsvMapping

_CENTURY_FROM: Final = 80
_TWO_DIGITS: Final = 100
_PATTERNS: Final = {"YYYY": r"(?P<Y>[0-9]{4})", "YY": r"(?P<Y>[0-9]{2})"}
_DIGITS: Final = re.compile(r"[0-9]{1,30}")


class CellReader:
    """Reads the texts of cells.

    Args:
        mapping: how they are written.
    """

    def __init__(self, mapping: CsvMapping) -> None:
        self._decimal = mapping.decimal
        self._thousands = mapping.thousands
        self._scale = scale_of(mapping.currency)
        self._date = re.compile(_date_pattern(mapping.date_format))
        self._days: dict[str, date] = {}

    def day(self, text: str) -> date:
        """A date; what follows it, such as a time, has to be cut off by the bank.

        Raises:
            ValueError: none, or not of the declared form.
        """
        # A statement has few days and many lines.
        known = self._days.get(text)
        if known is None:
            known = self._days[text] = self._read_day(text)
        return known

    def _read_day(self, text: str) -> date:
        match = self._date.fullmatch(text)
        if match is None:
            raise ValueError("it is no date of the declared form")
        year = int(match["Y"])
        if year < _TWO_DIGITS:
            year += 1900 if year >= _CENTURY_FROM else 2000
        return date(year, int(match["M"]), int(match["D"]))

    def amount(self, text: str) -> int:
        """Signed minor units; a minus stands before or after, or the amount in brackets.

        Raises:
            ValueError: no amount, or with more places than the currency has.
        """
        digits, sign = _unsigned(text)
        if self._thousands:
            digits = digits.replace(self._thousands, "")
        whole, _, fraction = digits.partition(self._decimal)
        fraction = fraction.rstrip("0")
        if len(fraction) > self._scale:
            raise ValueError(f"it has more than {self._scale} decimal places")
        minor = whole + fraction.ljust(self._scale, "0")
        if not _DIGITS.fullmatch(minor) or not _DIGITS.fullmatch(whole):
            raise ValueError("it is no amount of the declared form")
        return sign * int(minor)


def _unsigned(text: str) -> tuple[str, int]:
    # Some banks send the typographer's minus, and blanks that do not break.
    text = text.replace("\u2212", "-").replace("\u00a0", " ").replace("\u202f", " ").strip()
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), -1
    if text.endswith("-"):
        return text[:-1].strip(), -1
    if text[:1] in {"-", "+"}:
        return text[1:].strip(), -1 if text[0] == "-" else 1
    return text, 1


def _date_pattern(form: str) -> str:
    parts = []
    at = 0
    for found in DATE_PARTS.finditer(form):
        parts += [
            re.escape(form[at : found.start()]),
            _PATTERNS.get(found[0], f"(?P<{found[0][0]}>[0-9]{{1,2}})"),
        ]
        at = found.end()
    return "".join((*parts, re.escape(form[at:])))
