"""Grant management: clients list, inspect and revoke what users gave them.

As in the OpenID Foundation's Grant Management for OAuth 2.0, sections 6.3 and 6.4, with a list
besides. The client proves to be itself by a token of its own, bound to its key like any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.grants import BEFORE_ALL, Grant, GrantNotFound, GrantService
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.issuers import Endpoint
from bezant.identity.resources.guard import TokenGuard
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids

QUERY: Final = "grant_management_query"
REVOKE: Final = "grant_management_revoke"

GRANTS_MAX: Final = 100


class GrantedScope(Struct, frozen=True, omit_defaults=True):
    """Scopes, and where they hold; nowhere in particular is the API."""

    scope: str
    resource: Sequence[str] = ()


class ManagedGrant(Struct, frozen=True):
    """A grant as its client sees it."""

    grant_id: UUID
    scopes: list[GrantedScope]
    claims: list[str]
    authorization_details: list[Mapping[str, Any]]


class ManagedGrants(Struct, frozen=True):
    """Those of a client's grants that hold, oldest first; `next` is to be sent as `after`."""

    grants: list[ManagedGrant]
    next: UUID | None


class GrantManagement:
    """The client's side of grants."""

    def __init__(self, guard: TokenGuard, grants: GrantService, clock: Clock, ids: Ids) -> None:
        self._guard = guard
        self._grants = grants
        self._clock = clock
        self._ids = ids

    async def list(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`GET {issuer}/grants`."""
        client_id = await self._client(request, QUERY)
        after = request.query.get("after")
        found = await self._grants.page(
            request.issuer.tenant_id,
            client_id=client_id,
            after=BEFORE_ALL if after is None else _id_of(after),
            limit=GRANTS_MAX + 1,
        )
        page, now = found[:GRANTS_MAX], self._clock.now()
        held = [_managed(grant) for grant in page if grant.holds_at(now)]
        following = page[-1].id if len(found) > GRANTS_MAX else None
        return ProtocolAnswer.json(200, ManagedGrants(held, following))

    async def inspect(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`GET {issuer}/grants/{grant}`."""
        client_id = await self._client(request, QUERY)
        try:
            grant = await self._grants.find(request.issuer.tenant_id, _grant_of(request))
        except GrantNotFound:
            raise _unknown() from None
        if grant.client_id != client_id or not grant.holds_at(self._clock.now()):
            raise _unknown()
        return ProtocolAnswer.json(200, _managed(grant))

    async def revoke(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`DELETE {issuer}/grants/{grant}`."""
        client_id = await self._client(request, REVOKE)
        tenant_id, grant_id = request.issuer.tenant_id, _grant_of(request)
        call = Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor=f"client:{client_id}",
            action="grant.revoke",
            resource=f"/id/{tenant_id}/{Endpoint.GRANTS}/{grant_id}",
            origin="http",
        )
        answer = await self._grants.revoke(
            call, grant_id, within=lambda grant: grant.client_id == client_id
        )
        if answer.is_refusal:
            raise _unknown()
        return ProtocolAnswer.empty(204)

    async def _client(self, request: ProtocolRequest, scope: str) -> UUID:
        """Whose token the request brings: the client's own, with the scope."""
        claims = await self._guard.admit(request, scope)
        if claims.grant_id is not None or claims.sub != str(claims.client_id):
            # A user's grant does not extend to the grants of others, nor does acting for a client.
            raise OAuthError("insufficient_scope", "This needs a token of the client's own.", 403)
        return claims.client_id


def _managed(grant: Grant) -> ManagedGrant:
    scope = GrantedScope(" ".join(sorted(grant.scopes)), grant.resources)
    return ManagedGrant(grant.id, [scope], [], list(grant.details))


def _grant_of(request: ProtocolRequest) -> UUID:
    return _id_of(request.path["grant"])


def _id_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _unknown() from None


def _unknown() -> OAuthError:
    return OAuthError("invalid_request", "There is no such grant of this client.", 404)
