"""Tokens put together: what gives them and takes them back, and whom they let in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from bezant.identity import resources, tokens
from bezant.identity.clients import ClientAuthenticator
from bezant.identity.grants import GrantService
from bezant.identity.issuers import Issuers
from bezant.identity.parts import Part
from bezant.identity.proofs import DpopVerifier
from bezant.identity.resources import GrantManagement, TokenAuthenticator, TokenGuard
from bezant.identity.signing import SigningKeys
from bezant.identity.tokens import (
    AccessTokens,
    CodeRedeemer,
    Givers,
    IdTokenIssuer,
    IntrospectionEndpoint,
    Poller,
    RefreshTokens,
    RevocationEndpoint,
    TokenEndpoint,
    TokenStandings,
    TokenSweep,
)
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.retention import RemoveAnswers


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of every issuer.

    Attributes:
        guard: of the issuers' own protected resources.
    """

    database: Database
    clock: Clock
    ids: Ids
    keys: SigningKeys
    clients: ClientAuthenticator
    proofs: DpopVerifier
    grants: GrantService
    standings: TokenStandings
    access: AccessTokens
    guard: TokenGuard

    @classmethod
    def of(
        cls,
        database: Database,
        clock: Clock,
        ids: Ids,
        keys: SigningKeys,
        clients: ClientAuthenticator,
        proofs: DpopVerifier,
    ) -> Self:
        """Put them together."""
        standings = TokenStandings(database, clock)
        access = AccessTokens(keys, standings, clock)
        return cls(
            database=database,
            clock=clock,
            ids=ids,
            keys=keys,
            clients=clients,
            proofs=proofs,
            grants=GrantService(database, clock, ids),
            standings=standings,
            access=access,
            guard=TokenGuard(access, proofs),
        )

    def parts(
        self, codes: CodeRedeemer, id_tokens: IdTokenIssuer, pollers: Mapping[str, Poller]
    ) -> Sequence[Part]:
        """What clients speak with."""
        givers = Givers(
            self.database,
            self.clock,
            self.grants,
            self.access,
            RefreshTokens(),
            self.standings,
            codes,
        )
        return [
            tokens.part(
                TokenEndpoint(self.clients, self.proofs, givers, self.access, id_tokens, pollers),
                IntrospectionEndpoint(self.clients, self.access, self.keys, self.clock),
                RevocationEndpoint(
                    self.clients,
                    self.access,
                    self.standings,
                    self.grants,
                    self.database,
                    self.clock,
                    self.ids,
                ),
            ),
            resources.part(GrantManagement(self.guard, self.grants, self.clock, self.ids)),
        ]

    def authenticator(self, issuers: Issuers) -> TokenAuthenticator:
        """Whom tokens let into the API."""
        return TokenAuthenticator(self.access, self.proofs, issuers)

    def removals(self) -> dict[str, RemoveAnswers]:
        """What is too old, by table. Tokens tell that themselves: they are kept less long."""
        sweep = TokenSweep(self.database, self.clock)

        async def access(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await sweep.remove_access(tenant_id, limit)

        async def refresh(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await sweep.remove_refresh(tenant_id, limit)

        return {"access_token": access, "refresh_token": refresh}

    async def close(self) -> None:
        """Wait for what runs in the background."""
        await self.standings.close()
