"""Confirmations: the key that whoever presents a token must prove to hold (RFC 7800)."""

from msgspec import Struct


class Confirmation(Struct, frozen=True, omit_defaults=True, rename={"x5t_s256": "x5t#S256"}):
    """The `cnf` claim; exactly one of its members is set.

    Attributes:
        jkt: SHA-256 thumbprint of a DPoP key, base64url (RFC 9449, section 6.1).
        x5t_s256: SHA-256 of a client certificate in DER, base64url (RFC 8705, section 3.1).
    """

    jkt: str | None = None
    x5t_s256: str | None = None

    def __post_init__(self) -> None:
        assert (self.jkt is None) != (self.x5t_s256 is None)
