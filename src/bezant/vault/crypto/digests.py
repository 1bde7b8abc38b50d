"""Keyed digests: what equality is looked up by when the value itself is sealed.

A plain hash of a card number or a phone number is no protection, since all of them can be hashed in
minutes. HMAC-SHA-256 (RFC 2104, FIPS 198-1) under a key of the tenant says nothing without the key.
"""

import hashlib
import hmac
from typing import Final

from bezant.vault.crypto.context import length_prefixed
from bezant.vault.crypto.keys import KeyBytes

DIGEST_BYTES: Final = hashlib.sha256().digest_size


def keyed_digest(key: KeyBytes, domain: str, value: bytes) -> bytes:
    """The digest of a value for one use.

    Args:
        key: of the tenant, for this kind of digest.
        domain: names the use, such as `fingerprint.card`: digests of one value for two uses have
            nothing in common even under one key.
        value: in its normal form, so that what is equal has one digest.
    """
    assert domain
    return hmac_sha256(key.raw, length_prefixed(domain.encode(), value))


def same_digest(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def hmac_sha256(key: bytes | bytearray, message: bytes) -> bytes:
    """HMAC-SHA-256 as it is."""
    return hmac.digest(key, message, "sha256")
