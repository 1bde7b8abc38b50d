"""As much of PromQL as dashboards and alerts of ours use, read to see what they name.

Written after the grammar in Prometheus's documentation ("Querying basics", "Operators",
"Functions"). What it does not know it refuses, so that a slip is an error rather than overlooked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

AGGREGATIONS: Final = {"sum", "max", "min", "avg", "count", "topk", "bottomk"}
OF_RANGES: Final = {"rate", "irate", "increase"}
FUNCTIONS: Final = OF_RANGES | {"histogram_quantile", "absent", "clamp_min"}
OPERATORS: Final = {"+", "-", "*", "/", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"}

_DURATION: Final = r"(?:[0-9]+(?:ms|[smhdwy]))+|\$__rate_interval|\$__interval"
_TOKEN: Final = re.compile(
    rf"""(?P<range>\[(?:{_DURATION})\])
    |(?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+)
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<text>"[^"\\]*")
    |(?P<mark>=~|!~|==|!=|>=|<=|[-+*/(){{}},=<>])""",
    re.VERBOSE,
)


class PromQLError(Exception):
    """The expression cannot be read."""


@dataclass(frozen=True)
class Selector:
    """A metric that an expression names.

    Attributes:
        labels: those that it is selected by.
        is_range: over a time.
        within: the functions around it, from the outermost.
        grouped_by: the labels that aggregations around it keep.
    """

    name: str
    labels: frozenset[str]
    values: tuple[tuple[str, str, str], ...]
    is_range: bool = False
    within: tuple[str, ...] = ()
    grouped_by: frozenset[str] = frozenset()


def selectors(expression: str) -> list[Selector]:
    """Everything that an expression names.

    Raises:
        PromQLError: it is none.
    """
    reader = _Reader(list(_tokens(expression)))
    found = reader.expression()
    if reader.peek() is not None:
        raise PromQLError(f"{reader.peek()} is left over in {expression}")
    return found


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(expression):
        if expression[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(expression, at)
        if match is None:
            raise PromQLError(f"{expression[at:]!r}")
        assert match.lastgroup is not None
        yield match.lastgroup, match[0]
        at = match.end()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def expression(self) -> list[Selector]:
        found = self._term()
        while self.peek() in OPERATORS:
            self._take()
            if self.peek() in {"on", "ignoring"}:
                self._take()
                self._labels()
            found += self._term()
        return found

    def _term(self) -> list[Selector]:
        kind, text = self._take()
        if text == "(":
            found = self.expression()
            self._expect(")")
        elif kind in {"number", "text"}:
            return []
        elif kind != "name":
            raise PromQLError(f"unexpected {text!r}")
        elif text in AGGREGATIONS:
            return self._aggregation(text)
        elif text == "time":
            self._expect("(")
            self._expect(")")
            return []
        elif self.peek() == "(":
            if text not in FUNCTIONS:
                raise PromQLError(f"unknown function {text}")
            return [replace(each, within=(text, *each.within)) for each in self._arguments()]
        else:
            found = [self._selector(text)]
        return found

    def _aggregation(self, name: str) -> list[Selector]:
        kept = self._labels() if self._accept("by") else frozenset()
        found = self._arguments()
        if self._accept("by"):
            kept = self._labels()
        return [
            replace(each, within=(name, *each.within), grouped_by=each.grouped_by | kept)
            for each in found
        ]

    def _arguments(self) -> list[Selector]:
        self._expect("(")
        found = self.expression()
        while self._accept(","):
            found += self.expression()
        self._expect(")")
        return found

    def _selector(self, name: str) -> Selector:
        matchers = []
        if self._accept("{"):
            while not self._accept("}"):
                kind, label = self._take()
                operator = self._take()[1]
                text_kind, value = self._take()
                if kind != "name" or operator not in {"=", "!=", "=~", "!~"} or text_kind != "text":
                    raise PromQLError(f"a matcher {label}{operator}{value}")
                matchers.append((label, operator, value[1:-1]))
                if self.peek() != "}":
                    self._expect(",")
        is_range = self._at < len(self._tokens) and self._tokens[self._at][0] == "range"
        if is_range:
            self._take()
        if self._accept("offset") and self._take()[0] != "duration":
            raise PromQLError("an offset takes a duration")
        return Selector(name, frozenset(each[0] for each in matchers), tuple(matchers), is_range)

    def _labels(self) -> frozenset[str]:
        self._expect("(")
        found = set()
        while not self._accept(")"):
            kind, label = self._take()
            if kind != "name":
                raise PromQLError(f"a label {label!r}")
            found.add(label)
            if self.peek() != ")":
                self._expect(",")
        return frozenset(found)

    def _take(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise PromQLError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, text: str) -> bool:
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise PromQLError(f"{text!r} expected, not {self.peek()!r}")
