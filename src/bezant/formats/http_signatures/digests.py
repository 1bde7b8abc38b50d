"""`Content-Digest`: what a body's signature rests on (RFC 9530)."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

# The others of the registry are not for adversarial settings (RFC 9530, section 5).
_DIGESTS: Final = {"sha-256": sha256, "sha-512": sha512}
_MEMBER: Final = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):\s*")


def content_digest(body: bytes) -> str:
    """The field's value for a body."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode('ascii')}:"


class DigestCheck:
    """Compares a body with a field, while the body arrives."""

    def __init__(self, field: str) -> None:
        self._is_readable = True
        self._known: list[tuple[_Hash, bytes]] = []
        for member in field.split(","):
            match = _MEMBER.fullmatch(member)
            if match is None:
                self._is_readable = False
            elif (digest := _DIGESTS.get(match[1])) is not None:
                try:
                    self._known.append((digest(), b64decode(match[2], validate=True)))
                except ValueError:
                    self._is_readable = False

    def update(self, part: bytes) -> None:
        """Take the next part of the body."""
        for digest, _ in self._known:
            digest.update(part)

    def is_right(self) -> bool:
        """Whether the field is of the body: a digest is known, and all known ones fit."""
        fits = [compare_digest(digest.digest(), given) for digest, given in self._known]
        return self._is_readable and bool(fits) and all(fits)


def is_digest_of(field: str, body: bytes) -> bool:
    """Whether a field is of a body. See `DigestCheck.is_right`."""
    check = DigestCheck(field)
    check.update(body)
    return check.is_right()
