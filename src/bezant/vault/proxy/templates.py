"""Bodies with placeholders: found, and filled so that no value changes what is around it.

A value is written in the way of the place where it stands. In JSON that is within a string, since
`{{` occurs nowhere else in valid JSON, so that filling the text keeps every other byte of it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from msgspec import UNSET

from bezant.vault.proxy.errors import TemplateRefused
from bezant.vault.proxy.schemas import ForwardBody

MEMBERS: Final = frozenset(
    {
        "number",
        "expiry_month",
        "expiry_year",
        "expiry_year_short",
        "holder",
        "cvc",
        "iban",
        "sort_code",
        "account_number",
        "text",
    }
)

PLACEHOLDERS_MAX: Final = 100

_PLACEHOLDER: Final = re.compile(r"\{\{ *(?P<name>[A-Za-z0-9._@+-]{1,150}) *\}\}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_QUOTES: Final = {'"': "&quot;", "'": "&apos;"}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place for a part of what a token stands for; its main part where `member` is empty."""

    token: str
    member: str


def placeholders_of(body: ForwardBody) -> list[Placeholder]:
    """The distinct placeholders of a body, in their order.

    Raises:
        TemplateRefused: something begins like one and is none, there are none, or too many.
    """
    found: dict[Placeholder, None] = {}
    for text in _texts(body):
        rest = _PLACEHOLDER.sub("", text)
        if "{{" in rest:
            raise TemplateRefused("A placeholder is {{ TOKEN }} or {{ TOKEN.member }}.")
        found |= dict.fromkeys(map(_read, _PLACEHOLDER.finditer(text)))
    if not 0 < len(found) <= PLACEHOLDERS_MAX:
        raise TemplateRefused(f"A body has 1 to {PLACEHOLDERS_MAX} placeholders.", field="body")
    return list(found)


def fill(body: ForwardBody, values: Mapping[Placeholder, str]) -> tuple[str, bytes]:
    """The content type and the bytes to send.

    Raises:
        TemplateRefused: a value has control characters, which a text of this type cannot escape.
    """
    if body.json is not UNSET:
        text = bytes(body.json).decode()
        return "application/json", _filled(text, values, _in_json).encode()
    if body.form is not UNSET:
        pairs = {name: _filled(text, values, str) for name, text in body.form.items()}
        return "application/x-www-form-urlencoded", urlencode(pairs).encode()
    assert body.text is not UNSET
    writes = _in_text if body.content_type == "text/plain" else _in_xml
    return f"{body.content_type}; charset=utf-8", _filled(body.text, values, writes).encode()


def _texts(body: ForwardBody) -> list[str]:
    if body.json is not UNSET:
        return [bytes(body.json).decode()]
    if body.form is not UNSET:
        if any("{{" in name for name in body.form):
            raise TemplateRefused("A form's names have no placeholders.", field="body.form")
        return list(body.form.values())
    assert body.text is not UNSET
    return [body.text]


def _read(match: re.Match[str]) -> Placeholder:
    token, dot, member = match["name"].rpartition(".")
    return (
        Placeholder(token, member) if dot and member in MEMBERS else Placeholder(match["name"], "")
    )


def _filled(text: str, values: Mapping[Placeholder, str], write: Callable[[str], str]) -> str:
    return _PLACEHOLDER.sub(lambda match: write(values[_read(match)]), text)


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _in_xml(value: str) -> str:
    return escape(_in_text(value), _QUOTES)


def _in_text(value: str) -> str:
    if _CONTROL.search(value):
        raise TemplateRefused("A value has control characters: send it as JSON or as a form.")
    return value
