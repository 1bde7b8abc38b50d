"""From bytes to fields: `:61:` and what follows it up to the next tag. Bounded memory."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from msgspec import Struct

from bezant.formats.bank_statement import StatementUnreadable

LINE_BYTES_MAX: Final = 4_096
"""The standard has 65 characters; banks that write a whole text on one line have more."""

FIELD_LINES_MAX: Final = 200

_TAG: Final = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.DOTALL)
# Blocks that a SWIFT interface puts around the text: `{1:F01…}{2:…}{4:` before, `-}` after.
_HEADER: Final = re.compile(r"\{[1-5]:")
_ENDS: Final = frozenset({"-", "-}"})


class Field(Struct, frozen=True):
    """One field of a message.

    Attributes:
        at: the line of its tag, from 1.
        tag: such as `61`; empty for the end of a message.
        lines: its text, without the tag.
    """

    at: int
    tag: str
    lines: list[str]

    def refusal(self, reason: str) -> StatementUnreadable:
        """What is wrong with it."""
        return StatementUnreadable(self.at, f":{self.tag}:", reason)


def read_fields(source: BinaryIO) -> Iterator[Field]:
    """The fields of a file, and an empty one where a message ends.

    Raises:
        StatementUnreadable: a line or a field beyond the limits, or text before the first tag.
    """
    field: Field | None = None
    at = 0
    for at, text in enumerate(_lines(source), 1):
        content = _without_blocks(text)
        tag = _TAG.fullmatch(content)
        if tag is None and content.strip() not in _ENDS:
            field = _continue(field, at, content)
            continue
        if field is not None:
            yield field
        field = None
        if tag is None:
            yield Field(at, "", [])
        else:
            field = Field(at, tag[1], [tag[2]])
    if field is not None:
        yield field
    yield Field(at, "", [])


def _continue(field: Field | None, at: int, content: str) -> Field | None:
    if field is None:
        if content.strip():
            raise StatementUnreadable(at, "-", "Text stands outside of any tag; is this MT940?")
        return None
    if len(field.lines) >= FIELD_LINES_MAX:
        raise field.refusal(f"It has more than {FIELD_LINES_MAX} lines.")
    field.lines.append(content)
    return field


def _without_blocks(text: str) -> str:
    """The line without SWIFT's blocks around the message's text."""
    if not _HEADER.match(text):
        return text
    head, found, rest = text.partition("{4:")
    del head
    return rest if found else ""


def _lines(source: BinaryIO) -> Iterator[str]:
    at = 0
    while raw := source.readline(LINE_BYTES_MAX + 1):
        at += 1
        if len(raw) > LINE_BYTES_MAX:
            raise StatementUnreadable(at, "-", f"A line is longer than {LINE_BYTES_MAX} bytes.")
        if b"\0" in raw:
            raise StatementUnreadable(at, "-", "It holds a NUL, which no statement does.")
        yield _decoded(raw.rstrip(b"\r\n"))


def _decoded(raw: bytes) -> str:
    """UTF-8, else ISO 8859-1: the standard's own characters are the same in both."""
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")
