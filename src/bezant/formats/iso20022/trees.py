"""Elements kept as they came: so that what nobody looks at is not lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from lxml import etree

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.kernel.telemetry import Sensitive


@dataclass(frozen=True, slots=True, repr=False)
class Tree(Sensitive):
    """An element with all that it holds.

    Attributes:
        name: without a namespace where that is the message's; as `{namespace}name` elsewhere, and
            as `{}name` where it has none.
        text: of an element that holds no others; blanks between elements are not kept.
        attributes: names and values, in order.
    """

    name: str
    text: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple["Tree", ...]

    @classmethod
    def of(cls, element: etree._Element, namespace: str) -> "Tree":
        """The tree of an element that was read.

        Raises:
            InvalidMessage: it holds elements and text beside them, which the standard has nowhere.
        """
        children = tuple(cls.of(child, namespace) for child in element)
        head = cls.head(element, namespace)
        if not children:
            return cls(head.name, element.text or "", head.attributes, ())
        texts = (element.text, *(child.tail for child in element))
        if any(text and text.strip() for text in texts):
            raise InvalidMessage(head.name, "It holds text beside elements.")
        return cls(head.name, "", head.attributes, children)

    @classmethod
    def head(cls, element: etree._Element, namespace: str) -> "Tree":
        """An element's name and attributes, without what it holds."""
        return cls(
            # An element without a namespace of its own says so.
            _named(str(element.tag), namespace),
            "",
            tuple((str(name), str(value)) for name, value in element.attrib.items()),
            (),
        )

    def put(self, parent: etree._Element, namespace: str) -> etree._Element:
        """Write it as the last child of an element."""
        return self._filled(etree.SubElement(parent, self._tag(namespace)), namespace)

    def built(self, namespace: str) -> etree._Element:
        """Write it as an element of its own."""
        own = etree.QName(self._tag(namespace)).namespace
        # None stands for "without a prefix"; the stub knows of prefixes only.
        prefixes = cast("dict[str, str]", {None: own} if own else {})
        return self._filled(etree.Element(self._tag(namespace), nsmap=prefixes), namespace)

    def _tag(self, namespace: str) -> str:
        return self.name if self.name.startswith("{") else f"{{{namespace}}}{self.name}"

    def _filled(self, element: etree._Element, namespace: str) -> etree._Element:
        for name, value in self.attributes:
            element.set(name, value)
        element.text = self.text or None
        for child in self.children:
            child.put(element, namespace)
        return element

    def all(self, name: str) -> Iterator["Tree"]:
        """The children of a name, in order."""
        return (child for child in self.children if child.name == name)

    def find(self, names: str) -> "Tree | None":
        """The only element at a path such as `PmtId/EndToEndId`; None where there is none.

        Raises:
            InvalidMessage: there are several, so that no one of them is meant.
        """
        tree = self
        for name in names.split("/"):
            found = list(tree.all(name))
            if not found:
                return None
            if len(found) > 1:
                raise InvalidMessage(f"{self.name}/{names}", "It stands more than once.")
            tree = found[0]
        return tree

    def text_or_none(self, names: str) -> str | None:
        """The text at a path without blanks around it; None where there is none."""
        tree = self.find(names)
        return (tree.text.strip() or None) if tree is not None else None

    def value(self, names: str) -> str:
        """The text at a path that must be there.

        Raises:
            InvalidMessage: it is not.
        """
        text = self.text_or_none(names)
        if text is None:
            raise InvalidMessage(f"{self.name}/{names}", "It is missing.")
        return text


def _named(tag: str, namespace: str) -> str:
    if not tag.startswith("{"):
        return f"{{}}{tag}"
    return tag.removeprefix(f"{{{namespace}}}")
