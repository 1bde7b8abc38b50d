"""HTTP message signatures (RFC 9421) over what a request or response says, and digests of its body.

Three algorithms, each bound to its kind of key. A signature proves no more than what it covers:
whoever verifies says which components must be covered, `content-digest` among them wherever there
is a body, and how old it may be.
"""

from bezant.formats.http_signatures.digests import DigestCheck, content_digest, is_digest_of
from bezant.formats.http_signatures.keys import Algorithm, PrivateKey, PublicKey, algorithm_of
from bezant.formats.http_signatures.messages import Component, Message, SignatureRefused
from bezant.formats.http_signatures.signatures import Parameters, Verified, sign, tagged, verify

__all__ = [
    "Algorithm",
    "Component",
    "DigestCheck",
    "Message",
    "Parameters",
    "PrivateKey",
    "PublicKey",
    "SignatureRefused",
    "Verified",
    "algorithm_of",
    "content_digest",
    "is_digest_of",
    "sign",
    "tagged",
    "verify",
]
