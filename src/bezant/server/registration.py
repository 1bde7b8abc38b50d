"""Registration put together: how clients register and manage themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bezant.identity import registration
from bezant.identity.clients import CertificateJudge, ClientKeys, Clients
from bezant.identity.jose import KeyFetcher
from bezant.identity.parts import Part
from bezant.identity.proofs import UsedProofs
from bezant.identity.registration import (
    BURST_MAX,
    PER_S_MAX,
    Desk,
    ManagementEndpoint,
    RegistrationEndpoint,
    RegistrationSweep,
    SignedRequests,
    Statements,
    TrustService,
)
from bezant.kernel.http import Operation, TokenBuckets
from bezant.kernel.retention import RemoveAnswers
from bezant.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration endpoints of every issuer, and whom its tenant trusts there."""

    endpoint: RegistrationEndpoint
    management: ManagementEndpoint
    trust: TrustService
    sweep: RegistrationSweep

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        fetcher: KeyFetcher,
        keys: ClientKeys,
        used: UsedProofs,
        judge: CertificateJudge | None,
    ) -> Self:
        """Put it together."""
        database, clock, ids = tokens.database, tokens.clock, tokens.ids
        buckets = TokenBuckets(per_s=PER_S_MAX, burst=BURST_MAX)
        desk = Desk(database, clock, ids, fetcher, used, judge, buckets)
        statements, signed = Statements(database, keys, clock), SignedRequests(keys, clock)
        return cls(
            endpoint=RegistrationEndpoint(desk, statements, signed),
            management=ManagementEndpoint(
                desk, Clients(database), tokens.grants, statements, signed
            ),
            trust=TrustService(database, clock, ids, fetcher),
            sweep=RegistrationSweep(database, clock),
        )

    def part(self) -> Part:
        """What clients speak with."""
        return registration.part(self.endpoint, self.management)

    def operations(self) -> Sequence[Operation]:
        """What administrators speak with."""
        return registration.operations(self.trust)

    def removals(self) -> dict[str, RemoveAnswers]:
        """What is too old, by table."""
        return {"initial_access_token": self.sweep.remove_tokens}
