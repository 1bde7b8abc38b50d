"""Messages whole: whatever they say is read, a part at a time, and written as it was.

What a message means is for others to say; here nothing of it is lost. Comments, processing
instructions, blanks between elements and prefixes of namespaces mean nothing, and are not kept.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from lxml import etree

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.trees import Tree
from bezant.kernel.telemetry import Sensitive

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a message repeats itself, so that it can be read a part at a time.

    Attributes:
        body: the element below the `Document`.
        group: of items, below the body; None where the body holds them.
        item: what there may be any number of.
    """

    body: str
    group: str | None
    item: str


SHAPES: Final[Mapping[str, Shape]] = {
    "camt.029": Shape("RsltnOfInvstgtn", "CxlDtls", "TxInfAndSts"),
    "camt.052": Shape("BkToCstmrAcctRpt", "Rpt", "Ntry"),
    "camt.053": Shape("BkToCstmrStmt", "Stmt", "Ntry"),
    "camt.054": Shape("BkToCstmrDbtCdtNtfctn", "Ntfctn", "Ntry"),
    "camt.056": Shape("FIToFIPmtCxlReq", "Undrlyg", "TxInf"),
    "pacs.002": Shape("FIToFIPmtStsRpt", None, "TxInfAndSts"),
    "pacs.003": Shape("FIToFICstmrDrctDbt", None, "DrctDbtTxInf"),
    "pacs.004": Shape("PmtRtr", None, "TxInf"),
    "pacs.007": Shape("FIToFIPmtRvsl", None, "TxInf"),
    "pacs.008": Shape("FIToFICstmrCdtTrf", None, "CdtTrfTxInf"),
    "pacs.009": Shape("FICdtTrf", None, "CdtTrfTxInf"),
    "pacs.028": Shape("FIToFIPmtStsReq", None, "TxInf"),
    "pain.001": Shape("CstmrCdtTrfInitn", "PmtInf", "CdtTrfTxInf"),
    "pain.002": Shape("CstmrPmtStsRpt", "OrgnlPmtInfAndSts", "TxInfAndSts"),
    "pain.008": Shape("CstmrDrctDbtInitn", "PmtInf", "DrctDbtTxInf"),
}
"""By the kind of message, of whatever version."""

