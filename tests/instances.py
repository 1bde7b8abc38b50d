"""Messages of the standard, made from its schemas: every optional element, every choice.

The schemas of ISO 20022 are of one plain shape: sequences and choices of elements of named types,
and simple types with facets. Whatever else one holds is an error here.
"""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
INSTANCES_MAX = 60

# One text for each pattern that the schemas have; they are few, and each says what it is of.
PATTERNS = {
    "[A-Z]{3,3}": "EUR",
    "[A-Z0-9]{4,4}[A-Z]{2,2}[A-Z0-9]{2,2}([A-Z0-9]{3,3}){0,1}": "COBADEFFXXX",
    "[A-Z]{6,6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3,3}){0,1}": "COBADEFFXXX",
    "[A-Z]{2,2}": "DE",
    "[a-z]{2,2}": "de",
    "[0-9]": "7",
    "[0-9]{2}": "77",
    "[0-9]{3}": "777",
    "[0-9]{1,3}": "12",
    "[0-9]{1,5}": "1",
    "[0-9]{2,3}": "12",
    "[0-9]{3,4}": "1234",
    "[0-9]{8,28}": "123456789",
    "[0-9]{1,15}": "1",
    "[\\+]{0,1}[0-9]{1,15}": "+3",
    "[+]{0,1}[0-9]{1,15}": "+3",
    "[a-zA-Z0-9]{4}": "aB1c",
    "[A-Z]{2,2}[0-9]{2,2}[a-zA-Z0-9]{1,30}": "DE89370400440532013000",
    "[A-Z0-9]{18,18}[0-9]{2,2}": "529900T8BM49AURSDO55",
    "\\+[0-9]{1,3}-[0-9()+\\-]{1,30}": "+49-69123456",
    "[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}": (
        "eb6305c9-1f7f-49de-aed0-16487c27b42d"
    ),
    "[A-Z]{2,2}[A-Z0-9]{9,9}[0-9]{1,1}": "US0378331005",
    "[A-Z0-9]{12,12}": "US0378331005",
}
BASES = {
    "xs:date": "2026-03-02",
    "xs:dateTime": "2026-03-02T09:30:15.250Z",
    "xs:time": "09:30:15",
    "xs:gYear": "2026",
    "xs:gYearMonth": "2026-03",
    "xs:boolean": "true",
    "xs:base64Binary": "QUJD",
}


