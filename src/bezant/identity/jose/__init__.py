"""JOSE: signed tokens, read by explicit lists of algorithms and never by a library's defaults."""

from bezant.identity.jose.claims import read_instant
from bezant.identity.jose.errors import JoseRefused
from bezant.identity.jose.keys import (
    ALGORITHMS,
    Algorithm,
    Key,
    PublicKey,
    read_public_key,
    read_public_keys,
)
from bezant.identity.jose.remote import KeyFetcher
from bezant.identity.jose.signing import PrivateKey
from bezant.identity.jose.tokens import Signed, Token, is_signed_by, read_token, verify

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "JoseRefused",
    "Key",
    "KeyFetcher",
    "PrivateKey",
    "PublicKey",
    "Signed",
    "Token",
    "is_signed_by",
    "read_instant",
    "read_public_key",
    "read_public_keys",
    "read_token",
    "verify",
]
