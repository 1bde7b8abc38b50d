"""From an access token to the caller of the API, who proves the token's key with each request."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer, Issuers
from bezant.identity.proofs import DpopVerifier, Presented
from bezant.identity.resources.guard import is_proven
from bezant.identity.tokens import AccessTokens, Claims, InvalidAccessToken, resources_of
from bezant.kernel.calls import PERSON, Principal, PrincipalKind
from bezant.kernel.errors import NotFound, Unauthenticated
from bezant.kernel.http import DPOP, Authenticator, ChallengeHeader, Credentials, challenge

TOKEN_CHARACTERS_MAX: Final = 8_192
API_KEY_PREFIX: Final = "bz_"


_SAFE: Final = frozenset({"GET", "HEAD"})


class TokenRefused(Unauthenticated):
    """The access token is not valid, or its key was not proven. Which of these is not told.

    Attributes:
        headers: the challenge, and a nonce where the proof needs a newer one.
    """

    def __init__(self, *headers: ChallengeHeader) -> None:
        super().__init__("The access token is not valid for this request.")
        self.headers = headers


class _Issued(Struct, frozen=True):
    """What is read of a token before its signature can be looked at."""

    iss: str


_issued: Final = msgspec.json.Decoder(_Issued)


class TokenAuthenticator:
    """Authenticates access tokens that are bound to their sender; there are no others."""

    def __init__(self, access: AccessTokens, proofs: DpopVerifier, issuers: Issuers) -> None:
        self._access = access
        self._proofs = proofs
        self._issuers = issuers

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller whose token this is.

        Raises:
            TokenRefused: unknown, expired, revoked, not for the API, or not the sender's own.
            Unavailable: that cannot be known now.
        """
        try:
            issuer = await self._issuer(credentials.token)
            claims = await self._access.read(issuer, credentials.token)
        except InvalidAccessToken:
            raise _refused(credentials) from None
        if claims.audience.isdisjoint(resources_of(issuer)):
            raise _refused(credentials)
        jkt = await self._prove(issuer, credentials) if credentials.scheme == DPOP else None
        der = credentials.certificate
        certificate = None if der is None else PresentedCertificate(der)
        if not is_proven(claims.cnf, credentials.scheme, jkt, certificate):
            raise _refused(credentials)
        return _principal(issuer.tenant_id, claims, await self._access.roles(issuer, claims))

    async def _issuer(self, token: str) -> Issuer:
        """Whose token it claims to be, which its signature then has to show."""
        if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
            raise InvalidAccessToken
        payload = token.split(".")[1:2]
        try:
            url = _issued.decode(urlsafe_b64decode("".join(payload) + "==")).iss
            issuer = await self._issuers.find(UUID(url.rpartition("/")[2]))
        except (ValueError, NotFound):
            # `ValueError` is what all of the three readers raise.
            raise InvalidAccessToken from None
        if issuer.url != url:
            raise InvalidAccessToken
        return issuer

    async def _prove(self, issuer: Issuer, credentials: Credentials) -> str | None:
        """The thumbprint of the key whose DPoP proof came with a request."""
        origins = resources_of(issuer)
        if not any(credentials.url.startswith(f"{origin}/") for origin in origins):
            # A proof for whatever host the request names would be one for a host in between.
            raise _refused(credentials)
        presented = Presented(
            credentials.proofs,
            credentials.method,
            credentials.url,
            access_token=credentials.token,
            is_durable=credentials.method not in _SAFE,
        )
        try:
            return await self._proofs.prove(issuer.tenant_id, presented)
        except OAuthError as error:
            raise TokenRefused(challenge(DPOP, error.error), *error.headers) from None


class Callers:
    """Authenticates whatever the API takes: its own keys, and access tokens."""

    def __init__(self, keys: Authenticator, tokens: Authenticator) -> None:
        self._keys = keys
        self._tokens = tokens

    async def authenticate(self, credentials: Credentials) -> Principal:
        """The caller. See `Authenticator`."""
        if credentials.token.startswith(API_KEY_PREFIX):
            return await self._keys.authenticate(credentials)
        return await self._tokens.authenticate(credentials)


def _principal(tenant_id: UUID, claims: Claims, roles: frozenset[str]) -> Principal:
    through = () if claims.act is None else claims.act.chain
    if claims.grant_id is None:
        return Principal(
            tenant_id,
            f"client:{claims.sub}",
            claims.scopes,
            kind=PrincipalKind.CLIENT,
            client_id=claims.client_id,
            through=through,
        )
    assert claims.auth_time is not None
    return Principal(
        tenant_id,
        f"{PERSON}{claims.sub}",
        claims.scopes,
        kind=PrincipalKind.USER,
        user_id=UUID(claims.sub),
        client_id=claims.client_id,
        roles=roles,
        acr=claims.acr,
        authenticated_at=datetime.fromtimestamp(claims.auth_time, UTC),
        through=through,
    )


def _refused(credentials: Credentials, *others: ChallengeHeader) -> TokenRefused:
    return TokenRefused(challenge(credentials.scheme, "invalid_token"), *others)
