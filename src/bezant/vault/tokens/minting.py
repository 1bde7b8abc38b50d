"""The text of a token."""

import hashlib
import re
import string
from typing import Final
from uuid import UUID

from bezant.kernel.card_numbers import luhn_sum
from bezant.vault.crypto.context import length_prefixed
from bezant.vault.crypto.keys import KeyBytes
from bezant.vault.tokens import ff1
from bezant.vault.tokens.arrivals import Arrival
from bezant.vault.tokens.errors import TokenShapeRefused
from bezant.vault.tokens.shapes import RandomBytes, card_token, opaque_token, shaped_token

TRIES_MAX: Final = 16
"""How often a token is drawn anew when it is taken."""

_FIGURES: Final = string.digits + string.ascii_uppercase
# What stands in paths and in templates as it is; shapes keep every other character of the value.
_FIT: Final = re.compile(r"[A-Za-z0-9._@+-]{1,128}")


def mint(arrival: Arrival, random_bytes: RandomBytes, key: KeyBytes | None, attempt: int) -> str:
    """A token that stands for what came.

    Args:
        arrival: what came.
        random_bytes: where drawn tokens come from.
        key: for those that are computed.
        attempt: tells tokens of one value from each other, where they are computed.

    Raises:
        TokenShapeRefused: what came cannot have one of this format.
    """
    thing = arrival.thing
    match arrival.format:
        case "card" | "card_bin":
            assert thing.card is not None
            return card_token(thing.card, random_bytes, keeps_bin=arrival.format == "card_bin")
        case "shaped":
            return _fit(shaped_token(thing.text, random_bytes))
        case "ff1":
            assert key is not None
            return _computed(arrival, key, attempt)
        case _:
            return opaque_token(random_bytes)


def _computed(arrival: Arrival, key: KeyBytes, attempt: int) -> str:
    """By format-preserving encryption; one that looks like a card number is computed again."""
    text = arrival.thing.text
    alphabet = string.digits if text.isdigit() else _FIGURES
    for step in range(TRIES_MAX):
        tweak = _tweak(arrival.thing.domain, arrival.subject_id, attempt * TRIES_MAX + step)
        token = ff1.encrypt(key, tweak, text, alphabet)
        if arrival.thing.kind != "card" or luhn_sum(token) != 0:
            return _fit(token)
    raise TokenShapeRefused("No token of this format is free.")


def _tweak(domain: str, subject_id: UUID, number: int) -> bytes:
    place = length_prefixed(domain.encode(), subject_id.bytes, number.to_bytes(4, "big"))
    return hashlib.sha256(place).digest()


def _fit(token: str) -> str:
    if not _FIT.fullmatch(token):
        raise TokenShapeRefused("A token of this shape has letters, digits and ._@+- only.")
    return token
