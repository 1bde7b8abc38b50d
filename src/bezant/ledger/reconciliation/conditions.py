"""Which items a rule is for, and by which key they agree. Linear in the text, whatever the rule."""

import re
from collections.abc import Callable, Iterable
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

    def keyed(
        self, lines: Iterable[Item], entries: Iterable[Item]
    ) -> tuple[list[tuple[Key, Item]], list[tuple[Key, Item]]]:
        """Lines and entries that pass the conditions and have a key; without agreements `()`."""
        entries_keyed = []
        known: list[set[str]] = [set() for _ in self._agreed]
        for entry in entries:
            if not _passes(entry, self._entry_tests):
                continue
            key = tuple(plain(entry.texts[at]) for _, at, _ in self._agreed)
            if all(key):
                entries_keyed.append((key, entry))
                for texts, text in zip(known, key, strict=True):
                    texts.add(text)
        lines_keyed = []
        for line in lines:
            if _passes(line, self._line_tests):
                found = self._line_key(line, known)
                if found is not None:
                    lines_keyed.append((found, line))
        return lines_keyed, entries_keyed

    def _line_key(self, line: Item, known: list[set[str]]) -> Key | None:
        """The line's key; None where a field is empty, or mentions none or several of the known."""
        key = []
        for (at, _, is_mentioned), texts in zip(self._agreed, known, strict=True):
            text = line.texts[at]
            found = _mentioned(text, texts) if is_mentioned else plain(text)
            if found not in texts:
                return None
            key.append(found)
        return tuple(key)


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
