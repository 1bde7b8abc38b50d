"""The languages of the pages: which one a browser gets, and its messages.

A message is plain text with `{names}` in it. What is put in is escaped, unless it is markup of
ours.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

_CATALOGUES: Final = Path(__file__).parent / "catalogues"
_RANGES_MAX: Final = 20
_RANGE: Final = re.compile(r"([a-z]{1,8})(?:-[a-z0-9-]*)?(?:;q=([01](?:\.[0-9]{0,3})?))?", re.ASCII)


class Language(StrEnum):
    """A language, as BCP 47 calls it."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    PORTUGUESE = "pt"


def language_of(locales: Iterable[str], accept_language: str) -> Language:
    """The first that we have of what a client asked for, else of what the browser prefers.

    Args:
        locales: `ui_locales`, best first (OpenID Connect Core, section 3.1.2.1).
        accept_language: the header (RFC 9110, section 12.5.4). Regions make no difference here.
    """
    known = {language.value: language for language in Language}
    for tag in (*(each.lower().partition("-")[0] for each in locales), *_ranked(accept_language)):
        if tag in known:
            return known[tag]
    return Language.ENGLISH


def _ranked(accept_language: str) -> list[str]:
    ranges = accept_language.lower().replace(" ", "").split(",")[:_RANGES_MAX]
    found = [match for each in ranges if (match := _RANGE.fullmatch(each))]
    # As text, since weights have at most three decimals; a stable sort keeps equals in order.
    weighted = [(f"{match[2] or '1':.5}".ljust(5, "0"), match[1]) for match in found]
    return [
        tag
        for weight, tag in sorted(weighted, key=lambda each: each[0], reverse=True)
        if weight.strip("0.")
    ]


class Catalogue:
    """One language's messages."""

    def __init__(self, language: Language, messages: Mapping[str, str]) -> None:
        self.language = language
        self.messages = messages

    def has(self, key: str) -> bool:
        """Whether there is such a message."""
        return key in self.messages

    def say(self, key: str, **values: Any) -> Markup:  # noqa: ANN401 - whatever has a text
        """A message with values put in, ready for a page."""
        return escape(self.messages[key]).format(**values)

    def date(self, at: datetime) -> Markup:
        """An instant for people, and for machines."""
        at = at.astimezone(UTC)
        text = self.messages["date.written"].format(
            day=at.day,
            month=self.messages["date.months"].split()[at.month - 1],
            year=at.year,
            time=f"{at:%H:%M} UTC",
        )
        return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%MZ}", text)


@cache
def catalogue(language: Language) -> Catalogue:
    """The messages that ship with the package."""
    tables = tomllib.loads((_CATALOGUES / f"{language}.toml").read_text(encoding="utf-8"))
    return Catalogue(language, dict(_flat("", tables)))


def _flat(above: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield above + name, value
        else:
            yield from _flat(f"{above}{name}.", value)
