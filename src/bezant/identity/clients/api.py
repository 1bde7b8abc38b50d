"""The routes of clients."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.clients.errors import (
    ClientGrantTooWide,
    InvalidClientMetadata,
    InvalidRedirectUri,
    OAuthClientDisabled,
    OAuthClientNotFound,
)
from bezant.identity.clients.schemas import (
    ClientKeysChange,
    NewOAuthClient,
    OAuthClient,
    OAuthClients,
)
from bezant.identity.clients.service import ClientService, GrantedScopes
from bezant.kernel.api_keys import UsableScopes
from bezant.kernel.calls import Answer, Principal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page

SCOPE: Final = "identity:clients"

_CLIENTS: Final = "/v1/oauth-clients"
_CLIENT: Final = f"{_CLIENTS}/{{client}}"
_TAG: Final = "oauth-clients"

_JWKS: Final = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "2026-11",
            "use": "sig",
        }
    ]
}


class ClientPath(Struct, frozen=True):
    """A client."""

    client: UUID


class Routes:
    """The handlers. A caller hands on at most the scopes that it holds, as far as it may use them.

    The latter where the client gets tokens for itself: those for users are bound by the users' own
    roles, so who registers a client for them need not have these.
    """

    def __init__(self, clients: ClientService, usable: UsableScopes) -> None:
        self._clients = clients
        self._usable = usable

    def _granted(self, principal: Principal) -> GrantedScopes:
        def granted(grant_types: Collection[str]) -> frozenset[str]:
            is_for_itself = "client_credentials" in grant_types
            return self._usable(principal) if is_for_itself else principal.scopes

        return granted

    async def create(self, asked: Writing[Nothing, NewOAuthClient]) -> Answer:
        """`POST /v1/oauth-clients`."""
        granted = self._granted(asked.principal)
        return await self._clients.create(asked.call, asked.body, granted=granted)

    async def page(self, asked: Reading[Nothing, Page]) -> OAuthClients:
        """`GET /v1/oauth-clients`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _CLIENTS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._clients.page(tenant_id, after=after, limit=limit),
        )

    async def read(self, asked: Reading[ClientPath, Nothing]) -> OAuthClient:
        """`GET /v1/oauth-clients/{client}`."""
        return await self._clients.read(asked.principal.tenant_id, asked.path.client)

    async def change_keys(self, asked: Writing[ClientPath, ClientKeysChange]) -> Answer:
        """`POST /v1/oauth-clients/{client}/keys`."""
        return await self._clients.change_keys(
            asked.call, asked.path.client, asked.body, granted=self._granted(asked.principal)
        )

    async def disable(self, asked: Writing[ClientPath, Nothing]) -> Answer:
        """`POST /v1/oauth-clients/{client}/disable`."""
        return await self._clients.disable(asked.call, asked.path.client)


def operations(clients: ClientService, usable: UsableScopes) -> Sequence[Operation]:
    """The operations on clients.

    Args:
        clients: of every tenant.
        usable: bounds what callers hand on.
    """
    routes = Routes(clients, usable)
    return [
        _creation(routes),
        ReadOperation(
            id="list_oauth_clients",
            path=_CLIENTS,
            tag=_TAG,
            summary="Your OAuth clients, oldest first",
            scope=SCOPE,
            query_type=Page,
            answer_type=OAuthClients,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="read_oauth_client",
            path=_CLIENT,
            tag=_TAG,
            summary="An OAuth client",
            scope=SCOPE,
            path_type=ClientPath,
            answer_type=OAuthClient,
            refusals=(OAuthClientNotFound,),
            handler=routes.read,
        ),
        WriteOperation(
            id="change_oauth_client_keys",
            path=f"{_CLIENT}/keys",
            tag=_TAG,
            summary="Replace an OAuth client's keys",
            description="What is not given is gone: send old and new keys while the client moves.",
            scope=SCOPE,
            action="oauth_client.change_keys",
            path_type=ClientPath,
            body_type=ClientKeysChange,
            example={"jwks": _JWKS},
            answer_type=OAuthClient,
            refusals=(
                OAuthClientNotFound,
                OAuthClientDisabled,
                ClientGrantTooWide,
                InvalidClientMetadata,
            ),
            handler=routes.change_keys,
        ),
        WriteOperation(
            id="disable_oauth_client",
            path=f"{_CLIENT}/disable",
            tag=_TAG,
            summary="Disable an OAuth client for good",
            scope=SCOPE,
            action="oauth_client.disable",
            path_type=ClientPath,
            body_type=Nothing,
            example={},
            answer_type=OAuthClient,
            refusals=(OAuthClientNotFound,),
            handler=routes.disable,
        ),
    ]


def _creation(routes: Routes) -> Operation:
    return WriteOperation(
        id="create_oauth_client",
        path=_CLIENTS,
        tag=_TAG,
        summary="Register an OAuth client",
        description="Its `id` is its `client_id`. There are no client secrets.",
        scope=SCOPE,
        action="oauth_client.create",
        body_type=NewOAuthClient,
        example={
            "name": "Payments",
            "redirect_uris": ["https://app.example.com/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid"],
            "jwks": _JWKS,
        },
        status=201,
        answer_type=OAuthClient,
        refusals=(ClientGrantTooWide, InvalidClientMetadata, InvalidRedirectUri),
        handler=routes.create,
    )
