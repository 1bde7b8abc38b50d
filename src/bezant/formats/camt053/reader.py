"""Reading what a bank tells of accounts as a stream: statements and their entries."""

import re
from collections.abc import Collection, Iterator
from typing import BinaryIO, Final

from lxml import etree

from bezant.formats.camt053.errors import StatementError
from bezant.formats.camt053.kinds import KINDS, STATEMENT, Kind
from bezant.formats.camt053.model import Entry, MessageHeader, StatementHeader
from bezant.formats.camt053.nodes import Node, line_of, path_of
from bezant.formats.camt053.parts import EntryReader, message_header, statement_header
from bezant.formats.camt053.source import forget, pull

NAMESPACE_PREFIX: Final = "urn:iso:std:iso:20022:tech:xsd:"
VERSIONS: Final = range(2, 14)

_MESSAGE: Final = re.compile(r"(camt\.05[234])\.001\.([0-9]{2})")


def read_statements(
    source: BinaryIO, kinds: Collection[Kind] = (STATEMENT,)
) -> Iterator[StatementHeader | Entry]:
    """Each statement of a file, followed by its entries, in the file's order.

    Memory holds one entry at a time. What was yielded before an error is not to be relied on: a
    caller that writes reads the file to its end once before.

    Args:
        source: the file.
        kinds: that are expected. A report of a running day and a notification are read like a
            statement; whoever books them counts again what a statement has too.

    Raises:
        StatementError: not such a message of a known version, or not a sound one; see its
            attributes.
    """
    return _Reading(kinds).run(source)


class _Reading:
    """The state of one pass."""

    def __init__(self, kinds: Collection[Kind]) -> None:
        self._kinds = kinds
        self._kind = STATEMENT
        self._space = ""
        self._message: MessageHeader | None = None
        self._statement: etree._Element | None = None
        self._entries: EntryReader | None = None
        self._ordinal = 0
        self._count = 0

    def run(self, source: BinaryIO) -> Iterator[StatementHeader | Entry]:
        last_line = 1
        for event, element in pull(source):
            last_line = line_of(element)
            if not self._space:
                self._kind, self._space = _message(element, self._kinds)
            elif event == "end" and element.tag == f"{self._space}GrpHdr":
                self._read_message(element)
            elif element.tag == f"{self._space}{self._kind.group}":
                yield from self._start(element) if event == "start" else self._finish(element)
            elif event == "end" and element.tag == f"{self._space}Ntry":
                yield from self._entry(element)
        if not self._count:
            raise StatementError(
                last_line, "Document", f"It holds no statement (<{self._kind.group}>)."
            )

    def _read_message(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is not None and parent.tag == f"{self._space}{self._kind.body}":
            self._message = message_header(Node(element, self._space))

    def _start(self, element: etree._Element) -> Iterator[StatementHeader]:
        if self._message is None:
            raise StatementError(
                line_of(element), path_of(element), "It must follow the message's <GrpHdr>."
            )
        if self._statement is not None:
            reason = f"It is inside another <{self._kind.group}>."
            raise StatementError(line_of(element), path_of(element), reason)
        self._statement, self._entries, self._ordinal = element, None, 0
        self._count += 1
        return iter(())

    def _entry(self, element: etree._Element) -> Iterator[StatementHeader | Entry]:
        # Extensions (`SplmtryData`) hold elements of any name; an entry is its statement's child.
        if self._statement is None or element.getparent() is not self._statement:
            return
        if self._entries is None:
            header = self._header()
            self._entries = EntryReader(header.currency)
            yield header
        else:
            self._check_order(element.getprevious())
        self._ordinal += 1
        yield self._entries.read(Node(element, self._space), self._ordinal)
        forget(element)

    def _finish(self, element: etree._Element) -> Iterator[StatementHeader]:
        if self._entries is None:
            yield self._header()
        else:
            for child in reversed(element):
                if child.tag == f"{self._space}Ntry":
                    break
                if child.tag != f"{self._space}{self._kind.information}":
                    self._check_order(child)
        self._statement = None
        forget(element)

    def _header(self) -> StatementHeader:
        assert self._statement is not None
        assert self._message is not None
        return statement_header(Node(self._statement, self._space), self._message, self._kind)

    def _check_order(self, element: etree._Element | None) -> None:
        if element is not None and element.tag != f"{self._space}Ntry":
            raise StatementError(
                line_of(element), path_of(element), "It must stand before the first entry."
            )


def _message(document: etree._Element, kinds: Collection[Kind]) -> tuple[Kind, str]:
    """What a message is, and its namespace as `{…}`, once it is known to be one to read here."""
    name = etree.QName(document)
    message = (name.namespace or "").removeprefix(NAMESPACE_PREFIX)
    match = _MESSAGE.fullmatch(message)
    kind = None if match is None else KINDS[match[1]]
    if name.localname != "Document" or match is None or kind is None or kind not in kinds:
        expected = " or ".join(each.message for each in kinds)
        raise StatementError(
            line_of(document),
            name.localname,
            f"It is {message or 'no ISO 20022 message'}, not {expected}.",
        )
    if int(match[2]) not in VERSIONS:
        raise StatementError(
            line_of(document),
            name.localname,
            f"Version {message} is not read; versions 02 to {VERSIONS[-1]} are.",
        )
    return kind, f"{{{name.namespace}}}"
