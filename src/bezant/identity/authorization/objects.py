"""Request objects (RFC 9101): a client's whole request, signed by it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from bezant.identity.clients import Client, ClientKeys
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer
from bezant.identity.jose import JoseRefused, read_token, verify
from bezant.kernel.clock import Clock

VALID_MAX: Final = timedelta(minutes=60)
"""From `nbf` to `exp`, and the age of `nbf` (FAPI 2.0 Message Signing, section 5.3.1; FAPI 1.0
Advanced, section 5.2.2)."""

AHEAD_MAX: Final = timedelta(seconds=10)
"""How far the client's clock may be ahead of ours: 10 s must be taken, 60 s must not (FAPI 2.0
Security Profile, section 5.3.2.1)."""

_TYPES: Final = frozenset({None, "JWT", "oauth-authz-req+jwt"})
_ABOUT_ITSELF: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})


class RequestObjects:
    """Reads request objects."""

    def __init__(self, keys: ClientKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def read(self, issuer: Issuer, client: Client, text: str) -> Mapping[str, Any]:
        """The parameters that the client signed.

        Raises:
            OAuthError: `invalid_request_object`.
        """
        try:
            token = read_token(text)
            claims = verify(token, await self._keys.of(client, token.kid)).claims
        except JoseRefused as refused:
            raise _refused(str(refused)) from None
        if token.header.get("typ") not in _TYPES:
            raise _refused("The token is of another type.")
        # A client assertion has the client as its subject, a request object has none (10.8).
        if claims.get("iss") != str(client.id) or "sub" in claims:
            raise _refused("The issuer is not the client, or there is a subject.")
        if claims.get("client_id") != str(client.id):
            raise _refused("It does not name the client.")
        audience = claims.get("aud")
        if issuer.url not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("It is not for this issuer.")
        self._check_times(claims)
        if not {"request", "request_uri"}.isdisjoint(claims):
            raise _refused("It holds another request.")
        return {name: value for name, value in claims.items() if name not in _ABOUT_ITSELF}

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        valid_s, ahead_s = VALID_MAX.total_seconds(), AHEAD_MAX.total_seconds()
        until, since = _time(claims, "exp"), _time(claims, "nbf")
        if until <= now:
            raise _refused("It has expired.")
        if since > now + ahead_s or ("iat" in claims and _time(claims, "iat") > now + ahead_s):
            raise _refused("It is not valid yet.")
        if since < now - valid_s:
            raise _refused("Its nbf is too long ago.")
        if until - since > valid_s:
            raise _refused("It is valid for too long.")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # In Python a truth value is a number.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"Its {name} is missing, or no number.")
    return value


def _refused(reason: str) -> OAuthError:
    return OAuthError("invalid_request_object", reason)
