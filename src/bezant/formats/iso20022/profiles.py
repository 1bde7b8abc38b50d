"""What a scheme lets stand in a message, element by element, so that nothing is lost unseen.

An element is named by an attribute of the message that was read, or is kept as it came and written
back where it stood, or has one value that goes without saying. Whatever else the standard has room
for, the scheme has not: a message with it is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from bezant.formats.iso20022.errors import NotInProfile
from bezant.formats.iso20022.trees import Tree
from bezant.kernel.telemetry import Sensitive

_KEPT: Final = "*"
_ITEM: Final = "+"
_CURRENCY: Final = "Ccy"


_Rules = dict[str, "str | _Rules"]
"""By name: what an element is, or the rules of what is in it."""


@dataclass(frozen=True, slots=True, repr=False)
class Kept(Sensitive):
    """An element that no attribute names.

    Attributes:
        path: of its parent, below the element that was read; empty for that itself.
        position: among the elements of its parent, from 0.
        replaces: whether it stands where the scheme's usual value does.
    """

    path: str
    position: int
    tree: Tree
    replaces: bool = False


class Profile:
    """What may stand in an element.

    Args:
        text: a line for each element: its path, and then what it is:

            | | |
            |---|---|
            | nothing | named by an attribute, once |
            | `+` | named, as often as it stands |
            | `*` | kept |
            | `~A,B` | kept, if it is one of these |
            | `=A,B` | one of these; the first goes without saying, others are kept |
            | `!A,B` | named, if it is one of these; kept, if it is not |
    """

    def __init__(self, text: str) -> None:
        self._rules: _Rules = {}
        for line in text.split("\n"):
            path, _, rule = line.strip().partition(" ")
            if path:
                *parents, name = path.split("/")
                rules = self._rules
                for parent in parents:
                    inside = rules.setdefault(parent, {})
                    assert isinstance(inside, dict), path
                    rules = inside
                assert name not in rules, path
                rules[name] = rule

    def kept(self, element: etree._Element, prefix: str, path: str) -> tuple[Kept, ...]:
        """What an element holds that no attribute names.

        Args:
            element: that is read.
            prefix: of the message's names: `{namespace}`.
            path: of the element, for refusals.

        Raises:
            NotInProfile: it holds what the scheme has no place for.
        """
        return tuple(_Walk(prefix, path).through(element, self._rules, "")[0])


def put_back(element: etree._Element, prefix: str, kept: Iterable[Kept]) -> None:
    """Put what was kept where it stood, into an element that was written from its attributes."""
    for each in kept:
        parent = element
        for name in filter(None, each.path.split("/")):
            found = parent.find(f"{prefix}{name}")
            assert found is not None, "what is kept stands beside what is named"
            parent = found
        built = each.tree.put(parent, prefix[1:-1])
        if each.replaces:
            parent.remove(parent[each.position])
        parent.insert(each.position, built)


class _Walk:
    """One pass through an element."""

    def __init__(self, prefix: str, path: str) -> None:
        self._prefix = prefix
        self._length = len(prefix)
        self._path = path

    def through(
        self, element: etree._Element, rules: _Rules, place: str
    ) -> tuple[list[Kept], bool]:
        """What is kept of an element, and whether anything in it is named."""
        kept: list[Kept] = []
        names: set[str] = set()
        for position, child in enumerate(element):
            tag = child.tag
            name = tag[self._length :] if tag.startswith(self._prefix) else tag
            rule = rules.get(name)
            inside = f"{place}/{name}" if place else name
            if rule is None:
                raise NotInProfile(f"{self._path}/{inside}", "The scheme has no place for it.")
            if isinstance(rule, dict):
                more, is_named = self.through(child, rule, inside)
                is_kept = not is_named
                kept += more if is_named else ()
            else:
                is_named = self._is_named(rule, child, inside)
                is_kept = not is_named or self._is_other(rule, child)
            if is_kept:
                tree = Tree.of(child, self._prefix[1:-1])
                kept.append(Kept(place, position, tree, replaces=is_named))
            if is_named and rule != _ITEM:
                if name in names:
                    raise NotInProfile(f"{self._path}/{inside}", "It stands more than once.")
                names.add(name)
        return kept, bool(names)

    def _is_named(self, rule: str, child: etree._Element, place: str) -> bool:
        if not rule and not child.attrib:
            return True
        kind, values = rule[:1], rule[1:].split(",")
        is_listed = (child.text or "").strip() in values
        if kind in {"=", "~"} and not is_listed:
            raise NotInProfile(f"{self._path}/{place}", f"The scheme has {' or '.join(values)}.")
        if kind == "!":
            return is_listed
        if kind in {_KEPT, "~"}:
            return False
        if not set(child.attrib) <= {_CURRENCY}:
            raise NotInProfile(f"{self._path}/{place}", "It has an attribute.")
        return True

    @staticmethod
    def _is_other(rule: str, child: etree._Element) -> bool:
        """Whether it has a place, and is not what goes without saying."""
        if not rule.startswith("="):
            return False
        usual = rule[1:].split(",", maxsplit=1)[0]
        return (child.text or "").strip() != usual
