"""What an issuer signs with: keys of each tenant's own, sealed at rest, replaced in time."""

from bezant.identity.signing.keys import InvalidSignature, SigningKeys
from bezant.identity.signing.life import DEFAULT_ALGORITHM, PUBLISHED_AFTER, PUBLISHED_BEFORE
from bezant.identity.signing.retiring import KeyRetirement

__all__ = [
    "DEFAULT_ALGORITHM",
    "PUBLISHED_AFTER",
    "PUBLISHED_BEFORE",
    "InvalidSignature",
    "KeyRetirement",
    "SigningKeys",
]
