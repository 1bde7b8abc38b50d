"""The text of an API key: `bz_<tenant and key id>_<secret and checksum>`, base 62.

The prefix lets secret scanners recognise a leaked key; the checksum lets them, and us, tell one
from a typo without a look-up. The tenant is inside, because every row is found by its tenant first.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

PREFIX: Final = "bz_"
SECRET_BYTES: Final = 32

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = {character: digit for digit, character in enumerate(_ALPHABET)}
_ID_CHARACTERS: Final = 22  # 62**22 > 2**128
_SECRET_CHARACTERS: Final = 43  # 62**43 > 2**256
_CHECKSUM_CHARACTERS: Final = 6  # 62**6 > 2**32
_FORM: Final = re.compile(
    rf"{PREFIX}(?P<tenant>[0-9A-Za-z]{{{_ID_CHARACTERS}}})(?P<key>[0-9A-Za-z]{{{_ID_CHARACTERS}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{_SECRET_CHARACTERS}}})"
    rf"(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_CHARACTERS}}})"
)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An API key in its parts. Never logged: it has no `repr`."""

    tenant_id: UUID
    key_id: UUID
    secret: bytes

    def write(self) -> str:
        """The text that its holder sends."""
        body = (
            f"{PREFIX}{_encode(self.tenant_id.int, _ID_CHARACTERS)}"
            f"{_encode(self.key_id.int, _ID_CHARACTERS)}"
            f"_{_encode(int.from_bytes(self.secret, 'big'), _SECRET_CHARACTERS)}"
        )
        return body + _checksum(body)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The parts of a text; None when it cannot be a key that we made."""
        match = _FORM.fullmatch(text)
        if match is None or _checksum(text[:-_CHECKSUM_CHARACTERS]) != match["checksum"]:
            return None
        tenant, key, secret = (_decode(match[part]) for part in ("tenant", "key", "secret"))
        if max(tenant, key) >> 128 or secret >> (8 * SECRET_BYTES):
            return None
        return cls(UUID(int=tenant), UUID(int=key), secret.to_bytes(SECRET_BYTES, "big"))

    def secret_hash(self) -> bytes:
        """What is stored instead of the secret.

        One round of SHA-256 is right here: slow hashes make up for what people choose, and this
        secret is 256 random bits, which no number of guesses finds.
        """
        return hashlib.sha256(self.secret).digest()


def _checksum(body: str) -> str:
    return _encode(zlib.crc32(body.encode()), _CHECKSUM_CHARACTERS)


def _encode(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    assert number == 0
    return "".join(reversed(digits))


def _decode(text: str) -> int:
    number = 0
    for character in text:
        number = number * len(_ALPHABET) + _DIGITS[character]
    return number
