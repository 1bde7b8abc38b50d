"""Signing and verifying (RFC 9421, sections 3 and 4)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bezant.formats.http_signatures.keys import (
    PrivateKey,
    PublicKey,
    algorithm_of,
    is_signed,
    signed,
)
from bezant.formats.http_signatures.messages import Component, Message, SignatureRefused

CLOCKS_APART: Final = timedelta(seconds=8)
"""By how much another's clock may be ahead."""

_LABEL = r"[a-z*][a-z0-9_.*-]*"
_STRING = r'"[\x20\x21\x23-\x5b\x5d-\x7e]*"'
_COMPONENT: Final = re.compile(rf'"(@?[a-z0-9-]+)"(?:;name=({_STRING}))?(;req)?')
_PARAMETER: Final = re.compile(rf";({_LABEL})=({_STRING}|[0-9]{{1,15}})")
# One member of the dictionary; of its strings, none can hold what would end it early.
_INPUT: Final = re.compile(
    rf"({_LABEL})=(\(((?:{_STRING}|[^\"()])*)\)((?:;{_LABEL}=(?:{_STRING}|[0-9]{{1,15}}))*))"
    r"(?:[ \t]*,[ \t]*|$)"
)
_SIGNATURE: Final = re.compile(rf"({_LABEL})=:([A-Za-z0-9+/]+={{0,2}}):(?:[ \t]*,[ \t]*|$)")
_TEXTS: Final = frozenset({"keyid", "alg", "nonce", "tag"})
_INSTANTS: Final = frozenset({"created", "expires"})


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a signature says about itself (section 2.3).

    Attributes:
        created: when it was made; whole seconds count.
        key_id: which key made it.
        nonce: a value that is used once, where the two sides want that.
        tag: what it is for.
        expires: when it ends, if it says so.
    """

    created: datetime
    key_id: str
    nonce: str | None = None
    tag: str | None = None
    expires: datetime | None = None

    def __str__(self) -> str:
        """The parameters as they are serialized."""
        texts = {"keyid": self.key_id, "nonce": self.nonce, "tag": self.tag}
        parts = [f";created={int(self.created.timestamp())}"]
        if self.expires is not None:
            parts.append(f";expires={int(self.expires.timestamp())}")
        parts += [f';{name}="{text}"' for name, text in texts.items() if text is not None]
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that is valid, and what it covers."""

    components: tuple[Component, ...]
    parameters: Parameters


def sign(
    message: Message,
    components: Sequence[Component],
    parameters: Parameters,
    key: PrivateKey,
    *,
    label: str = "sig",
) -> tuple[str, str]:
    """Sign what a message says.

    Returns:
        The values of `Signature-Input` and `Signature`.

    Raises:
        SignatureRefused: the message has not all of the components.
    """
    inner = f"({' '.join(map(str, components))}){parameters}"
    assert _INPUT.fullmatch(f"{label}={inner}"), "the strings can be serialized"
    signature = signed(key, _base(message, components, inner))
    return f"{label}={inner}", f"{label}=:{b64encode(signature).decode('ascii')}:"


def verify(
    message: Message,
    label: str,
    key_of: Callable[[str], PublicKey | None],
    *,
    required: Collection[Component],
    now: datetime,
    age_max: timedelta,
) -> Verified:
    """Verify one of a message's signatures.

    Args:
        message: as it came.
        label: which one.
        key_of: the key that an id names; None for none.
        required: what it must cover.
        now: the instant.
        age_max: how long ago it may have been made.

    Raises:
        SignatureRefused: it is not good.
    """
    inner, listed, texts = _input(message, label)
    components, parameters, algorithm = _components(listed), *_parameters(texts)
    if len(set(components)) != len(components) or not set(required) <= set(components):
        raise SignatureRefused("The signature does not cover what it has to, once each.")
    if not now - age_max <= parameters.created <= now + CLOCKS_APART:
        raise SignatureRefused("The signature is too old, or not yet made.")
    if parameters.expires is not None and parameters.expires <= now:
        raise SignatureRefused("The signature has expired.")
    key = key_of(parameters.key_id)
    # The key says what it is used with; the message may only agree (section 3.2).
    if key is None or algorithm not in {None, algorithm_of(key)}:
        raise SignatureRefused("The signature is by no key that is known here.")
    given = _members(_SIGNATURE, message, "signature").get(label)
    try:
        signature = b"" if given is None else b64decode(given[2], validate=True)
    except ValueError:
        signature = b""
    if not is_signed(key, _base(message, components, inner), signature):
        raise SignatureRefused("The signature is not valid.")
    return Verified(components, parameters)


def tagged(message: Message, tag: str) -> Mapping[str, Parameters]:
    """The signatures of a message that say to be for something, by label. None is verified.

    Raises:
        SignatureRefused: the field cannot be read.
    """
    # Those that others put there, for a purpose of their own, may say what is not understood here.
    named = {
        label: match[4]
        for label, match in _members(_INPUT, message, "signature-input").items()
        if f';tag="{tag}"' in match[4]
    }
    return {label: _parameters(text)[0] for label, text in named.items()}


def _base(message: Message, components: Sequence[Component], inner: str) -> bytes:
    """The signature base (section 2.5)."""
    lines = [f"{component}: {message.value(component)}" for component in components]
    return "\n".join([*lines, f'"@signature-params": {inner}']).encode("ascii")


def _input(message: Message, label: str) -> tuple[str, str, str]:
    match = _members(_INPUT, message, "signature-input").get(label)
    if match is None:
        raise SignatureRefused("There is no such signature.")
    return match[2], match[3], match[4]


def _members(pattern: re.Pattern[str], message: Message, name: str) -> dict[str, re.Match[str]]:
    text, found, position = ", ".join(message.fields.get(name, ())), dict[str, re.Match[str]](), 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None or match[1] in found:
            raise SignatureRefused(f"The field {name} cannot be read.")
        found[match[1]] = match
        position = match.end()
    return found


def _components(listed: str) -> tuple[Component, ...]:
    components = []
    for item in listed.split(" ") if listed else ():
        match = _COMPONENT.fullmatch(item)
        if match is None:
            raise SignatureRefused("The signature covers something that is not understood.")
        named = None if match[2] is None else match[2][1:-1]
        components.append(Component(match[1], named, of_request=match[3] is not None))
    return tuple(components)


def _parameters(text: str) -> tuple[Parameters, str | None]:
    """The parameters, and the algorithm if they name one."""
    pairs = _PARAMETER.findall(text)
    given = dict(pairs)
    if (
        len(given) != len(pairs)
        or not given.keys() <= _TEXTS | _INSTANTS
        or not {"created", "keyid"} <= given.keys()
        or any(value.startswith('"') != (name in _TEXTS) for name, value in pairs)
    ):
        raise SignatureRefused("The signature's parameters are not those that are needed.")
    texts = {name: value[1:-1] for name, value in pairs if name in _TEXTS}
    try:
        instants = {
            name: datetime.fromtimestamp(int(value), UTC)
            for name, value in pairs
            if name in _INSTANTS
        }
    except (ValueError, OverflowError, OSError):
        raise SignatureRefused("The signature's instants are none.") from None
    parameters = Parameters(
        instants["created"], texts["keyid"], texts.get("nonce"), texts.get("tag"),
        instants.get("expires"),
    )  # fmt: skip
    return parameters, texts.get("alg")
