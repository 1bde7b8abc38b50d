"""Public keys as JSON Web Keys (RFC 7517), each fit for exactly one algorithm.

FAPI 2.0 Security Profile (section 5.4.1): PS256, ES256 or EdDSA with Ed25519; RSA keys of at least
2048 bits. A key determines its algorithm here, so that no token can choose another for it.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from bezant.identity.jose.errors import JoseRefused

RSA_BITS_MIN: Final = 2048
RSA_BITS_MAX: Final = 4096
KEYS_MAX: Final = 20
KID_CHARACTERS_MAX: Final = 256

_READ_MAX: Final = 2_000
"""Keys that are kept as read. Strangers may push others out, which costs nothing but time."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

Key = RSAKey | ECKey | OKPKey


class Algorithm(StrEnum):
    """The signature algorithms that are taken (RFC 7518, section 3.1; RFC 8037, section 3.1)."""

    PS256 = "PS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


ALGORITHMS: Final = tuple(algorithm.value for algorithm in Algorithm)

_KINDS: Final[Mapping[tuple[Any, Any], tuple[Algorithm, type[Key]]]] = {
    ("RSA", None): (Algorithm.PS256, RSAKey),
    ("EC", "P-256"): (Algorithm.ES256, ECKey),
    ("OKP", "Ed25519"): (Algorithm.EDDSA, OKPKey),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are verified with.

    Attributes:
        algorithm: the only one that it is used with.
        kid: what its owner calls it; None where it is not called anything.
        thumbprint: its SHA-256 thumbprint, base64url (RFC 7638).
        key: the library's.
    """

    algorithm: Algorithm
    kid: str | None
    thumbprint: str
    key: Key


def read_public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """A key that somebody sent.

    Raises:
        JoseRefused: private, symmetric, of another kind, too small, or not for signatures.
    """
    if all(isinstance(value, str) for value in jwk.values()):
        return _read_again(frozenset(jwk.items()))
    return _read(jwk)


@lru_cache(_READ_MAX)
def _read_again(members: frozenset[tuple[str, str]]) -> PublicKey:
    """A key is a function of its members. The same keys come with every request of a client's."""
    return _read(dict(members))


def _read(jwk: Mapping[str, Any]) -> PublicKey:
    # First: whatever else is wrong with it, its owner must hear of this.
    if not _PRIVATE.isdisjoint(jwk):
        raise JoseRefused("The key is a private or symmetric one.")
    found = _kind_of(jwk)
    if found is None:
        raise JoseRefused("The key is none of RSA, EC on P-256 or OKP on Ed25519.")
    algorithm, kind = found
    if jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        raise JoseRefused(f"The key is not declared for signatures by {algorithm}.")
    if "verify" not in _listed(jwk.get("key_ops", ["verify"])):
        raise JoseRefused("The key is not declared for verifying.")
    kid = jwk.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= KID_CHARACTERS_MAX):
        raise JoseRefused(f"A kid is 1 to {KID_CHARACTERS_MAX} characters of text.")
    # Nothing but what makes the key: certificates and addresses beside it are nobody's proof.
    bare = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
    try:
        if kind is RSAKey:
            _require_size(bare["n"])
        key = kind.import_key(bare)
        return PublicKey(algorithm, kid, key.thumbprint(), key)
    except (JoseError, ValueError, TypeError, KeyError):
        raise JoseRefused("The key cannot be read.") from None


def read_public_keys(jwks: Mapping[str, Any]) -> Sequence[PublicKey]:
    """The keys of a set (RFC 7517, section 5); those of other kinds are passed over.

    Raises:
        JoseRefused: no set, too many keys, a private key, or two that share a `kid`.
    """
    members = _listed(jwks.get("keys"))
    if len(members) > KEYS_MAX:
        raise JoseRefused(f"A set holds at most {KEYS_MAX} keys.")
    keys = []
    for member in members:
        if not isinstance(member, dict):
            raise JoseRefused("A key is an object.")
        if not _PRIVATE.isdisjoint(member):
            raise JoseRefused("The set holds a private or symmetric key.")
        is_ours = _kind_of(member) is not None and member.get("use", "sig") == "sig"
        if is_ours and member.get("alg", ALGORITHMS[0]) in ALGORITHMS:
            keys.append(read_public_key(member))
    named = [key.kid for key in keys if key.kid is not None]
    if len(set(named)) != len(named):
        raise JoseRefused("Two keys of the set have the same kid.")
    return keys


def _kind_of(jwk: Mapping[str, Any]) -> tuple[Algorithm, type[Key]] | None:
    kty, curve = jwk.get("kty"), jwk.get("crv")
    if not isinstance(kty, str) or not (curve is None or isinstance(curve, str)):
        return None
    return _KINDS.get((kty, curve))


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise JoseRefused("A member that is a list is none.")
    return value


def _require_size(modulus: str) -> None:
    padded = modulus + "=" * (-len(modulus) % 4)
    bits = int.from_bytes(urlsafe_b64decode(padded)).bit_length()
    if not RSA_BITS_MIN <= bits <= RSA_BITS_MAX:
        raise JoseRefused(f"An RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits.")
