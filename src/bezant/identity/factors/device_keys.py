"""Keys of devices, and what they sign.

An application of ours makes a key in the telephone's secure hardware, P-256 or Ed25519, that never
leaves it. Whatever it signs begins with what it is for, so that no signature is good for two
things.
"""

from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key

PUBLIC_KEY_BYTES_MAX: Final = 256
SIGNATURE_BYTES_MAX: Final = 128


def binding_message(tenant_id: UUID, challenge: str) -> bytes:
    """What a new device signs."""
    return b"bezant device binding v1\0" + tenant_id.bytes + challenge.encode(errors="replace")


def listing_message(tenant_id: UUID, device_id: UUID, unix_s: int) -> bytes:
    """What a device signs to be told what its user is asked."""
    return b"bezant approvals v1\0" + tenant_id.bytes + device_id.bytes + unix_s.to_bytes(8, "big")


def decision_message(
    tenant_id: UUID, approval_id: UUID, digest: bytes, *, is_approved: bool
) -> bytes:
    """What a device signs to decide, over the digest of what it has shown.

    Delegated Regulation (EU) 2018/389, article 5: what was authenticated is linked to that alone.
    """
    verdict = b"approved" if is_approved else b"refused"
    return b"bezant approval v1\0" + tenant_id.bytes + approval_id.bytes + digest + verdict


def is_key(public_key: bytes) -> bool:
    """Whether it is a key of a kind that devices may have, in SubjectPublicKeyInfo."""
    return _load(public_key) is not None


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key signed the message: Ed25519, or ECDSA over SHA-256 in DER."""
    key = _load(public_key)
    if key is None or len(signature) > SIGNATURE_BYTES_MAX:
        return False
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _load(public_key: bytes) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | None:
    if len(public_key) > PUBLIC_KEY_BYTES_MAX:
        return None
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    return key if is_p256 and isinstance(key, ec.EllipticCurvePublicKey) else None
