"""What the platform computes, asked in the terms of Wycheproof's cases.

Each function says whether a case's own claim holds: True when everything that the case gives fits
together, False when it is refused or something else comes out.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key
from fastfpe import ff1 as fastfpe_ff1

from bezant.kernel.sealing import SealBroken
from bezant.vault.crypto import aead
from bezant.vault.crypto.digests import hmac_sha256
from bezant.vault.crypto.keys import KEY_BYTES, KeyBytes
from bezant.vault.tokens import ff1
from bezant.vault.tokens.errors import TokenShapeRefused

Group = Mapping[str, Any]
Case = Mapping[str, Any]

_NONCE_BYTES = 12
_FORM = b"\x01"


def aes_gcm(_group: Group, case: Case) -> bool:
    """Through the vault's sealing where it seals so, else through the library below it."""
    key, nonce, aad, message = (_bytes(case, name) for name in ("key", "iv", "aad", "msg"))
    sealed = _bytes(case, "ct") + _bytes(case, "tag")
    if len(key) == KEY_BYTES and len(nonce) == _NONCE_BYTES:
        return _by_the_vault(key, nonce, aad, message, sealed)
    try:
        cipher = AESGCM(key)
        opened = cipher.decrypt(nonce, sealed, aad)
        return opened == message and cipher.encrypt(nonce, message, aad) == sealed
    except (InvalidTag, ValueError):
        return False


def _by_the_vault(key: bytes, nonce: bytes, aad: bytes, message: bytes, sealed: bytes) -> bool:
    with KeyBytes(key) as held:
        resealed = aead.encrypt(held, message, aad, lambda _: nonce)
        try:
            opened = aead.decrypt(held, _FORM + nonce + sealed, aad)
        except SealBroken:
            return False
    return opened == message and resealed == _FORM + nonce + sealed


def aes_kwp(_group: Group, case: Case) -> bool:
    """RFC 5649, as key stores behind PKCS#11 wrap."""
    key, message, wrapped = (_bytes(case, name) for name in ("key", "msg", "ct"))
    try:
        unwrapped = aes_key_unwrap_with_padding(key, wrapped)
    except (InvalidUnwrap, ValueError):
        return False
    return unwrapped == message and aes_key_wrap_with_padding(key, message) == wrapped


def hmac_tag(group: Group, case: Case) -> bool:
    """The digest of fingerprints and blind indexes; the file has shortened ones as well."""
    digest = hmac_sha256(_bytes(case, "key"), _bytes(case, "msg"))
    return hmac.compare_digest(digest[: group["tagSize"] // 8], _bytes(case, "tag"))


def hkdf(_group: Group, case: Case) -> bool:
    """RFC 5869."""
    salt, info, ikm = (_bytes(case, name) for name in ("salt", "info", "ikm"))
    try:
        derived = HKDF(SHA256(), case["size"], salt, info).derive(ikm)
    except ValueError:
        return False
    return derived == _bytes(case, "okm")


def ff1_text(group: Group, case: Case) -> bool:
    """Digits as a text."""
    return _ff1(case, group["alphabet"], case["msg"], case["ct"])


def ff1_digits(_group: Group, case: Case) -> bool:
    """Digits as numbers; what is none is the character that would come next."""
    message, encrypted = (
        "".join(chr(ord("0") + digit) for digit in case[name] or []) for name in ("msg", "ct")
    )
    return _ff1(case, ff1.DIGITS, message, encrypted)


def _ff1(case: Case, alphabet: str, message: str, encrypted: str) -> bool:
    """Through the vault with its keys of 256 bits, else through the library below it."""
    key, tweak = _bytes(case, "key"), _bytes(case, "tweak")
    try:
        if len(key) == KEY_BYTES:
            with KeyBytes(key) as held:
                there = ff1.encrypt(held, tweak, message, alphabet)
                back = ff1.decrypt(held, tweak, encrypted, alphabet)
        else:
            there = fastfpe_ff1.encrypt(key.hex(), tweak.hex(), alphabet, message)
            back = fastfpe_ff1.decrypt(key.hex(), tweak.hex(), alphabet, encrypted)
    except (TokenShapeRefused, ValueError):
        return False
    return (there, back) == (encrypted, message)


def ed25519(group: Group, case: Case) -> bool:
    """As checkpoints of the ledger are verified."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]["pk"]))
    try:
        key.verify(_bytes(case, "sig"), _bytes(case, "msg"))
    except InvalidSignature:
        return False
    return True


def ecdsa_p256(group: Group, case: Case) -> bool:
    """As certificates of the development CA are verified."""
    key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(_bytes(case, "sig"), _bytes(case, "msg"), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _bytes(case: Case, name: str) -> bytes:
    return bytes.fromhex(case[name])
