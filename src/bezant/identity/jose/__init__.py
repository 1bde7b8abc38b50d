"""JOSE: signed tokens, read by explicit lists of algorithms and never by a library's defaults."""

from bezant.identity.jose.errors import JoseRefused
from bezant.identity.jose.keys import (
    ALGORITHMS,
    Algorithm,
    PublicKey,
    read_public_key,
    read_public_keys,
)
from bezant.identity.jose.remote import ClientKeys, KeyFetcher
from bezant.identity.jose.signing import PrivateKey
from bezant.identity.jose.tokens import Signed, Token, read_token, verify

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "ClientKeys",
    "JoseRefused",
    "KeyFetcher",
    "PrivateKey",
    "PublicKey",
    "Signed",
    "Token",
    "read_public_key",
    "read_public_keys",
    "read_token",
    "verify",
]
