"""Answers without what was sent: receivers echo requests, in errors above all."""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from bezant.vault.proxy.templates import Placeholder

_REDACTED: Final = "[redacted]"

# They identify nobody, and hiding every 12 of an answer would hide the answer.
_OPEN: Final = frozenset({"expiry_month", "expiry_year", "expiry_year_short", "sort_code"})
_MAIN: Final = frozenset({"", "number", "iban", "account_number", "text"})
_DIGITS_GROUPED_MIN: Final = 6
_WHOLE_WORDS_BELOW: Final = 6


def redact(text: str, sent: Mapping[Placeholder, str]) -> str:
    """The text with values in the place of which tokens were sent turned back into these."""
    hidden = [(place, value) for place, value in sent.items() if place.member not in _OPEN]
    # Longer ones first: a shorter one may be a part of them.
    for place, value in sorted(hidden, key=lambda each: -len(each[1])):
        # Tokens have no backslash, which is all that a replacement would take for more than text.
        text = _pattern(value).sub(place.token if place.member in _MAIN else _REDACTED, text)
    return text


def _pattern(value: str) -> re.Pattern[str]:
    if value.isdigit() and len(value) >= _DIGITS_GROUPED_MIN:
        # As people group digits, within longer numbers too.
        return re.compile(r"[ -]?".join(value))
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        quote_plus(value),
        escape(value, {'"': "&quot;", "'": "&apos;"}),
    }
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    if len(value) < _WHOLE_WORDS_BELOW:
        either = rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])"
    return re.compile(either, re.IGNORECASE)
