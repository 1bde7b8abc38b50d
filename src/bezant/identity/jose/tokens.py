"""Tokens in compact serialization (RFC 7515, section 7.1), with the care of RFC 8725."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError

from bezant.identity.jose.errors import JoseRefused
from bezant.identity.jose.keys import ALGORITHMS, Algorithm, PublicKey
from bezant.kernel.errors import Refusal
from bezant.kernel.http import BodyDecoder

TOKEN_CHARACTERS_MAX: Final = 48 * 1024
HEADER_CHARACTERS_MAX: Final = 8 * 1024

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_NAMES: Final = frozenset(
    {"alg", "typ", "cty", "kid", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}
)
# What is signed is no body of ours: numbers in it may be anything.
_OBJECT: Final = BodyDecoder(dict[str, Any], takes_card_numbers=True)


class Registry(jws.JWSRegistry):
    """The library's registry without its defaults: an algorithm that was not listed is unknown."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - of the library's, which it does not export
        """The algorithm, if it is on the list.

        The library would warn of `EdDSA`, whose name RFC 9864 deprecates and FAPI 2.0 requires.
        """
        assert self.allowed
        if name not in self.allowed:
            raise JoseRefused("The algorithm is none of those that are taken.")
        return self.algorithms[name]


SIGNATURES: Final[Mapping[Algorithm, Any]] = {
    algorithm: Registry(algorithms=[algorithm]).get_alg(algorithm) for algorithm in Algorithm
}
"""What signs and verifies, by the library."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature nobody has looked at: good for finding the key, and nothing else.

    Attributes:
        text: as it came.
        algorithm: what it claims to be signed with, out of those that are taken.
        header: its protected header.
        claimed: what its payload claims.
    """

    text: str
    algorithm: Algorithm
    header: Mapping[str, Any]
    claimed: Mapping[str, Any]

    @property
    def kid(self) -> str | None:
        """The key that it names."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None


@dataclass(frozen=True, slots=True)
class Signed:
    """A token whose signature holds.

    Attributes:
        header: its protected header.
        claims: its payload.
        key: what verified it.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: PublicKey


def read_token(text: str, *, algorithms: Collection[str] = ALGORITHMS) -> Token:
    """Take a token apart.

    Raises:
        JoseRefused: no compact token, another algorithm, `crit`, or an object with a member twice.
    """
    if len(text) > TOKEN_CHARACTERS_MAX or not _COMPACT.fullmatch(text):
        raise JoseRefused("It is no signed token in compact serialization.")
    head, body, _ = text.split(".")
    if len(head) > HEADER_CHARACTERS_MAX:
        raise JoseRefused(f"The header takes at most {HEADER_CHARACTERS_MAX} characters.")
    header = _object(head)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise JoseRefused(f"The algorithm is none of {', '.join(algorithms)}.")
    if not _NAMES.issuperset(header):
        # `crit` among them: there is no extension that is understood here (RFC 7515, 4.1.11).
        raise JoseRefused("The header has a member that is not understood.")
    if not isinstance(header.get("kid", ""), str):
        raise JoseRefused("The kid is a text.")
    return Token(text, Algorithm(algorithm), header, _object(body))


def verify(token: Token, keys: Sequence[PublicKey]) -> Signed:
    """Check a token's signature with the key that it names.

    One without a `kid` is checked with the keys of its algorithm; its header's own keys and
    addresses are never followed.

    Raises:
        JoseRefused: no such key, or the signature is not by it.
    """
    if token.kid is None:
        fitting = [key for key in keys if key.algorithm is token.algorithm]
    else:
        fitting = [key for key in keys if key.kid == token.kid]
        if any(key.algorithm is not token.algorithm for key in fitting):
            raise JoseRefused("The key is for another algorithm.")
    if not fitting:
        raise JoseRefused("There is no key for it.")
    for key in fitting:
        if is_signed_by(token.text, key):
            return Signed(token.header, token.claimed, key)
    raise JoseRefused("The signature is not valid.")


def is_signed_by(text: str, key: PublicKey) -> bool:
    """Whether a compact token's signature is by a key, under the key's algorithm.

    The header is not read again: `read_token` has, and whoever calls has compared its algorithm
    with the key's.
    """
    signed, _, signature = text.rpartition(".")
    try:
        raw = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        return bool(SIGNATURES[key.algorithm].verify(signed.encode("ascii"), raw, key.key))
    except (JoseError, ValueError):
        return False


def _object(encoded: str) -> dict[str, Any]:
    try:
        return _OBJECT.decode(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (Refusal, ValueError):
        raise JoseRefused("Its header and its claims are JSON objects.") from None
