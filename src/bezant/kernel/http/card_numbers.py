"""Card numbers end here: what is no business of the vault's origin is refused before it is read.

PCI DSS applies wherever a card number is stored, processed or transmitted. So text that holds one
is declined by every other operation, before anything of it can reach a table, a log or an error.
Amounts are exempt where a body's type declares them: sixteen digits of minor units are no card.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec
from msgspec import inspect

from bezant.kernel.errors import Refusal
from bezant.kernel.personal import Likeness, likeness

IS_NUMBER: Final = {"digits": "number"}
"""`Meta(extra=IS_NUMBER)` marks text that holds a number, such as an amount."""

IS_PHONE: Final = {"digits": "phone"}
"""`Meta(extra=IS_PHONE)` marks text that holds a telephone number: every tenth of one with thirteen
digits has a card's check digit, and those from +4 begin as cards do."""

_Field = tuple[str, bool]
"""A name, and whether there is a list of texts under it."""

# Enough digits, however they are grouped; escapes and letters beyond ASCII may hide some.
_MANY_DIGITS: Final = re.compile(rb"(?:[0-9][ \-]{0,3}){12}")

_DIGITS: Final = {
    "number": re.compile(r"-?[0-9]+(?:\.[0-9]+)?"),
    "phone": re.compile(r"\+[0-9][0-9 ()./-]*"),  # as ITU-T E.123 writes it: a card has no plus
}


class CardNumberMisplaced(Refusal):
    """The request holds what looks like a card number, which belongs to the vault alone."""

    status, code, title = 422, "CARD_NUMBER_MISPLACED", "Card numbers go to the vault"

    def __init__(self, field: str | None = None) -> None:
        super().__init__(
            "The request holds what looks like a card number."
            " Make a token of it at the vault's address, and send that.",
            field=field,
        )


def refuse_in_text(text: str) -> None:
    """Look at a piece of text, such as a header or a parameter.

    Raises:
        CardNumberMisplaced: it holds a card number.
    """
    if may_hold_one(text.encode("utf-8", "replace")) and _is_card_number(text):
        raise CardNumberMisplaced


def refuse_in_query(query: bytes) -> None:
    """Look at a query string.

    Raises:
        CardNumberMisplaced: it holds a card number.
    """
    if b"%" in query or may_hold_one(query):
        refuse_in_text(unquote_plus(query.decode("ascii", "replace")))


def may_hold_one(raw: bytes) -> bool:
    """Whether it is worth a closer look: nearly every body is not, and costs a microsecond."""
    return _MANY_DIGITS.search(raw) is not None or not raw.isascii() or b"\\u" in raw


class CardNumberGuard:
    """Looks through bodies of one type.

    Args:
        kind: the type, whose fields that are marked by `IS_NUMBER` or `IS_PHONE` may hold digits.
    """

    def __init__(self, kind: type[Any]) -> None:
        marks: dict[_Field, str] = {}
        for field, mark in _fields(inspect.type_info(kind), set()):
            assert marks.setdefault(field, mark) == mark, f"a number here and text there: {field}"
        self._digits = {field: _DIGITS[mark] for field, mark in marks.items() if mark}

    def check(self, raw: bytes) -> None:
        """Look through a body before it is decoded, so that no error can quote it.

        Raises:
            CardNumberMisplaced: it holds a card number.
        """
        if not may_hold_one(raw):
            return
        try:
            value = msgspec.json.decode(raw)
        except (ValueError, RecursionError):
            return  # the decoder tells what is wrong, and quotes nothing
        for field, text in _texts(value, self._digits):
            if _is_card_number(text):
                raise CardNumberMisplaced(field)


def _is_card_number(text: str) -> bool:
    return likeness(text) is Likeness.CARD_NUMBER


def _texts(
    value: object, digits: Mapping[_Field, re.Pattern[str]]
) -> Iterator[tuple[str | None, str]]:
    """Every string of a JSON value with its field, but not the digits of those declared so.

    A member's name comes before what is in it, as text of the object: so no field has a name that
    is a card number itself.
    """
    waiting: list[tuple[str, str, object]] = [("", "", value)]
    while waiting:
        field, of, value = waiting.pop()
        match value:
            case str(text):
                yield field or None, text
            case list(items):
                declared = digits.get((of, True))
                waiting += [
                    (f"{field}[{place}]", "", item)
                    for place, item in enumerate(items)
                    if not _has_form(item, declared)
                ]
            case dict(members):
                for name, member in members.items():
                    yield field or None, name
                    if not _has_form(member, digits.get((name, False))):
                        waiting.append((f"{field}.{name}" if field else name, name, member))


def _has_form(value: object, declared: re.Pattern[str] | None) -> bool:
    return isinstance(value, str) and declared is not None and bool(declared.fullmatch(value))


def _fields(kind: inspect.Type, seen: set[type[Any]]) -> Iterator[tuple[_Field, str]]:
    """The text fields within a type, each with which digits it holds; empty for text."""
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            if cls not in seen:
                seen.add(cls)
                for each in fields:
                    yield from _marks(each)
                    yield from _fields(each.type, seen)
        case inspect.Metadata(type=inner):
            yield from _fields(inner, seen)
        case inspect.UnionType(types=types):
            for each_type in types:
                yield from _fields(each_type, seen)
        case inspect.DictType(value_type=inner):
            yield from _fields(inner, seen)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            yield from _fields(inner, seen)


def _marks(field: inspect.Field) -> Iterator[tuple[_Field, str]]:
    for is_list, mark in ((False, _mark(field.type)), (True, _listed(field.type))):
        if mark is not None:
            yield (field.encode_name, is_list), mark


def _mark(kind: inspect.Type) -> str | None:
    """Which digits a field that holds text is declared to hold; None for one that holds none."""
    match kind:
        case inspect.Metadata(type=inner, extra=extra):
            found = _mark(inner)
            return found if found is None else (extra or {}).get("digits", "")
        case inspect.UnionType(types=types):
            found_in = [each for each in map(_mark, types) if each is not None]
            return min(found_in, default=None)
        case inspect.StrType():
            return ""
    return None


def _listed(kind: inspect.Type) -> str | None:
    """The same of the texts of a list; None for what is no list of texts."""
    match kind:
        case inspect.Metadata(type=inner):
            return _listed(inner)
        case inspect.UnionType(types=types):
            return min((each for each in map(_listed, types) if each is not None), default=None)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            return _mark(inner)
    return None
