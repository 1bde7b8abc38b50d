"""Elements as the standard means them: named children that occur once or often, and typed text."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

from lxml import etree

from bezant.formats.camt053.errors import StatementError
from bezant.formats.camt053.model import Amount, Direction
from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.kernel.money import parse_units

# xs:decimal without a sign, of at most 18 digits (`ActiveOrHistoricCurrencyAndAmount`).
_DECIMAL: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{0,17})?|\.[0-9]{1,17}")
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class Node:
    """An element and its children of the same namespace; extensions are passed over."""

    __slots__ = ("_by_name", "_element", "_space")

    def __init__(self, element: etree._Element, space: str) -> None:
        self._element = element
        self._space = space
        self._by_name: dict[str, list[etree._Element]] | None = None

    @property
    def _children(self) -> dict[str, list[etree._Element]]:
        """The children by name, found when first asked for: most elements hold text only."""
        if self._by_name is None:
            self._by_name = {}
            start = len(self._space)
            for child in self._element:
                tag = child.tag
                if tag.startswith(self._space):
                    self._by_name.setdefault(tag[start:], []).append(child)
        return self._by_name

    @property
    def line(self) -> int:
        """Where the element starts."""
        return line_of(self._element)

    def refusal(self, reason: str) -> StatementError:
        """The error that refuses the file because of this element."""
        return StatementError(self.line, path_of(self._element), reason)

    def many(self, name: str) -> Iterator["Node"]:
        """The children of a name."""
        for child in self._children.get(name, ()):
            yield Node(child, self._space)

    def optional(self, name: str) -> "Node | None":
        """The only child of a name, or None.

        Raises:
            StatementError: there are two.
        """
        found = self._children.get(name)
        if found is None:
            return None
        if len(found) > 1:
            raise StatementError(line_of(found[1]), path_of(found[1]), "It may occur only once.")
        return Node(found[0], self._space)

    def one(self, name: str) -> "Node":
        """The only child of a name.

        Raises:
            StatementError: there is none, or there are two.
        """
        child = self.optional(name)
        if child is None:
            raise self.refusal(f"It has no <{name}>.")
        return child

    def down(self, *names: str) -> "Node | None":
        """The child reached by names, or None where one of them is absent."""
        node: Node | None = self
        for name in names:
            if node is None:
                return None
            node = node.optional(name)
        return node

    def leaves(self) -> Iterator[tuple[str, str]]:
        """The children that hold text, as (name, text)."""
        for name, elements in self._children.items():
            for element in elements:
                if len(element) == 0 and element.text and (text := element.text.strip()):
                    yield name, text

    def text(self) -> str:
        """The element's text, not empty.

        Raises:
            StatementError: empty, or it holds elements.
        """
        text = (self._element.text or "").strip()
        if len(self._element) or not text:
            raise self.refusal("It must hold text.")
        return text

    def text_of(self, *names: str) -> str:
        """The text of the descendant reached by names; empty when it is absent."""
        node = self.down(*names)
        return "" if node is None else node.text()

    def choice(self, kind: type[ChoiceT]) -> ChoiceT:
        """The text as one of a code list."""
        try:
            return kind(self.text())
        except ValueError:
            listed = ", ".join(member.value for member in kind)
            raise self.refusal(f"It must be one of {listed}.") from None

    def direction(self) -> Direction:
        """The text as `CRDT` or `DBIT`."""
        return self.choice(Direction)

    def boolean(self) -> bool:
        """The text as xs:boolean."""
        value = _BOOLEANS.get(self.text())
        if value is None:
            raise self.refusal("It must be true or false.")
        return value

    def integer(self) -> int:
        """The text as a count, of at most 15 digits (`Max15NumericText`)."""
        text = self.text()
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise self.refusal("It must be a number of at most 15 digits.")
        return int(text)

    def decimal(self, currency: str) -> int:
        """The text as minor units of a currency.

        Raises:
            StatementError: not an unsigned decimal of at most 18 digits, or too fine.
        """
        text = self.text()
        if not _DECIMAL.fullmatch(text):
            raise self.refusal("It must be an unsigned decimal of at most 18 digits.")
        scale = scale_of(currency)
        try:
            return parse_units(f"0{text}", scale)
        except ValueError:
            raise self.refusal(
                f"{currency} has {scale} fraction digits; the amount is finer."
            ) from None

    def amount(self) -> Amount:
        """The text as minor units of the currency in the attribute `Ccy`."""
        currency = self._element.get("Ccy", "")
        if not is_currency_code(currency):
            raise self.refusal("Its attribute Ccy must be an ISO 4217 code.")
        return Amount(self.decimal(currency), currency)

    def day(self) -> tuple[date, datetime | None]:
        """`Dt` or `DtTm`: the day as the bank writes it, and the instant where it gives one."""
        instant = self.optional("DtTm")
        if instant is None:
            return self.one("Dt").date(), None
        at = instant.instant()
        return at.date(), at

    def date(self) -> date:
        """The text as xs:date. A time zone changes nothing: the bank means its own day."""
        match = _DATE.fullmatch(self.text())
        try:
            return date.fromisoformat(match[1] if match else "")
        except ValueError:
            raise self.refusal("It must be a date such as 2026-01-31.") from None

    def instant(self) -> datetime:
        """The text as xs:dateTime."""
        text = self.text()
        try:
            return datetime.fromisoformat(text if "T" in text else "")
        except ValueError:
            raise self.refusal(
                "It must be a date and time such as 2026-01-31T12:00:00+01:00."
            ) from None


def line_of(element: etree._Element) -> int:
    """The line on which an element starts."""
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stub says `...`
    return line or 1


def path_of(element: etree._Element) -> str:
    """The names from the root down to an element."""
    ancestors = [etree.QName(parent).localname for parent in element.iterancestors()]
    return "/".join([*reversed(ancestors), etree.QName(element).localname])
