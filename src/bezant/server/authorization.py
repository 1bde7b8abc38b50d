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
    Giving,
    InteractionService,
    PushedRequests,
    RequestObjects,
    RequestReader,
    Responses,
    Silent,
    Visitors,
)
from bezant.identity.clients import ClientKeys, Clients
from bezant.identity.issuers import Issuers
from bezant.identity.logout import SessionClients
from bezant.identity.openid import (
    IdTokenHints,
    IdTokens,
    LogoutRequests,
    UserClaims,
    UserinfoEndpoint,
)
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
        logouts: for the pages.
        hints: reads ID tokens that clients give back.
        sessions: which clients a browser's session logged into.
    """

    codes: Codes
    id_tokens: IdTokens
    interactions: InteractionService
    logouts: LogoutRequests
    hints: IdTokenHints
    sessions: SessionClients
    pushed: PushedRequests
    browsers: AuthorizationEndpoint
    userinfo: UserinfoEndpoint
    types: DetailTypes
    sweep: AuthorizationSweep

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        issuers: Issuers,
        client_keys: ClientKeys,
        users: UserService,
        visitors: Visitors,
    ) -> Self:
        """Put it together."""
        database, clock, ids, keys = tokens.database, tokens.clock, tokens.ids, tokens.keys
        clients, codes, types = Clients(database), Codes(), DetailTypes()
        responses, claims = Responses(keys, clock), UserClaims(users, ids)
        sessions, hints = SessionClients(database, clock), IdTokenHints(keys)
        giving = Giving(tokens.grants, codes, sessions)
        silent = Silent(database, clock, giving, responses, visitors)
        return cls(
            codes=codes,
            id_tokens=IdTokens(keys, claims, clock),
            interactions=InteractionService(database, clock, issuers, clients, giving, responses),
            logouts=LogoutRequests(clients, hints),
            hints=hints,
            sessions=sessions,
            pushed=PushedRequests(
                database,
                clock,
                tokens.clients,
                tokens.proofs,
                RequestObjects(client_keys, clock),
                RequestReader(types, hints),
            ),
            browsers=AuthorizationEndpoint(database, clock, ids, clients, silent),
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

        async def session_clients(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await self.sessions.remove_old(tenant_id, limit)

        return {
            "identity_session_client": session_clients,
            "pushed_request": pushed,
            "interaction": interactions,
            "authorization_code": codes,
        }
