"""Registration requests: JSON, or the same signed by the software that registers."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from bezant.identity.clients import ClientKeys, check_claims
from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.jose import JoseRefused, read_token, verify
from bezant.identity.registration.domain import Once
from bezant.identity.registration.metadata import invalid
from bezant.kernel.clock import Clock

_TYPES: Final = (None, "JWT", "jwt")
_OF_THE_TOKEN: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


class SignedRequests:
    """Reads bodies that are signed, as UK Open Banking sends them (`application/jwt`).

    Args:
        keys: of the software that signs.
    """

    def __init__(self, keys: ClientKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def check(
        self,
        request: ProtocolRequest,
        keys: tuple[Mapping[str, Any] | None, str | None],
        signers: Collection[str],
    ) -> Once:
        """Check the signature of a request, which its audience, end and `jti` make good for once.

        Args:
            request: whose body is a signed token.
            keys: by value, or where they are published.
            signers: what its `iss` may be.

        Raises:
            OAuthError: `invalid_client_metadata`.
        """
        try:
            token = read_token(request.token or "")
            signed = verify(token, await self._keys.read(*keys, token.kid))
            good = check_claims(signed.claims, request.issuer, self._clock.now())
        except JoseRefused as refused:
            raise invalid(f"The signed request: {refused}") from None
        # RFC 8725, section 3.11: what was signed as something else is no registration.
        if token.header.get("typ") not in _TYPES:
            raise invalid("The signed request: its typ is that of another kind of token.")
        signer = signed.claims.get("iss")
        if not isinstance(signer, str) or signer not in signers:
            raise invalid("The signed request: its iss is the software_id.")
        return Once(f"registration request {len(signer)} {signer} {good.jti}", good.until)


def members_of(request: ProtocolRequest) -> Mapping[str, Any]:
    """What a request asks for. Nobody has looked at the signature, if there is one.

    Raises:
        OAuthError: `invalid_client_metadata`, as it cannot be read.
    """
    if request.token is None:
        return request.json
    try:
        claimed = read_token(request.token).claimed
    except JoseRefused as refused:
        raise invalid(f"The signed request: {refused}") from None
    return {name: value for name, value in claimed.items() if name not in _OF_THE_TOKEN}


def bearer_of(request: ProtocolRequest) -> str | None:
    """The token that a request brings (RFC 6750, section 2.1), if it brings one.

    Raises:
        OAuthError: several, or of another scheme.
    """
    values = request.headers.every(b"authorization")
    if not values:
        return None
    scheme, _, token = values[0].decode("latin-1").partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer" or not token.strip(" "):
        raise refused_token("Send one token, as Bearer.")
    return token.strip(" ")


def refused_token(description: str) -> OAuthError:
    """A token that lets nobody do this (RFC 6750, section 3.1)."""
    challenge = (b"www-authenticate", b'Bearer error="invalid_token"')
    return OAuthError("invalid_token", description, 401, [challenge])
