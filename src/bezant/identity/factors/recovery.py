"""Recovery codes: look-up secrets (SP 800-63B-4, section 3.1.2) of 80 random bits."""

import base64
import hashlib
import os
from collections.abc import Callable
from typing import Final
from uuid import UUID

CODES: Final = 10
_BYTES: Final = 10
_GROUP: Final = 4


def new_codes(random_bytes: Callable[[int], bytes] = os.urandom) -> list[str]:
    """Ten codes in groups of four, base32: as people copy them."""
    return [_grouped(base64.b32encode(random_bytes(_BYTES)).decode()) for _ in range(CODES)]


def digest_of(user_id: UUID, code: str) -> bytes:
    """What is stored instead of a code, however it was typed.

    Of 2^80 a plain hash gives none away; the user's identifier keeps equal codes apart.
    """
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(user_id.bytes + plain.encode(errors="replace")).digest()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