@dataclass
class Schema:
    """A schema, and what was made from it.

    Attributes:
        version: such as `pacs.008.001.08`.
        covered: how often each branch of each choice was taken, by the element that has it.
        branches: how many each has.
    """

    version: str
    types: dict[str, etree._Element]
    xsd: etree.XMLSchema
    covered: Counter[tuple[str, int]] = field(default_factory=Counter)
    branches: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, vectors: Path, version: str) -> "Schema":
        tree = etree.parse(vectors / f"payments/iso20022/xsd/{version}.xsd")
        root = tree.getroot()
        named = {each.get("name", ""): each for each in root if each.tag != f"{XS}element"}
        return cls(version, named, etree.XMLSchema(tree))

    @property
    def namespace(self) -> str:
        return f"urn:iso:std:iso:20022:tech:xsd:{self.version}"

    def instances(self) -> list[etree._Element]:
        """So many whole messages that every branch of every choice stands in one of them."""
        made: list[etree._Element] = []
        while not made or self.uncovered():
            assert len(made) < INSTANCES_MAX, self.uncovered()
            document = self.element("Document", "Document", "Document")
            self.xsd.assertValid(document)
            made.append(document)
        return made

    def uncovered(self) -> list[tuple[str, int]]:
        return [
            (path, branch)
            for path, count in self.branches.items()
            for branch in range(count)
            if not self.covered[path, branch]
        ]

    def element(self, name: str, type_: str, path: str, *, is_full: bool = True) -> etree._Element:
        """An element of a type, with every optional one in it, or none."""
        namespaces = {None: self.namespace}
        built = etree.Element(f"{{{self.namespace}}}{name}", nsmap=namespaces)  # type: ignore[arg-type]  # lxml's own way
        definition = self.types[type_]
        if definition.tag == f"{XS}simpleType":
            built.text = self._text(definition)
            return built
        extension = definition.find(f"{XS}simpleContent/{XS}extension")
        if extension is not None:
            base = extension.get("base", "")
            built.text = BASES.get(base) or self._text(self.types[base])
            for attribute in extension.iterfind(f"{XS}attribute"):
                built.set(
                    attribute.get("name", ""), self._text(self.types[attribute.get("type", "")])
                )
            return built
        [group] = [each for each in definition if each.tag in {f"{XS}sequence", f"{XS}choice"}]
        self._fill(built, group, path, is_full=is_full)
        return built

    def additions(self, document: etree._Element) -> Iterator[tuple[str, etree._Element]]:
        """The same message with one more optional element, for each that it could have."""
        yield from self._additions(document, document, "Document", "Document")

    def _fill(
        self, built: etree._Element, group: etree._Element, path: str, *, is_full: bool
    ) -> None:
        parts = list(group)
        if group.tag == f"{XS}choice":
            parts = [parts[self._branch(path, len(parts))]]
        for part in parts:
            if part.tag == f"{XS}any":
                etree.SubElement(built, "{urn:else}Extension").text = "more"
            elif part.tag == f"{XS}choice":
                self._fill(built, part, f"{path}|", is_full=is_full)
            elif is_full or part.get("minOccurs") != "0" or group.tag == f"{XS}choice":
                assert part.tag == f"{XS}element", part.tag
                name = part.get("name", "")
                deeper = f"{path}/{name}"
                built.append(self.element(name, part.get("type", ""), deeper, is_full=is_full))

    def _branch(self, path: str, count: int) -> int:
        """The branch that was taken least."""
        self.branches[path] = count
        branch = min(range(count), key=lambda each: self.covered[path, each])
        self.covered[path, branch] += 1
        return branch

    def _text(self, simple: etree._Element) -> str:
        restriction = simple.find(f"{XS}restriction")
        assert restriction is not None
        base = restriction.get("base", "")
        facets = {str(each.tag).removeprefix(XS): each.get("value", "") for each in restriction}
        if "enumeration" in facets:
            return restriction[0].get("value", "")
        if "pattern" in facets:
            return PATTERNS[facets["pattern"]]
        if base == "xs:decimal":
            fraction = int(facets.get("fractionDigits", "0"))
            return "1.25" if fraction > 1 else "1"
        if base == "xs:string":
            longest = int(facets.get("maxLength", facets.get("length", "9")))
            return ("ABCD" if longest < 8 else "Text <&> é")[:longest]
        return BASES[base]

    def _additions(
        self, document: etree._Element, at: etree._Element, type_: str, path: str
    ) -> Iterator[tuple[str, etree._Element]]:
        definition = self.types[type_]
        sequence = definition.find(f"{XS}sequence")
        group = sequence if sequence is not None else definition.find(f"{XS}choice")
        if group is None:
            return
        before = 0
        for part in group.iterfind(f"{XS}element"):
            name, deeper = part.get("name", ""), f"{path}/{part.get('name', '')}"
            found = at.findall(f"{{{self.namespace}}}{name}")
            for each in found:
                yield from self._additions(document, each, part.get("type", ""), deeper)
            if not found and sequence is not None:
                for is_full in (False, True):
                    yield deeper, self._with(document, at, before, part, deeper, is_full=is_full)
            before += len(found)

    def _with(
        self,
        document: etree._Element,
        at: etree._Element,
        position: int,
        part: etree._Element,
        path: str,
        *,
        is_full: bool,
    ) -> etree._Element:
        place = document.getroottree().getelementpath(at)
        copy = deepcopy(document)
        parent = copy if at is document else copy.find(place)
        assert parent is not None
        name, type_ = part.get("name", ""), part.get("type", "")
        parent.insert(position, self.element(name, type_, path, is_full=is_full))
        return copy
