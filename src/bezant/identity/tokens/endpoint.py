"""The token endpoint (RFC 6749, section 3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field

from bezant.identity.clients import ClientAuthenticator
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.proofs import DpopVerifier
from bezant.identity.tokens.access import AccessTokens
from bezant.identity.tokens.confirming import confirm
from bezant.identity.tokens.giving import Asked, Given, Givers
from bezant.identity.tokens.ports import IdTokenIssuer, Poller

CLIENT_CREDENTIALS: Final = "client_credentials"
CODE: Final = "authorization_code"
REFRESH: Final = "refresh_token"


class TokenAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A successful answer (RFC 6749, section 5.1).

    Attributes:
        token_type: `DPoP`; `Bearer` where the key is that of a certificate, which is what RFC 8705
            calls a token that no other can bear.
        refresh_token: to be presented next time; None where none is given, or the old one stays.
        grant_id: by which the client manages what the user gave it.
    """

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None
    id_token: str | None = None
    grant_id: UUID | None = None
    authorization_details: list[Mapping[str, Any]] = field(default_factory=list)


class TokenEndpoint:
    """Authenticates the client, has its key proven, and gives what the grant type allows.

    Args:
        pollers: further grant types, whose users decide elsewhere.
    """

    def __init__(
        self,
        clients: ClientAuthenticator,
        proofs: DpopVerifier,
        givers: Givers,
        access: AccessTokens,
        id_tokens: IdTokenIssuer,
        pollers: Mapping[str, Poller] = MappingProxyType({}),
    ) -> None:
        self._clients = clients
        self._proofs = proofs
        self._access = access
        self._id_tokens = id_tokens
        self._givers: dict[str, Callable[[Asked], Awaitable[Given]]] = {
            CLIENT_CREDENTIALS: givers.client_credentials,
            CODE: givers.code,
            REFRESH: givers.refreshed,
            **{name: partial(givers.polled, poller) for name, poller in pollers.items()},
        }

    @property
    def grant_types(self) -> list[str]:
        """Those that are taken, as metadata has them."""
        return list(self._givers)

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST {issuer}/token`."""
        client = (await self._clients.authenticate(request)).client
        grant_type = request.form.required("grant_type")
        give = self._givers.get(grant_type)
        if give is None:
            raise OAuthError("unsupported_grant_type", "There is no such grant type here.")
        if grant_type not in client.grant_types:
            raise OAuthError("unauthorized_client", "The client may not use this grant type.")
        confirmation = await confirm(request, client, self._proofs)
        asked = Asked(request.issuer, client, confirmation, request.form)
        return ProtocolAnswer.json(200, await self._answer(asked, await give(asked)))

    async def _answer(self, asked: Asked, given: Given) -> TokenAnswer:
        claims = given.claims
        access_token = await self._access.sign(asked.client.tenant_id, claims)
        id_token = None
        if given.redeemed is not None and "openid" in claims.scopes:
            assert given.grant is not None
            id_token = await self._id_tokens.issue(
                asked.issuer, asked.client, given.grant, given.redeemed, access_token
            )
        return TokenAnswer(
            access_token=access_token,
            token_type="Bearer" if claims.cnf.jkt is None else "DPoP",
            expires_in=claims.exp - claims.iat,
            scope=claims.scope,
            refresh_token=given.refresh_token,
            id_token=id_token,
            grant_id=claims.grant_id,
            authorization_details=claims.authorization_details,
        )
