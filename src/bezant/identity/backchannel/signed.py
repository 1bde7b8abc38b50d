"""Signed authentication requests (CIBA Core, section 7.1.1; FAPI-CIBA, section 5.2.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bezant.identity.authorization import AHEAD_MAX, VALID_MAX, Parameters
from bezant.identity.clients import Client, ClientKeys
from bezant.identity.http import Form, OAuthError
from bezant.identity.issuers import Issuer
from bezant.identity.jose import JoseRefused, read_instant, read_token, verify
from bezant.identity.proofs import UsedProofs
from bezant.kernel.clock import Clock

JTI_CHARACTERS_MAX: Final = 512

# What was signed as something else is no request (RFC 8725, section 3.11).
_TYPES: Final = (None, "JWT", "oauth-authz-req+jwt")
_BESIDE: Final = frozenset({"request", "client_id", "client_assertion", "client_assertion_type"})
_ABOUT_ITSELF: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "client_id"})


class SignedRequests:
    """Reads what a client asks for, signed if it is registered to sign.

    Args:
        used: a request that was used is refused the second time: each disturbs somebody.
    """

    def __init__(self, keys: ClientKeys, used: UsedProofs, clock: Clock) -> None:
        self._keys = keys
        self._used = used
        self._clock = clock

    async def read(self, issuer: Issuer, client: Client, form: Form) -> Parameters:
        """The parameters of a request.

        Raises:
            OAuthError: `invalid_request`, which is what section 13 has for all of it.
        """
        assert client.backchannel is not None, "a client that may ask says how"
        algorithm = client.backchannel.authentication_request_signing_alg
        if algorithm is None:
            if "request" in form:
                raise _refused("The client is not registered to sign its requests.")
            return Parameters(form, form.every("resource"))
        if "request" not in form:
            raise _refused("The client is registered to sign its requests.")
        # Nothing but what authenticates the client stands beside it.
        if not _BESIDE.issuperset(form):
            raise _refused("Parameters are in the signed request or outside, not both.")
        try:
            token = read_token(form["request"], algorithms=[algorithm])
            claims = verify(token, await self._keys.of(client, token.kid)).claims
            until = self._check(issuer, client, claims, token.header.get("typ"))
        except JoseRefused as refused:
            raise _refused(f"request: {refused}") from None
        name = f"backchannel request {client.id} {claims['jti']}"
        if not await self._used.use(issuer.tenant_id, name, until):
            raise _refused("request: It was used before.")
        return Parameters({key: each for key, each in claims.items() if key not in _ABOUT_ITSELF})

    def _check(
        self, issuer: Issuer, client: Client, claims: Mapping[str, Any], typ: object
    ) -> datetime:
        """Check what it says of itself; until when it would be good."""
        if typ not in _TYPES:
            raise JoseRefused("Its typ is that of another kind of token.")
        # A client assertion has the client as its subject: none passes for a request.
        if claims.get("iss") != str(client.id) or "sub" in claims:
            raise JoseRefused("Its iss is the client, and it has no sub.")
        if claims.get("client_id", str(client.id)) != str(client.id):
            raise JoseRefused("It names another client.")
        audience = claims.get("aud")
        if issuer.url not in (audience if isinstance(audience, list) else [audience]):
            raise JoseRefused("Its aud is the issuer.")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARACTERS_MAX:
            raise JoseRefused(f"It needs a jti of at most {JTI_CHARACTERS_MAX} characters.")
        if not {"request", "request_uri"}.isdisjoint(claims):
            raise JoseRefused("It holds another request.")
        return self._check_times(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> datetime:
        now = self._clock.now()
        issued, since, until = (read_instant(claims, name) for name in ("iat", "nbf", "exp"))
        if issued is None or since is None or until is None:
            raise JoseRefused("It needs iat, nbf and exp.")
        if until <= now:
            raise JoseRefused("It has expired.")
        if max(issued, since) > now + AHEAD_MAX:
            raise JoseRefused("It is not valid yet.")
        if since < now - VALID_MAX or until - since > VALID_MAX:
            raise JoseRefused("It is valid for more than an hour.")
        return until


def _refused(reason: str) -> OAuthError:
    return OAuthError("invalid_request", reason)
