"""`Content-Digest`: what a body's signature rests on (RFC 9530)."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import Final

# The others of the registry are not for adversarial settings (RFC 9530, section 5).
_DIGESTS: Final = {"sha-256": sha256, "sha-512": sha512}
_MEMBER: Final = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):\s*")


def content_digest(body: bytes) -> str:
    """The field's value for a body."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode('ascii')}:"


def is_digest_of(field: str, body: bytes) -> bool:
    """Whether a field is of a body: at least one digest is known, and all known ones fit."""
    known = []
    for member in field.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            return False
        if (digest := _DIGESTS.get(match[1])) is None:
            continue
        try:
            given = b64decode(match[2], validate=True)
        except ValueError:
            return False
        known.append(compare_digest(given, digest(body).digest()))
    return bool(known) and all(known)
