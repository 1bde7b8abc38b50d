"""Introspection (RFC 7662), signed where it is asked for (RFC 9701)."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct, field

from bezant.identity.clients import Client, ClientAuthenticator
from bezant.identity.confirmation import Confirmation
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.issuers import Issuer
from bezant.identity.logins import Acr
from bezant.identity.signing import SigningKeys
from bezant.identity.tokens.access import AccessTokens, InvalidAccessToken
from bezant.identity.tokens.domain import Actor
from bezant.kernel.clock import Clock

SCOPE: Final = "introspection"
"""Registered for a client that is a resource server: it may ask about others' tokens too."""

SIGNED: Final = "application/token-introspection+jwt"
_SIGNED_TYPE: Final = "token-introspection+jwt"


class Introspection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told of a token (RFC 7662, section 2.2); of one that does not hold, only that."""

    active: bool
    iss: str | None = None
    sub: str | None = None
    aud: str | list[str] | None = None
    client_id: UUID | None = None
    scope: str | None = None
    token_type: str | None = None
    jti: str | None = None
    iat: int | None = None
    exp: int | None = None
    cnf: Confirmation | None = None
    grant_id: UUID | None = None
    auth_time: int | None = None
    acr: Acr | None = None
    act: Actor | None = None
    authorization_details: list[Mapping[str, Any]] = field(default_factory=list)


class IntrospectionEndpoint:
    """Tells clients about access tokens.

    Refresh tokens are told of to nobody: only their own client presents them, and it learns of
    their end by that.
    """

    def __init__(
        self,
        clients: ClientAuthenticator,
        access: AccessTokens,
        keys: SigningKeys,
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._access = access
        self._keys = keys
        self._clock = clock

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST {issuer}/introspect`."""
        client = (await self._clients.authenticate(request)).client
        if client.is_public:
            # Whoever found a token could learn here what it is good for.
            raise OAuthError("invalid_client", "A public client may not ask.", 401)
        token = request.form.required("token")
        found = await self._look(request.issuer, client, token)
        if not _wants_signature(request):
            return ProtocolAnswer.json(200, found)
        return await self._signed(request.issuer, client, found)

    async def _look(self, issuer: Issuer, client: Client, token: str) -> Introspection:
        try:
            claims = await self._access.read(issuer, token)
        except InvalidAccessToken:
            return Introspection(active=False)
        if claims.client_id != client.id and SCOPE not in client.scopes:
            return Introspection(active=False)
        return Introspection(
            active=True,
            iss=claims.iss,
            sub=claims.sub,
            aud=claims.aud,
            client_id=claims.client_id,
            scope=claims.scope,
            token_type="Bearer" if claims.cnf.jkt is None else "DPoP",
            jti=claims.jti,
            iat=claims.iat,
            exp=claims.exp,
            cnf=claims.cnf,
            grant_id=claims.grant_id,
            auth_time=claims.auth_time,
            acr=claims.acr,
            act=claims.act,
            authorization_details=claims.authorization_details,
        )

    async def _signed(self, issuer: Issuer, client: Client, found: Introspection) -> ProtocolAnswer:
        """The answer as a JWT for this client (RFC 9701, section 5)."""
        claims = {
            "iss": issuer.url,
            "aud": str(client.id),
            "iat": int(self._clock.now().timestamp()),
            "token_introspection": msgspec.to_builtins(found),
        }
        text = await self._keys.sign(issuer.tenant_id, claims, typ=_SIGNED_TYPE)
        return ProtocolAnswer.text(200, text, SIGNED.encode())


def _wants_signature(request: ProtocolRequest) -> bool:
    accepted = b",".join(request.headers.every(b"accept")).split(b",")
    return any(part.partition(b";")[0].strip().lower() == SIGNED.encode() for part in accepted)
