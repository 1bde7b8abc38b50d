"""Authorization put together: how users give clients what they ask for, and who they are."""

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
    DetailTypes,
    InteractionService,
    PushedRequests,
    RequestObjects,
    RequestReader,
    Responses,
)
from bezant.identity.clients import ClientKeys, Clients
from bezant.identity.issuers import Issuers
from bezant.identity.openid import IdTokens, UserClaims, UserinfoEndpoint
from bezant.identity.parts import Part
from bezant.identity.users import UserService
from bezant.kernel.retention import RemoveAnswers
from bezant.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Authorization:
    """The authorization endpoints of every issuer, and OpenID Connect.

    Attributes:
        codes: for the token endpoint.
        id_tokens: for the token endpoint.
        interactions: for the pages.
    """

    codes: Codes
    id_tokens: IdTokens
    interactions: InteractionService
    pushed: PushedRequests
    browsers: AuthorizationEndpoint
    userinfo: UserinfoEndpoint
    types: DetailTypes
    sweep: AuthorizationSweep

    @classmethod
    def of(
        cls, tokens: Tokens, issuers: Issuers, client_keys: ClientKeys, users: UserService
    ) -> Self:
        """Put it together."""
        database, clock, ids, keys = tokens.database, tokens.clock, tokens.ids, tokens.keys
        clients, codes, types = Clients(database), Codes(), DetailTypes()
        responses, claims = Responses(keys, clock), UserClaims(users, ids)
        return cls(
            codes=codes,
            id_tokens=IdTokens(keys, claims, clock),
            interactions=InteractionService(
                database, clock, issuers, clients, tokens.grants, codes, responses
            ),
            pushed=PushedRequests(
                database,
                clock,
                tokens.clients,
                tokens.proofs,
                RequestObjects(client_keys, clock),
                RequestReader(types),
            ),
            browsers=AuthorizationEndpoint(database, clock, ids, clients, responses),
            userinfo=UserinfoEndpoint(tokens.guard, claims),
            types=types,
            sweep=AuthorizationSweep(database, clock),
        )

    def parts(self) -> Sequence[Part]:
        """What clients and browsers speak with."""
        return [
            authorization.part(self.pushed, self.browsers, self.types),
            openid.part(self.userinfo),
        ]

    def removals(self) -> dict[str, RemoveAnswers]:
        """What is too old, by table."""
        sweep = self.sweep

        async def pushed(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await sweep.remove_pushed(tenant_id, limit)

        async def interactions(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await sweep.remove_interactions(tenant_id, limit)

        async def codes(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await sweep.remove_codes(tenant_id, limit)

        return {
            "pushed_request": pushed,
            "authorization_interaction": interactions,
            "authorization_code": codes,
        }
