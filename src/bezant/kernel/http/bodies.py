"""Request bodies: read within a limit, decoded strictly.

"Strictly" is RFC 8259 with what RFC 7493 (I-JSON, sections 2.1 and 2.3) adds: UTF-8 without lone
surrogates, and no member twice in one object. Two readers of a body with a doubled member may each
see another amount, so such a body is refused rather than interpreted. Strings hold no NUL, which
PostgreSQL cannot store.
"""

import asyncio
import json
import re
from typing import Final, Generic, TypeVar

import msgspec
from starlette.types import Receive

from bezant.kernel.errors import Malformed, TooLarge
from bezant.kernel.http.card_numbers import CardNumberGuard
from bezant.kernel.http.errors import RequestTimeout, UnsupportedMediaType
from bezant.kernel.personal import masked

T = TypeVar("T")

BODY_BYTES_MAX: Final = 1 << 20
BODY_SECONDS_MAX: Final = 15.0
FIELD_CHARACTERS_MAX: Final = 200

# msgspec ends its messages by where: " - at `$.postings[0].amount`", " - at `key` in `$.metadata`".
_WHERE: Final = re.compile(r"(?s)^(?P<what>.*?) - at (?:`key` in )?`\$\.?(?P<path>.*)`$")
_NAMED_FIELD: Final = re.compile(
    r"(?s)(?:unknown|missing required|Invalid) field `(?P<name>[^`]*)`"
)
_JSON_TYPES: Final = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)
_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode


class ClientGone(Exception):  # noqa: N818 - nobody is left to answer; not a fault
    """The client closed the connection before its body had arrived."""


def require_json(content_type: bytes | None, content_encoding: bytes | None) -> None:
    """Check what the body is declared to be.

    Raises:
        UnsupportedMediaType: not `application/json` in UTF-8, or compressed.
    """
    if content_type not in _JSON_TYPES:
        declared = (content_type or b"").lower().replace(b'"', b"")
        if declared not in _JSON_TYPES:
            raise UnsupportedMediaType("Bodies are sent as application/json, in UTF-8.")
    if content_encoding is not None and content_encoding.lower() != b"identity":
        raise UnsupportedMediaType("Bodies are sent without a content coding.")


async def read_body(receive: Receive, content_length: bytes | None, *, bytes_max: int) -> bytes:
    """Read a body, never holding more than `bytes_max` and one chunk.

    Raises:
        TooLarge: at the declared length if there is one, else as soon as the limit is passed.
        RequestTimeout: the last chunk did not arrive within `BODY_SECONDS_MAX`.
        ClientGone: the connection closed.
    """
    if content_length is not None and int(content_length) > bytes_max:
        raise _too_large(bytes_max)
    chunks: list[bytes] = []
    length, more_follow = 0, True
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while more_follow:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunks.append(message.get("body", b""))
                length += len(chunks[-1])
                if length > bytes_max:
                    raise _too_large(bytes_max)
                more_follow = message.get("more_body", False)
    except TimeoutError:
        raise RequestTimeout(f"The body took longer than {BODY_SECONDS_MAX:.0f} s.") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"The body of this route is at most {bytes_max} bytes.", bytes_max=bytes_max)


class BodyDecoder(Generic[T]):
    """Decodes JSON into one wire model.

    Args:
        kind: the model.
        takes_card_numbers: whether text in it may be a card number, as at the vault.
    """

    def __init__(self, kind: type[T], *, takes_card_numbers: bool = False) -> None:
        self._decode = msgspec.json.Decoder(kind).decode
        self._guard = None if takes_card_numbers else CardNumberGuard(kind)

    def decode(self, body: bytes) -> T:
        """Decode, check, and name the field at fault.

        Raises:
            CardNumberMisplaced: the body holds a card number.
            Malformed: not JSON, not UTF-8, too deep, of another shape, a member twice, a NUL.
        """
        if self._guard is not None:
            self._guard.check(body)
        try:
            value = self._decode(body)
            _refuse_ambiguity(body)
        except msgspec.ValidationError as error:
            raise malformed(error) from None
        except msgspec.DecodeError as error:
            raise Malformed(f"The body is not JSON: {error}.") from None
        except UnicodeDecodeError:
            raise Malformed("The body is not UTF-8.") from None
        except ValueError:
            # Python's parser refuses integers of thousands of digits.
            raise Malformed("The body holds a number that cannot be read.") from None
        except RecursionError:
            raise Malformed("The body is nested too deeply.") from None
        return value


def malformed(error: msgspec.ValidationError) -> Malformed:
    """Turn msgspec's message into a refusal that names the field, and repeats no value."""
    text = str(error)
    located = _WHERE.match(text)
    what, path = (located["what"], located["path"]) if located else (text, "")
    if what.startswith("Invalid enum value"):
        what = "Not one of the values that this field takes"
    # Patterns are shown as JSON Schema has them.
    what = what.replace(r"\\Z'", "$'")
    named = _NAMED_FIELD.search(what)
    if named:
        path = f"{path}.{named['name']}" if path else named["name"]
    # A member's name is the client's as well, and may be a card number where these are taken.
    field = masked(path)[:FIELD_CHARACTERS_MAX] or None
    return Malformed(f"{masked(what)[:FIELD_CHARACTERS_MAX]}.", field=field)


def _refuse_ambiguity(body: bytes) -> None:
    """Refuse doubled members and NUL characters.

    Minified and decoded-then-encoded are equal bytes for nearly every body without a doubled
    member, at C speed: 1 us for one posting, where Python's own parser takes ten. Escapes, odd
    numbers and the like differ; those go the slow and exact way.
    """
    is_plain = msgspec.json.format(body, indent=-1) == _encode_json(_decode_json(body))
    if not is_plain or b"\\u0000" in body:
        json.loads(body, object_pairs_hook=_distinct_members)


def _distinct_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise Malformed(
            "The same member occurs twice in one object.", field=doubled[:FIELD_CHARACTERS_MAX]
        )
    for name, value in pairs:
        if "\0" in name or _holds_nul(value):
            raise Malformed(
                "Text holds no NUL characters.", field=name.replace("\0", "")[:FIELD_CHARACTERS_MAX]
            )
    return members


def _holds_nul(value: object) -> bool:
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value
