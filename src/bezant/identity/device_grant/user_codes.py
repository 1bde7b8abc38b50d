"""User codes: short enough to be typed, drawn from letters that are not mistaken for others.

Twenty consonants spell no words, and eight of them are 34 bits (RFC 8628, section 6.1). That is few
enough to try them all on a digest, so digests are keyed: who reads the database learns no code.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8

_KEY: Final = b"bezant user codes"
_TYPED_MAX: Final = 40
_HALF: Final = LENGTH // 2
_BYTES_AT_ONCE: Final = 2 * LENGTH
# Bytes from here on would make some letters likelier than others.
_FAIR_BELOW: Final = 256 // len(ALPHABET) * len(ALPHABET)


class UserCodes:
    """Draws codes, and says what is stored instead of them.

    Args:
        secret: of every process of the platform the same.
    """

    def __init__(self, secret: bytes, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._key = hmac.digest(secret, _KEY, hashlib.sha256)
        self._random_bytes = random_bytes

    def draw(self) -> str:
        """A new code, as it is compared."""
        letters = ""
        while len(letters) < LENGTH:
            drawn = self._random_bytes(_BYTES_AT_ONCE)
            letters += "".join(
                ALPHABET[each % len(ALPHABET)] for each in drawn if each < _FAIR_BELOW
            )
        return letters[:LENGTH]

    def digest(self, code: str) -> bytes:
        """What is stored instead of a code."""
        return hmac.digest(self._key, code.encode(), hashlib.sha256)


def write_user_code(code: str) -> str:
    """A code as devices show it."""
    return f"{code[:_HALF]}-{code[_HALF:]}"


def read_user_code(typed: str) -> str | None:
    """What somebody typed, in any case and with any dashes and spaces; None if it is no code."""
    if len(typed) > _TYPED_MAX:
        return None
    code = "".join(each for each in typed.upper() if each.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
