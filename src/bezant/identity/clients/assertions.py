"""Client assertions: what they must claim, beside being signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bezant.identity.issuers import Issuer
from bezant.identity.jose import JoseRefused, Token, read_instant

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

LIFE_MAX: Final = timedelta(minutes=10)
"""How far in the future one may expire: for as long its `jti` is remembered."""

AHEAD_MAX: Final = timedelta(seconds=30)
"""How far ahead a client's clock may be. FAPI 2.0 (5.3.2.1): 10 s are taken, over 60 s are not."""

JTI_CHARACTERS_MAX: Final = 512

# RFC 8725, section 3.11: what was signed as something else is no assertion.
_TYPES: Final = (None, "JWT", "jwt", "client-authentication+jwt")


@dataclass(frozen=True, slots=True)
class GoodAssertion:
    """An assertion in order.

    Attributes:
        jti: under which it is used once.
        until: from when on it is refused for its age.
    """

    jti: str
    until: datetime


def subject_of(token: Token) -> str:
    """The client that an assertion claims to be of, by `iss` and `sub` alike.

    Raises:
        JoseRefused: it is none.
    """
    subject = token.claimed.get("sub")
    if token.header.get("typ") not in _TYPES:
        raise JoseRefused("Its typ is that of another kind of token.")
    if not isinstance(subject, str) or token.claimed.get("iss") != subject:
        raise JoseRefused("Its iss and sub are both the client_id.")
    return subject


def check_claims(claims: Mapping[str, Any], issuer: Issuer, now: datetime) -> GoodAssertion:
    """Check the claims of an assertion whose signature holds.

    Raises:
        JoseRefused: naming the claim.
    """
    # A text, and this one only: an audience that others share would let them replay it here.
    if claims.get("aud") != issuer.url:
        raise JoseRefused("Its aud is the issuer, as a string.")
    until = read_instant(claims, "exp")
    if until is None:
        raise JoseRefused("It needs exp.")
    if until <= now:
        raise JoseRefused("It has expired.")
    if until > now + LIFE_MAX:
        raise JoseRefused(f"It expires more than {LIFE_MAX.seconds} s from now.")
    for name in ("iat", "nbf"):
        instant = read_instant(claims, name)
        if instant is not None and instant > now + AHEAD_MAX:
            raise JoseRefused(f"Its {name} is in the future.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARACTERS_MAX:
        raise JoseRefused(f"It needs a jti of at most {JTI_CHARACTERS_MAX} characters.")
    return GoodAssertion(jti, until)
