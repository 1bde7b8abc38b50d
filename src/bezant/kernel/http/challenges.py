"""What whoever presents a token wrongly is told (RFC 6750, section 3; RFC 9449, section 7.1).

A client that sent a DPoP token would not look into a challenge for `Bearer`.
"""

from typing import Final

from bezant.kernel.errors import Forbidden, Refusal, StepUpNeeded
from bezant.kernel.http.credentials import DPOP

ALGORITHMS: Final = "PS256 ES256 EdDSA"
"""Of DPoP proofs."""

_TOO_WEAK: Final = "insufficient_user_authentication"
_NAMES: Final = {DPOP: "DPoP"}

ChallengeHeader = tuple[bytes, bytes]


def challenge(scheme: str, error: str, **parameters: str) -> ChallengeHeader:
    """A `WWW-Authenticate` header.

    Args:
        scheme: in which the token came; any but `dpop` is answered as `Bearer`, the scheme of
            tokens that are bound to a certificate (RFC 8705, section 3).
        error: such as `invalid_token`.
        parameters: our own texts, which hold no quotes; such as `scope`, `acr_values`, `max_age`.
    """
    members = {"error": error, **parameters}
    if scheme == DPOP:
        members["algs"] = ALGORITHMS
    assert not any('"' in value or "\\" in value for value in members.values())
    text = ", ".join(f'{name}="{value}"' for name, value in members.items())
    return b"www-authenticate", f"{_NAMES.get(scheme, 'Bearer')} {text}".encode()


def challenged(refusal: Refusal, scheme: str) -> Refusal:
    """What a caller who may not do something is told, with a challenge in their own scheme.

    `insufficient_scope` is RFC 6750 (section 3.1), and a login that is too weak RFC 9470.
    """
    match refusal:
        case StepUpNeeded():
            refusal.headers = (challenge(scheme, _TOO_WEAK, **refusal.wanted),)
        case Forbidden(facts={"scope": wanted}):
            refusal.headers = (challenge(scheme, "insufficient_scope", scope=str(wanted)),)
    return refusal
