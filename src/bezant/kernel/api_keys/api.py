"""The routes of API keys."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.api_keys.errors import (
    ApiKeyEnded,
    ApiKeyNotFound,
    ExpiryInThePast,
    GrantTooWide,
)
from bezant.kernel.api_keys.schemas import ApiKey, ApiKeys, IssuedApiKey, NewApiKey, Rotation
from bezant.kernel.api_keys.service import ApiKeyService
from bezant.kernel.calls import Answer, Principal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page

SCOPE: Final = "keys:write"

_KEYS: Final = "/v1/api-keys"


UsableScopes = Callable[[Principal], frozenset[str]]
"""Those of a caller's scopes that are of use to the caller: a key is bound by no role any more."""


class KeyPath(Struct, frozen=True):
    """An API key."""

    key: UUID


class Routes:
    """The handlers. A caller hands on at most the scopes that it holds and could use itself."""

    def __init__(self, keys: ApiKeyService, usable: UsableScopes) -> None:
        self._keys = keys
        self._usable = usable

    async def create(self, asked: Writing[Nothing, NewApiKey]) -> Answer:
        """`POST /v1/api-keys`."""
        return await self._keys.create(
            asked.call, asked.body, granted=self._usable(asked.principal)
        )

    async def page(self, asked: Reading[Nothing, Page]) -> ApiKeys:
        """`GET /v1/api-keys`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _KEYS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._keys.page(tenant_id, after=after, limit=limit),
        )

    async def rotate(self, asked: Writing[KeyPath, Rotation]) -> Answer:
        """`POST /v1/api-keys/{key}/rotate`."""
        return await self._keys.rotate(
            asked.call,
            asked.path.key,
            overlap_s=asked.body.overlap_s,
            granted=self._usable(asked.principal),
        )

    async def revoke(self, asked: Writing[KeyPath, Nothing]) -> Answer:
        """`POST /v1/api-keys/{key}/revoke`."""
        return await self._keys.revoke(asked.call, asked.path.key)


def operations(keys: ApiKeyService, usable: UsableScopes) -> Sequence[Operation]:
    """The operations on API keys.

    Args:
        keys: of every tenant.
        usable: bounds what callers hand on.
    """
    routes = Routes(keys, usable)
    return [
        WriteOperation(
            id="create_api_key",
            path=_KEYS,
            tag="api-keys",
            summary="Make an API key",
            description="The key's text is in this answer only; a replay of the request has null.",
            scope=SCOPE,
            action="api_key.create",
            body_type=NewApiKey,
            example={"name": "reporting", "scopes": ["ledger:read"]},
            status=201,
            answer_type=IssuedApiKey,
            refusals=(ExpiryInThePast, GrantTooWide),
            handler=routes.create,
        ),
        ReadOperation(
            id="list_api_keys",
            path=_KEYS,
            tag="api-keys",
            summary="Your API keys, oldest first",
            scope=SCOPE,
            query_type=Page,
            answer_type=ApiKeys,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        WriteOperation(
            id="rotate_api_key",
            path=f"{_KEYS}/{{key}}/rotate",
            tag="api-keys",
            summary="Replace an API key, with an overlap",
            description="The successor grants and lasts as much; the old ends after `overlap_s`.",
            scope=SCOPE,
            action="api_key.rotate",
            path_type=KeyPath,
            body_type=Rotation,
            example={"overlap_s": 3600},
            status=201,
            answer_type=IssuedApiKey,
            refusals=(ApiKeyNotFound, ApiKeyEnded, GrantTooWide),
            handler=routes.rotate,
        ),
        WriteOperation(
            id="revoke_api_key",
            path=f"{_KEYS}/{{key}}/revoke",
            tag="api-keys",
            summary="End an API key now",
            description="Every process refuses it within a second.",
            scope=SCOPE,
            action="api_key.revoke",
            path_type=KeyPath,
            body_type=Nothing,
            example={},
            answer_type=ApiKey,
            refusals=(ApiKeyNotFound,),
            handler=routes.revoke,
        ),
    ]
