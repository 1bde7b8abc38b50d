"""What rails that receive are given: the port's `Receiver`, over the services that carry it out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bezant.payments.incoming import IncomingService
from bezant.payments.rails import Incoming, Recall, Refused, Return, Taken, Unmatched
from bezant.payments.returns import RecallService, ReturnService


@dataclass(frozen=True, slots=True)
class CoreReceiver:
    """See `bezant.payments.rails.Receiver`."""

    incoming: IncomingService
    returns: ReturnService
    recalls: RecallService

    async def offer(self, incoming: Incoming) -> Taken | Refused:
        """See `Receiver.offer`."""
        return await self.incoming.offer(incoming)

    async def conclude(self, tenant_id: UUID, order_id: UUID, settled_at: datetime | None) -> None:
        """See `Receiver.conclude`."""
        await self.incoming.conclude(tenant_id, order_id, settled_at)

    async def credited(self, incoming: Incoming) -> Taken | Refused:
        """See `Receiver.credited`."""
        return await self.incoming.credited(incoming)

    async def returned(self, returned: Return) -> Taken | Unmatched | Refused:
        """See `Receiver.returned`."""
        return await self.returns.returned(returned)

    async def recalled(self, recall: Recall) -> UUID | Refused:
        """See `Receiver.recalled`."""
        return await self.recalls.recalled(recall)

    async def recall_answered(self, recall: Recall, refusal: str | None, said_at: datetime) -> bool:
        """See `Receiver.recall_answered`."""
        return await self.recalls.answered(recall, refusal, said_at)
