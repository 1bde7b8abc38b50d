"""Which items a rule is for, and by which key they agree. Linear in the text, whatever the rule."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from bezant.ledger.reconciliation.domain import Fields, Item
from bezant.ledger.reconciliation.rules import EntryCondition, LineCondition, Rule

Key = tuple[str, ...]

WORDS_MAX: Final = 200

_WORD: Final = re.compile(r"[^\s,;:()\[\]\"'?+=]+")


def plain(text: str) -> str:
    """A text as it is compared: banks send references in capitals, with blanks, or without."""
    return "".join(text.split()).upper()


def fits(text: str, pattern: str) -> bool:
    """Whether a text is of a pattern: `*` any text, `?` a character, `#` a digit.

    The last star is the only place ever returned to, so there is nothing exponential to run into:
    at most `len(text) * len(pattern)` steps.
    """
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        sign = pattern[place] if place < len(pattern) else ""
        if sign == "*":
            star, resume = place, at
            place += 1
        elif sign and (sign in {"?", text[at]} or (sign == "#" and text[at].isdigit())):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "equals": lambda text, value: text == value,
    "prefix": lambda text, value: text.startswith(value),
    "contains": lambda text, value: value in text,
    "pattern": fits,
}


class Selection:
    """The items of both sides that a rule may match, by the key on which they agree.

    Args:
        rule: the rule.
        fields: the order of the items' texts.
    """

    def __init__(self, rule: Rule, fields: Fields) -> None:
        self._line_tests = _tests(rule.line, fields.line)
        self._entry_tests = _tests(rule.entry, fields.entry)
        self._agreed = [
            (fields.line.index(each.line), fields.entry.index(each.entry), each.how == "mentions")
            for each in rule.agree
        ]
        self.agreed = tuple(f"{each.line}={each.entry}" for each in rule.agree)

    def keying(self) -> "Keying":
        """Where the items of one look at both sides get their keys."""
        return Keying(self)

    def entry_key(self, entry: Item) -> Key | None:
        """An entry's key, `()` without agreements; None where the rule is not for it."""
        if not _passes(entry, self._entry_tests):
            return None
        key = tuple(plain(entry.texts[at]) for _, at, _ in self._agreed)
        return key if all(key) else None

    def line_key(self, line: Item, known: "Known") -> Key | None:
        """A line's key among those of entries.

        None where the rule is not for it, a field is empty, or it mentions none or several.
        """
        if not _passes(line, self._line_tests):
            return None
        key = []
        for (at, _, is_mentioned), texts in zip(self._agreed, known, strict=True):
            text = line.texts[at]
            found = _mentioned(text, texts) if is_mentioned else plain(text)
            if found not in texts:
                return None
            key.append(found)
        return tuple(key)


Known = list[set[str]]


class Keying:
    """Gives entries their keys, and then lines those that entries have. One item at a time."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._known: Known = [set() for _ in selection.agreed]

    def entries(self, entries: Iterable[Item]) -> Iterator[tuple[Key, Item]]:
        """Entries with a key; to be read to the end before any line."""
        for entry in entries:
            key = self._selection.entry_key(entry)
            if key is not None:
                for texts, text in zip(self._known, key, strict=True):
                    texts.add(text)
                yield key, entry

    def lines(self, lines: Iterable[Item]) -> Iterator[tuple[Key, Item]]:
        """Lines whose key an entry may have."""
        for line in lines:
            key = self._selection.line_key(line, self._known)
            if key is not None:
                yield key, line


def _mentioned(text: str, known: set[str]) -> str:
    """The one known text that is a word of the line's; of several none is."""
    words = {match[0].upper() for match, _ in zip(_WORD.finditer(text), range(WORDS_MAX))}  # noqa: B905 - the shorter ends it
    trimmed = {word.strip(".-/") for word in words}
    found = (words | trimmed) & known
    return found.pop() if len(found) == 1 else ""


Tests = list[tuple[int, Callable[[str, str], bool], str]]


def _tests(conditions: Iterable[LineCondition | EntryCondition], fields: tuple[str, ...]) -> Tests:
    return [
        (fields.index(each.field), _TESTS[each.test], each.value.strip().upper())
        for each in conditions
    ]


def _passes(item: Item, tests: Tests) -> bool:
    return all(test(item.texts[at].strip().upper(), value) for at, test, value in tests)
