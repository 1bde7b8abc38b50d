"""The routes of grants, for those who run the platform."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.grants.errors import GrantNotFound
from bezant.identity.grants.schemas import GrantsPage, GrantView, GrantViews
from bezant.identity.grants.service import BEFORE_ALL, GrantService
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, turn_page

READ: Final = "grants:read"
WRITE: Final = "grants:write"

_TAG: Final = "grants"
_GRANTS: Final = "/v1/grants"
_GRANT: Final = f"{_GRANTS}/{{grant}}"


class GrantPath(Struct, frozen=True):
    """A grant."""

    grant: UUID


class Routes:
    """The handlers."""

    def __init__(self, grants: GrantService) -> None:
        self._grants = grants

    async def page(self, asked: Reading[Nothing, GrantsPage]) -> GrantViews:
        """`GET /v1/grants`."""
        query = asked.query

        async def read(after: str | None, limit: int) -> GrantViews:
            found = await self._grants.page(
                asked.principal.tenant_id,
                user_id=query.user_id,
                client_id=query.client_id,
                after=BEFORE_ALL if after is None else UUID(after),
                limit=limit + 1,
            )
            views = [GrantView.of(grant) for grant in found[:limit]]
            return GrantViews(views, str(views[-1].id) if len(found) > limit else None)

        # A cursor of one user's grants is none of another's.
        listing = f"{_GRANTS}?{query.user_id}&{query.client_id}"
        return await turn_page(listing, query, UUID_POSITION, read)

    async def read(self, asked: Reading[GrantPath, Nothing]) -> GrantView:
        """`GET /v1/grants/{grant}`."""
        return GrantView.of(await self._grants.find(asked.principal.tenant_id, asked.path.grant))

    async def revoke(self, asked: Writing[GrantPath, Nothing]) -> Answer:
        """`POST /v1/grants/{grant}/revoke`."""
        return await self._grants.revoke(asked.call, asked.path.grant)


def operations(grants: GrantService) -> Sequence[Operation]:
    """The operations on grants."""
    routes = Routes(grants)
    return [
        ReadOperation(
            id="list_grants",
            path=_GRANTS,
            tag=_TAG,
            summary="What users gave to clients, oldest first",
            description="Of one user, of one client, or all. Revoked grants stay in the list.",
            scope=READ,
            query_type=GrantsPage,
            answer_type=GrantViews,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="read_grant",
            path=_GRANT,
            tag=_TAG,
            summary="What one grant gives",
            scope=READ,
            path_type=GrantPath,
            answer_type=GrantView,
            refusals=(GrantNotFound,),
            handler=routes.read,
        ),
        WriteOperation(
            id="revoke_grant",
            path=f"{_GRANT}/revoke",
            tag=_TAG,
            summary="End a grant, its codes and its tokens now",
            description="Introspection and every process of the API refuse them within a second.",
            scope=WRITE,
            action="grant.revoke",
            path_type=GrantPath,
            body_type=Nothing,
            example={},
            answer_type=GrantView,
            refusals=(GrantNotFound,),
            handler=routes.revoke,
        ),
    ]
