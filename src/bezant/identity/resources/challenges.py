"""What whoever presents a token wrongly is told (RFC 6750, section 3; RFC 9449, section 7.1)."""

from typing import Final

from bezant.kernel.http import DPOP

ALGORITHMS: Final = "PS256 ES256 EdDSA"
"""Of DPoP proofs."""

_NAMES: Final = {DPOP: "DPoP"}

Header = tuple[bytes, bytes]


def challenge(scheme: str, error: str, **parameters: str) -> Header:
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
