"""Pulling elements out of a file of any size: bounded memory, no DTD, no entities, no network."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal, cast

from lxml import etree

from bezant.formats.camt053.errors import StatementError
from bezant.formats.camt053.kinds import KINDS
from bezant.formats.camt053.nodes import line_of

CHUNK_BYTES: Final = 1 << 16

ELEMENT_BYTES_MAX: Final = 32 << 20
"""The most that may be read without completing an entry or a statement: it bounds memory."""

WATCHED: Final = ("Document", "GrpHdr", "Ntry", *(each.group for each in KINDS.values()))

# What may stand before the root: byte order mark, XML declaration, blanks, comments, instructions.
_PROLOG: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml\s[^>]*?\?>)?(?:\s|<!--.*?-->|<\?.*?\?>)*", re.DOTALL
)
_ENCODING: Final = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
# Supersets of ASCII, so that the search for a DTD below sees what the parser will see. The standard
# asks for UTF-8; the others are what banks are known to send.
_ENCODINGS: Final = frozenset({
    "utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252",
})  # fmt: skip

Event = tuple[Literal["start", "end"], etree._Element]  # noqa: SLF001 - lxml names its type so


def pull(source: BinaryIO) -> Iterator[Event]:
    """Starts and ends of the watched elements, of any namespace, in document order.

    An element may be looked at until the next event is asked for; it is complete at `end` only.

    Raises:
        StatementError: not well-formed, cut off, with a document type, or an element beyond the
            limits of size and depth (libxml2's own, 256).
    """
    first = source.read(CHUNK_BYTES)
    _check_prolog(first)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in WATCHED],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    bytes_waiting = 0
    line = 1
    chunk = first
    try:
        while chunk:
            parser.feed(chunk)
            bytes_waiting += len(chunk)
            for event, element in _events(parser):
                bytes_waiting = 0
                line = line_of(element)
                yield event, element
            if bytes_waiting > ELEMENT_BYTES_MAX:
                raise StatementError(
                    line,
                    "Document",
                    f"More than {ELEMENT_BYTES_MAX >> 20} MiB follow without completing an entry.",
                )
            chunk = source.read(CHUNK_BYTES)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise StatementError(
            error.lineno or line, "Document", f"Not well-formed: {error.msg}"
        ) from None
    yield from _events(parser)


def _events(parser: etree.XMLPullParser) -> Iterator[Event]:
    # The stub gives every kind of event; ours are of two kinds, and both carry elements.
    return cast("Iterator[Event]", parser.read_events())


def forget(element: etree._Element) -> None:
    """Free an element whose `end` has been dealt with, and its elder sibling.

    The parser still holds the youngest child, so each is emptied now and unlinked by the next.
    """
    element.clear()
    elder = element.getprevious()
    parent = element.getparent()
    if elder is not None and parent is not None:
        parent.remove(elder)


def _check_prolog(first: bytes) -> None:
    """Refuse document types before a parser sees them: by them XML reads files and multiplies.

    Raises:
        StatementError: not XML in a known encoding, or it declares a document type.
    """
    encoding = _ENCODING.search(first)
    if encoding and encoding[1].decode().lower() not in _ENCODINGS:
        raise StatementError(1, "/", f"Encoding {encoding[1].decode()} is not read; send UTF-8.")
    prolog = _PROLOG.match(first)
    assert prolog is not None  # every part is optional
    rest = first[prolog.end() :]
    line = first.count(b"\n", 0, prolog.end()) + 1
    if not first.strip():
        raise StatementError(1, "/", "The file is empty.")
    if rest[:9].upper() == b"<!DOCTYPE":
        raise StatementError(line, "/", "A document type declaration (DTD) is not read.")
    if not re.match(rb"<[A-Za-z_]", rest):
        raise StatementError(line, "/", "It is not XML in UTF-8: no element starts here.")
