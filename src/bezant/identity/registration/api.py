"""The routes of trust in those who register clients."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.clients import ClientGrantTooWide
from bezant.identity.registration.errors import (
    InitialAccessTokenNotFound,
    StatementIssuerExists,
    StatementIssuerInvalid,
    StatementIssuerNotFound,
)
from bezant.identity.registration.schemas import (
    InitialAccessToken,
    InitialAccessTokens,
    IssuedInitialAccessToken,
    NewInitialAccessToken,
    NewStatementIssuer,
    Registrations,
    StatementIssuer,
    StatementIssuers,
)
from bezant.identity.registration.trust import TrustService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page

SCOPE: Final = "identity:registration"

_ISSUERS: Final = "/v1/software-statement-issuers"
_TOKENS: Final = "/v1/initial-access-tokens"
_REGISTRATIONS: Final = "/v1/oauth-client-registrations"
_TAG: Final = "client-registration"


class IssuerPath(Struct, frozen=True):
    """An issuer of software statements."""

    issuer: UUID


class TokenPath(Struct, frozen=True):
    """An initial access token."""

    token: UUID


class Routes:
    """The handlers. A caller hands on at most the scopes that it holds."""

    def __init__(self, trust: TrustService) -> None:
        self._trust = trust

    async def trust(self, asked: Writing[Nothing, NewStatementIssuer]) -> Answer:
        """`POST /v1/software-statement-issuers`."""
        return await self._trust.trust(asked.call, asked.body, granted=asked.principal.scopes)

    async def issuers(self, asked: Reading[Nothing, Page]) -> StatementIssuers:
        """`GET /v1/software-statement-issuers`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _ISSUERS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._trust.issuers(tenant_id, after=after, limit=limit),
        )

    async def distrust(self, asked: Writing[IssuerPath, Nothing]) -> Answer:
        """`POST /v1/software-statement-issuers/{issuer}/remove`."""
        return await self._trust.distrust(asked.call, asked.path.issuer)

    async def issue(self, asked: Writing[Nothing, NewInitialAccessToken]) -> Answer:
        """`POST /v1/initial-access-tokens`."""
        return await self._trust.issue(asked.call, asked.body, granted=asked.principal.scopes)

    async def tokens(self, asked: Reading[Nothing, Page]) -> InitialAccessTokens:
        """`GET /v1/initial-access-tokens`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _TOKENS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._trust.tokens(tenant_id, after=after, limit=limit),
        )

    async def revoke(self, asked: Writing[TokenPath, Nothing]) -> Answer:
        """`POST /v1/initial-access-tokens/{token}/revoke`."""
        return await self._trust.revoke(asked.call, asked.path.token)

    async def registrations(self, asked: Reading[Nothing, Page]) -> Registrations:
        """`GET /v1/oauth-client-registrations`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _REGISTRATIONS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._trust.registrations(tenant_id, after=after, limit=limit),
        )


def operations(trust: TrustService) -> Sequence[Operation]:
    """The operations on trust, and what came of it."""
    routes = Routes(trust)
    return [
        *_issuer_operations(routes),
        *_token_operations(routes),
        ReadOperation(
            id="list_oauth_client_registrations",
            path=_REGISTRATIONS,
            tag=_TAG,
            summary="Which OAuth clients registered themselves, and by what, oldest first",
            scope="identity:clients",
            query_type=Page,
            answer_type=Registrations,
            refusals=(InvalidCursor,),
            handler=routes.registrations,
        ),
    ]


def _issuer_operations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_software_statement_issuer",
            path=_ISSUERS,
            tag=_TAG,
            summary="Let clients register by an issuer's software statements",
            description="To change its keys or scopes, remove it and create it anew.",
            scope=SCOPE,
            action="software_statement_issuer.create",
            body_type=NewStatementIssuer,
            example={
                "issuer": "OpenBanking Ltd",
                "jwks_uri": "https://keystore.example.com/issuer.jwks",
                "profile": "fapi1-advanced",
                "scopes": ["openid", "accounts", "payments"],
            },
            status=201,
            answer_type=StatementIssuer,
            refusals=(ClientGrantTooWide, StatementIssuerExists, StatementIssuerInvalid),
            handler=routes.trust,
        ),
        ReadOperation(
            id="list_software_statement_issuers",
            path=_ISSUERS,
            tag=_TAG,
            summary="Whose software statements let clients register, oldest first",
            scope=SCOPE,
            query_type=Page,
            answer_type=StatementIssuers,
            refusals=(InvalidCursor,),
            handler=routes.issuers,
        ),
        WriteOperation(
            id="remove_software_statement_issuer",
            path=f"{_ISSUERS}/{{issuer}}/remove",
            tag=_TAG,
            summary="Take no further software statement of an issuer",
            description="Clients that registered stay, but can update themselves no more.",
            scope=SCOPE,
            action="software_statement_issuer.remove",
            path_type=IssuerPath,
            body_type=Nothing,
            example={},
            answer_type=StatementIssuer,
            refusals=(StatementIssuerNotFound,),
            handler=routes.distrust,
        ),
    ]


def _token_operations(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_initial_access_token",
            path=_TOKENS,
            tag=_TAG,
            summary="Let whoever has the token register clients",
            description="The first answer is the only one that has the token.",
            scope=SCOPE,
            action="initial_access_token.create",
            body_type=NewInitialAccessToken,
            example={"name": "Partner's first client", "scopes": ["openid"], "uses": 1},
            status=201,
            answer_type=IssuedInitialAccessToken,
            refusals=(ClientGrantTooWide,),
            handler=routes.issue,
        ),
        ReadOperation(
            id="list_initial_access_tokens",
            path=_TOKENS,
            tag=_TAG,
            summary="Your initial access tokens, oldest first",
            description="They leave the list a month after they expired.",
            scope=SCOPE,
            query_type=Page,
            answer_type=InitialAccessTokens,
            refusals=(InvalidCursor,),
            handler=routes.tokens,
        ),
        WriteOperation(
            id="revoke_initial_access_token",
            path=f"{_TOKENS}/{{token}}/revoke",
            tag=_TAG,
            summary="Let nobody register by a token any more",
            scope=SCOPE,
            action="initial_access_token.revoke",
            path_type=TokenPath,
            body_type=Nothing,
            example={},
            answer_type=InitialAccessToken,
            refusals=(InitialAccessTokenNotFound,),
            handler=routes.revoke,
        ),
    ]
