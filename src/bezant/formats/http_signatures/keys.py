"""Algorithms of signatures (RFC 9421, section 3.3), each with the one kind of key that it takes."""

from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_RSA_BITS_MIN: Final = 2048
_P256_BYTES: Final = 32
# Section 3.3.1: the salt is as long as the hash.
_PSS: Final = padding.PSS(padding.MGF1(SHA512()), SHA512.digest_size)


class Algorithm(StrEnum):
    """Those that are taken. Shared secrets are not: both sides could have signed."""

    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    ED25519 = "ed25519"


def algorithm_of(key: PrivateKey | PublicKey) -> Algorithm:
    """The one algorithm that a key is used with.

    Raises:
        ValueError: there is none.
    """
    match key:
        case Ed25519PrivateKey() | Ed25519PublicKey():
            return Algorithm.ED25519
        case EllipticCurvePrivateKey() | EllipticCurvePublicKey():
            if isinstance(key.curve, SECP256R1):
                return Algorithm.ECDSA_P256_SHA256
        case RSAPrivateKey() | RSAPublicKey():
            if key.key_size >= _RSA_BITS_MIN:
                return Algorithm.RSA_PSS_SHA512
    raise ValueError("the key is of no kind that signs messages")


def signed(key: PrivateKey, base: bytes) -> bytes:
    """The signature of a signature base."""
    algorithm_of(key)
    match key:
        case Ed25519PrivateKey():
            return key.sign(base)
        case EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(base, ECDSA(SHA256())))
            return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")
        case RSAPrivateKey():
            return key.sign(base, _PSS, SHA512())


def is_signed(key: PublicKey, base: bytes, signature: bytes) -> bool:
    """Whether a signature is one of a signature base."""
    algorithm_of(key)
    try:
        match key:
            case Ed25519PublicKey():
                key.verify(signature, base)
            case EllipticCurvePublicKey():
                if len(signature) != 2 * _P256_BYTES:
                    return False
                r, s = signature[:_P256_BYTES], signature[_P256_BYTES:]
                encoded = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
                key.verify(encoded, base, ECDSA(SHA256()))
            case RSAPublicKey():
                key.verify(signature, base, _PSS, SHA512())
    except InvalidSignature:
        return False
    return True
