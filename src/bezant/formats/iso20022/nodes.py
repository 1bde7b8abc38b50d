"""Elements of one namespace: parsed safely, read strictly, built in order."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Final, cast

from lxml import etree

from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.profiles import Kept, Profile, put_back
from bezant.kernel.money import format_units, parse_units

MESSAGE_BYTES_MAX: Final = 4 << 20
"""The largest message that is read whole: a bulk of a scheme is split before it grows to this."""

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
# The standard writes amounts without sign or exponent, 18 digits of which 5 follow the point.
_AMOUNT: Final = re.compile(r"(?=[0-9.]{1,19}\Z)[0-9]+(?:\.[0-9]{1,5})?")
_DIGITS_MAX: Final = 18
_COUNT: Final = re.compile(r"[0-9]{1,15}")


class Node:
    """An element being read; it knows its path, so that a refusal can name it."""

    __slots__ = ("_element", "_prefix", "path")

    def __init__(self, element: etree._Element, prefix: str, path: str) -> None:
        self._element = element
        self._prefix = prefix
        self.path = path

    def all(self, name: str) -> Iterator["Node"]:
        """The children of a name, in order."""
        path = f"{self.path}/{name}"
        for child in self._element.iterchildren(f"{self._prefix}{name}"):
            yield Node(child, self._prefix, path)

    def find(self, names: str) -> "Node | None":
        """The only element at a path such as `PmtId/EndToEndId`; None where there is none.

        Raises:
            InvalidMessage: there are several, so that no one of them is meant.
        """
        node = self
        for name in names.split("/"):
            found = list(node.all(name))
            if not found:
                return None
            if len(found) > 1:
                raise InvalidMessage(found[0].path, "It stands more than once.")
            node = found[0]
        return node

    def one(self, names: str) -> "Node":
        """The only element at a path.

        Raises:
            InvalidMessage: there is none, or there are several.
        """
        node = self.find(names)
        if node is None:
            raise InvalidMessage(f"{self.path}/{names}", "It is missing.")
        return node

    def value(self) -> str:
        """The element's text without blanks around it.

        Raises:
            InvalidMessage: it is empty, or holds other elements.
        """
        text = (self._element.text or "").strip()
        if not text or len(self._element):
            raise InvalidMessage(self.path, "It holds no text.")
        return text

    def text(self, names: str) -> str:
        """The text at a path that must be there."""
        return self.one(names).value()

    def text_or_none(self, names: str) -> str | None:
        """The text at a path; None where the element is absent."""
        node = self.find(names)
        return None if node is None else node.value()

    def kept(self, profile: Profile) -> tuple[Kept, ...]:
        """What it holds that no attribute names.

        Raises:
            NotInProfile: it holds what the scheme has no place for.
        """
        return profile.kept(self._element, self._prefix, self.path)

    def flag(self, names: str) -> bool:
        """Whether a path says true; absent, it does not.

        Raises:
            InvalidMessage: it says neither.
        """
        text = self.text_or_none(names)
        if text not in {None, "true", "1", "false", "0"}:
            raise InvalidMessage(f"{self.path}/{names}", "It is neither true nor false.")
        return text in {"true", "1"}

    def count(self, names: str) -> int:
        """A number of things.

        Raises:
            InvalidMessage: it is none, or has more than 15 digits.
        """
        text = self.text(names)
        if not _COUNT.fullmatch(text):
            raise InvalidMessage(f"{self.path}/{names}", "It is not a number.")
        return int(text)

    def money(self, names: str) -> tuple[int, str]:
        """An amount in minor units, and its currency.

        Raises:
            InvalidMessage: not an amount of that currency.
        """
        node = self.one(names)
        # As the standard's name of the attribute, it belongs to no namespace.
        currency = node._element.get("Ccy", "")  # noqa: SLF001 - of the same class
        text = node.value()
        if not is_currency_code(currency):
            raise InvalidMessage(node.path, "Its currency is not a code of three letters.")
        if not _AMOUNT.fullmatch(text) or len(text.replace(".", "")) > _DIGITS_MAX:
            raise InvalidMessage(node.path, "It is not an amount.")
        try:
            return parse_units(text, scale_of(currency)), currency
        except ValueError:
            reason = "It has more fraction digits than its currency."
            raise InvalidMessage(node.path, reason) from None

    def date(self, names: str) -> date:
        """A date of the calendar.

        Raises:
            InvalidMessage: it is none.
        """
        node = self.one(names)
        try:
            return date.fromisoformat(node.value())
        except ValueError:
            raise InvalidMessage(node.path, "It is not a date.") from None

    def instant(self, names: str) -> datetime:
        """An instant in UTC. One without a zone is taken as UTC: the standard leaves it open.

        Raises:
            InvalidMessage: it is none.
        """
        node = self.one(names)
        try:
            at = datetime.fromisoformat(node.value())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidMessage(node.path, "It is not a date with a time.") from None


def read_root(message: bytes, version: str, body: str) -> Node:
    """Parse a message of one version, without document types, entities or network.

    Raises:
        InvalidMessage: too large, not well-formed, or another message.
    """
    root = _parsed(message)
    prefix = f"{{{_NAMESPACE}{version}}}"
    if root.tag != f"{prefix}Document":
        raise InvalidMessage("/", f"It is not a Document of {version}.")
    return Node(root, prefix, "Document").one(body)


def version_of(message: bytes) -> str:
    """What a message says it is, such as `pacs.008.001.08`.

    Raises:
        InvalidMessage: too large, not well-formed, or no message of the standard.
    """
    name = etree.QName(_parsed(message))
    if name.localname != "Document" or not (name.namespace or "").startswith(_NAMESPACE):
        raise InvalidMessage("/", "It is not a Document of ISO 20022.")
    assert name.namespace is not None
    return name.namespace.removeprefix(_NAMESPACE)


def _parsed(message: bytes) -> etree._Element:
    if len(message) > MESSAGE_BYTES_MAX:
        raise InvalidMessage("/", f"It is larger than {MESSAGE_BYTES_MAX >> 20} MiB.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError:
        # The parser's own words may quote the message.
        raise InvalidMessage("/", "It is not well-formed XML.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidMessage("/", "A document type declaration (DTD) is not read.")
    return root


class Built:
    """An element being written. Children come in the schema's order; absent ones are left out."""

    __slots__ = ("_element", "_prefix")

    def __init__(self, element: etree._Element, prefix: str) -> None:
        self._element = element
        self._prefix = prefix

    def add(self, names: str, text: str | None = None) -> "Built":
        """Add the elements of a path, and a text to the last of them.

        Raises:
            InvalidMessage: the text holds characters that XML has no form for.
        """
        element = self._element
        for name in names.split("/"):
            element = etree.SubElement(element, f"{self._prefix}{name}")
        try:
            element.text = text
        except ValueError:
            raise InvalidMessage(names, "It holds characters that XML cannot carry.") from None
        return Built(element, self._prefix)

    def maybe(self, names: str, text: str | None) -> None:
        """Add a path with its text, or nothing where there is no text."""
        if text is not None:
            self.add(names, text)

    def put_back(self, kept: Iterable[Kept]) -> None:
        """Put what was kept of a message where it stood, when all else is written."""
        put_back(self._element, self._prefix, kept)

    def money(self, name: str, minor_units: int, currency: str) -> None:
        """Add an amount with its currency."""
        built = self.add(name, format_units(minor_units, scale_of(currency)))
        built._element.set("Ccy", currency)  # noqa: SLF001 - of the same class

    def encoded(self) -> bytes:
        """The whole document in UTF-8."""
        tree = self._element.getroottree()
        return etree.tostring(tree, encoding="UTF-8", xml_declaration=True)


def new_root(version: str) -> Built:
    """The Document of a version, to which a body is added."""
    namespace = f"{_NAMESPACE}{version}"
    # None stands for "without a prefix"; the stub knows of prefixes only.
    namespaces = cast("dict[str, str]", {None: namespace})
    root = etree.Element(f"{{{namespace}}}Document", nsmap=namespaces)
    return Built(root, f"{{{namespace}}}")


def written(at: datetime) -> str:
    """An instant as it stands in messages: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
