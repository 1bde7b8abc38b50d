"""What never enters a log, wherever it hides: by type, by name, by shape."""

import re
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import SecretBytes, SecretStr

REDACTED: Final = "[redacted]"

_DEPTH_MAX: Final = 6

_NAMES: Final = frozenset({
    "authorization",
    "cookie",
    "idempotency-key",
    "idempotency_key",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
})  # fmt: skip

# Defence in depth for text that others compose, such as a driver's error: passwords in URLs, bearer
# credentials, API keys and signing keys. The first thing to trust is the type.
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^\s:/@]*):[^\s@]+@")
_CREDENTIAL: Final = re.compile(
    r"""\b(?:bz|whsec|whsk)_[A-Za-z0-9_\-+/=]{8,}"""
    r"""|(?<=\bBearer )[^\s"']+|(?<=\bpassword=)[^\s&"']+""",
    re.IGNORECASE,
)


class Sensitive:
    """Base of types whose values never enter a log, whatever their `repr` says."""

    __slots__ = ()

    def __repr__(self) -> str:
        return REDACTED


_TYPES: Final = (SecretStr, SecretBytes, Sensitive)


def redact(value: object, depth: int = 0) -> object:
    """A copy of `value` that may be logged.

    Args:
        value: anything that was passed to a logger; containers are entered.
        depth: how deep in the event; beyond a bound everything is redacted, so that no structure
            hides a secret.
    """
    if isinstance(value, _TYPES) or depth > _DEPTH_MAX:
        return REDACTED
    match value:
        case str():
            clean: object = _redact_text(value)
        case bytes():
            clean = _redact_text(value.decode("utf-8", "backslashreplace"))
        case Mapping():
            clean = {name: _redact_member(name, value[name], depth + 1) for name in value}
        case list() | tuple() | set() | frozenset():
            clean = [_redact_item(item, depth + 1) for item in value]
        case BaseException():
            clean = _redact_text(f"{type(value).__name__}: {value}")
        case None | bool() | int() | float() | datetime() | UUID():
            clean = value
        case _:
            # Of whatever else, a log shows what `str` says.
            clean = _redact_text(str(value))
    return clean


def redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor: redact every member of an event."""
    for name, value in event.items():
        event[name] = _redact_member(name, value, 0)
    return event


def _redact_member(name: object, value: object, depth: int) -> object:
    return REDACTED if _is_sensitive_name(name) else redact(value, depth)


def _redact_item(item: object, depth: int) -> object:
    # Headers travel as pairs, in ASGI as pairs of bytes.
    match item:
        case (str() | bytes() as name, _) if _is_sensitive_name(name):
            return [redact(name, depth), REDACTED]
        case _:
            return redact(item, depth)


def _is_sensitive_name(name: object) -> bool:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    return isinstance(name, str) and name.lower() in _NAMES


def _redact_text(text: str) -> str:
    if "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
    return _CREDENTIAL.sub(REDACTED, text)