_WATCHED: Final = sorted(
    {"Document"} | {name for each in SHAPES.values() for name in (each.body, each.item)}
    | {each.group for each in SHAPES.values() if each.group is not None}
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Opened(Sensitive):
    """An element begins whose children follow one by one: its tree has none yet.

    Attributes:
        namespace: of the message.
    """

    tree: Tree
    namespace: str

    @property
    def version(self) -> str:
        """Of the message, such as `pain.001.001.09`."""
        return self.namespace.removeprefix(NAMESPACE)


@dataclass(frozen=True, slots=True, repr=False)
class Held(Sensitive):
    """A child of the element that was opened last, with all that it holds."""

    tree: Tree


@dataclass(frozen=True, slots=True)
class Closed:
    """The element that was opened last ends."""


Part = Opened | Held | Closed


def read_whole(source: BinaryIO, versions: Collection[str] | None = None) -> Iterator[Part]:
    """The parts of a message, and of the envelope around it where there is one.

    Memory holds one item at a time. What was yielded before an error is not to be relied on.

    Args:
        source: of the message.
        versions: that are expected; None takes every version of the kinds in `SHAPES`.

    Raises:
        InvalidMessage: not well-formed, with a document type, or of another version.
    """
    context = etree.iterparse(
        source,
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in _WATCHED],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    reader = _Reader(versions)
    try:
        for event, element in context:
            yield from reader.read(str(event), element)
    except etree.XMLSyntaxError:
        # The parser's own words may quote the message.
        raise InvalidMessage("/", "It is not well-formed XML.") from None
    yield from reader.ended()


def write_whole(parts: Iterable[Part]) -> bytes:
    """Write the parts of a message, with its envelope.

    Raises:
        InvalidMessage: they are no whole message.
    """
    root: etree._Element | None = None
    opened: list[tuple[etree._Element, str]] = []
    for part in parts:
        match part:
            case Opened() if not opened:
                root = part.tree.built(part.namespace)
                opened.append((root, part.namespace))
            case Opened():
                opened.append((part.tree.put(opened[-1][0], part.namespace), part.namespace))
            case Held():
                part.tree.put(*opened[-1])
            case Closed():
                opened.pop()
    if root is None or opened:
        raise InvalidMessage("/", "It is cut off.")
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


class _Reader:
    """Makes parts of elements as they are complete, and lets go of them."""

    def __init__(self, versions: Collection[str] | None) -> None:
        self._versions = versions
        self._namespace = ""
        self._shape: Shape | None = None
        self._has_body = False
        # From the outermost one to the one whose children are being read.
        self._opened: list[etree._Element] = []
        # The parser still holds the youngest child, so that it is emptied and unlinked later.
        self._emptied: etree._Element | None = None

    def read(self, event: str, element: etree._Element) -> Iterator[Part]:
        if self._shape is None:
            yield from self._begin(element)
            return
        name, parent = self._name(element), element.getparent()
        if event == "start":
            if parent is self._opened[-1] and self._is_container(name):
                yield from self._before(element)
                yield self._open(element)
        elif element is self._opened[-1]:
            yield from self._children(element)
            yield self._close()
        elif parent is self._opened[-1] and name == self._shape.item:
            # The parser is ahead by a chunk: what comes after may be there already, in part.
            yield from self._before(element)
            yield from self._held(element)
            self._empty(element)

    def ended(self) -> Iterator[Part]:
        """What follows the document in its envelope."""
        if self._shape is None or not self._has_body:
            raise InvalidMessage("/", "It holds no message.")
        while self._opened:
            yield from self._children(self._opened[-1])
            yield self._close()

    def _begin(self, document: etree._Element) -> Iterator[Part]:
        name = etree.QName(document)
        if name.localname != "Document":
            raise InvalidMessage("/", "It is not a Document of ISO 20022.")
        if document.getroottree().docinfo.internalDTD is not None:
            raise InvalidMessage("/", "A document type declaration (DTD) is not read.")
        self._namespace = name.namespace or ""
        version = self._namespace.removeprefix(NAMESPACE)
        is_known = self._versions is None or version in self._versions
        if not (is_known and self._namespace.startswith(NAMESPACE) and version[:8] in SHAPES):
            known = " or ".join(sorted(self._versions or SHAPES))
            raise InvalidMessage("/", f"It is not a Document of {known}.")
        self._shape = SHAPES[version[:8]]
        for around in reversed(list(document.iterancestors())):
            yield from self._before(around)
            yield self._open(around)
        yield from self._before(document)
        yield self._open(document)

    def _is_container(self, name: str) -> bool:
        assert self._shape is not None
        inside = self._name(self._opened[-1])
        if inside == "Document":
            self._has_body = self._has_body or name == self._shape.body
            return name == self._shape.body
        return inside == self._shape.body and name == self._shape.group

    def _open(self, element: etree._Element) -> Opened:
        self._opened.append(element)
        return Opened(Tree.head(element, self._namespace), self._namespace)

    def _close(self) -> Closed:
        self._empty(self._opened.pop())
        return Closed()

    def _before(self, element: etree._Element) -> Iterator[Held]:
        """The complete children that stand before one that has just begun."""
        parent = element.getparent()
        if parent is not None:
            for elder in list(element.itersiblings(preceding=True))[::-1]:
                yield from self._held(elder)
                parent.remove(elder)

    def _children(self, parent: etree._Element) -> Iterator[Held]:
        """The children that are left of one that is complete."""
        for child in parent:
            yield from self._held(child)

    def _empty(self, element: etree._Element) -> None:
        element.clear()
        self._emptied = element

    def _held(self, child: etree._Element) -> Iterator[Held]:
        if child is not self._emptied:
            yield Held(Tree.of(child, self._namespace))

    def _name(self, element: etree._Element) -> str:
        return str(element.tag).removeprefix(f"{{{self._namespace}}}")
