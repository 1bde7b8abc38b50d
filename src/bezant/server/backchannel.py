"""Backchannel authentication put together: users who decide on their own devices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from bezant.identity import backchannel
from bezant.identity.authorization import DetailTypes
from bezant.identity.backchannel import (
    BackchannelEndpoint,
    BackchannelPoller,
    BackchannelSweep,
    Hints,
    Pinger,
    Reader,
    SignedRequests,
)
from bezant.identity.clients import CIBA, Clients
from bezant.identity.parts import Part
from bezant.identity.people import People
from bezant.identity.tokens import Poller
from bezant.identity.users import Means
from bezant.kernel.jobs import Handling
from bezant.kernel.outbound import CheckedNetwork, SystemResolver
from bezant.kernel.retention import RemoveAnswers
from bezant.kernel.sealing import SecretSealer
from bezant.kernel.webhooks import Sender
from bezant.server.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Backchannel:
    """The backchannel authentication endpoint of every issuer."""

    endpoint: BackchannelEndpoint
    poller: BackchannelPoller
    pinger: Pinger
    sweep: BackchannelSweep

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        people: People,
        signed: SignedRequests,
        types: DetailTypes,
        sealer: SecretSealer,
        *,
        allow_loopback: bool,
        sender: Sender | None = None,
    ) -> Self:
        """Put it together.

        Args:
            tokens: what is given in the end, and whom clients are known by.
            people: who is asked.
            signed: reads what clients sign.
            types: of the details that may be asked for.
            sealer: for what is kept of requests.
            allow_loopback: tell clients on this machine too, for development.
            sender: by default one that trusts public authorities.
        """
        database, clock, ids = tokens.database, tokens.clock, tokens.ids
        network = CheckedNetwork(SystemResolver(), allow_loopback=allow_loopback)
        return cls(
            endpoint=BackchannelEndpoint(
                Means(database, clock, ids),
                tokens.clients,
                signed,
                Reader(types),
                Hints(tokens.keys, people.entrance, ids),
                people.approvals,
                people.throttle,
                sealer,
            ),
            poller=BackchannelPoller(ids, tokens.grants, people.approvals, people.throttle, sealer),
            pinger=Pinger(
                database,
                clock,
                Clients(database),
                sealer,
                sender or Sender(network, clock),
                allow_loopback,
            ),
            sweep=BackchannelSweep(database, clock),
        )

    def part(self) -> Part:
        """What clients ask by."""
        return backchannel.part(self.endpoint)

    def pollers(self) -> Mapping[str, Poller]:
        """How they get what users gave, by grant type."""
        return {CIBA: self.poller}

    def handling(self) -> Handling[Any]:
        """The jobs that tell clients."""
        return self.pinger.handling()

    def removals(self) -> dict[str, RemoveAnswers]:
        """What is too old, by table."""

        async def over(tenant_id: UUID, _before: datetime, limit: int) -> int:
            return await self.sweep.remove_over(tenant_id, limit)

        return {"backchannel_request": over}

    async def close(self) -> None:
        """Close the connections to clients."""
        await self.pinger.sender.close()
