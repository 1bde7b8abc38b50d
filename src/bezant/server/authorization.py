"""Authorization put together: what clients push, what browsers are asked, and codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from bezant.identity import authorization, openid
from bezant.identity.authorization import (
    AuthorizationEndpoint,
    AuthorizationSweep,
    Codes,
    DetailType,
    DetailTypes,
    InteractionService,
    PushedRequests,
    RequestObjects,
    RequestReader,
    Responses,
)
from bezant.identity.clients import ClientAuthenticator, ClientKeys, Clients
from bezant.identity.issuers import Issuers
from bezant.identity.openid import IdTokens, UserClaims, UserinfoEndpoint
from bezant.identity.parts import Part
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.retention import RemoveAnswers
from bezant.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Authorization:
    """Authorization at every issuer, with the tokens that come of it.

    Attributes:
        parts: what clients and browsers speak with.
        interactions: what the pages need.
    """

    parts: Sequence[Part]
    interactions: InteractionService
    sweep: AuthorizationSweep

    @classmethod
    def of(
        cls,
        database: Database,
        clock: Clock,
        issuers: Issuers,
        clients: ClientAuthenticator,
        keys: ClientKeys,
        tokens: Tokens,
        people: UserClaims,
        types: Sequence[DetailType] = (),
    ) -> Self:
        """Put it together."""
        registered, codes = Clients(database), Codes()
        responses, known = Responses(tokens.keys, clock), DetailTypes(types)
        pushed = PushedRequests(
            database,
            clock,
            clients,
            tokens.proofs,
            RequestObjects(keys, clock),
            RequestReader(known),
        )
        browsers = AuthorizationEndpoint(database, clock, tokens.ids, registered, responses)
        return cls(
            parts=[
                authorization.part(pushed, browsers, known),
                openid.part(UserinfoEndpoint(tokens.guard, people)),
                *tokens.parts(codes, IdTokens(tokens.keys, people, clock)),
            ],
            interactions=InteractionService(
                database, clock, issuers, registered, tokens.grants, codes, responses
            ),
            sweep=AuthorizationSweep(database, clock),
        )

    def removals(self) -> dict[str, RemoveAnswers]:
        """What is too old, by table. All of it tells that itself: it is kept less long."""

        async def pushed(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await self.sweep.remove_pushed(tenant_id, limit)

        async def interactions(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await self.sweep.remove_interactions(tenant_id, limit)

        async def codes(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await self.sweep.remove_codes(tenant_id, limit)

        return {"pushed_request": pushed, "interaction": interactions, "authorization_code": codes}
