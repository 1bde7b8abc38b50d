"""Userinfo: claims about whoever gave a token (OpenID Connect Core, section 5.3)."""

from typing import Any
from uuid import UUID

from bezant.identity.http import ProtocolAnswer, ProtocolRequest
from bezant.identity.openid.claims import OPENID, People, covered
from bezant.identity.resources import TokenGuard


class UserinfoEndpoint:
    """Answers tokens that were granted `openid`, for who proves their key."""

    def __init__(self, guard: TokenGuard, people: People) -> None:
        self._guard = guard
        self._people = people

    async def serve(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`GET {issuer}/userinfo`, or POST."""
        token = await self._guard.admit(request, OPENID)
        names = covered(token.scopes)
        about: dict[str, Any] = {"sub": token.sub}
        about |= await self._people.claims(request.issuer.tenant_id, UUID(token.sub), names)
        return ProtocolAnswer.json(200, about)
