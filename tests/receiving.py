"""Who receives credits, in tests: it keeps them in memory, by the rules of the port."""

from datetime import datetime
from uuid import UUID, uuid4

from bezant.payments.rails import Incoming, Recall, Refused, Return, Taken, Unmatched
from bezant.payments.rails.sepa import Decided, Offered


class Receiving:
    """A receiver, and the records of it.

    Attributes:
        refuses: the code that all that comes is refused with; None takes it.
        pending: taken, and not concluded.
        credited_to: what was credited, by order.
    """

    def __init__(self) -> None:
        self.refuses: str | None = None
        self.offers: list[Incoming] = []
        self.orders: dict[tuple[str, str], UUID] = {}
        self.decided_at: dict[tuple[str, str], datetime] = {}
        self.amounts: dict[UUID, int] = {}
        self.concluded: dict[UUID, datetime | None] = {}
        self.returns: dict[str, Return] = {}
        self.recalls: dict[str, tuple[UUID, Recall]] = {}
        self.answered: list[tuple[Recall, str | None]] = []

    @property
    def credited_in_all(self) -> int:
        """What customers have got."""
        return sum(self.amounts[order] for order, at in self.concluded.items() if at is not None)

    async def offer(self, incoming: Incoming) -> Taken | Refused:
        self.offers.append(incoming)
        name = (incoming.sender_bic, incoming.transaction_id)
        self.decided_at.setdefault(name, incoming.accepted_at)
        if self.refuses is not None:
            return Refused(self.refuses)
        order_id = self.orders.setdefault(name, uuid4())
        self.amounts[order_id] = incoming.amount
        return Taken(order_id)

    async def conclude(self, tenant_id: UUID, order_id: UUID, settled_at: datetime | None) -> None:
        assert tenant_id is not None
        self.concluded.setdefault(order_id, settled_at)

    async def credited(self, incoming: Incoming) -> Taken | Refused:
        taken = await self.offer(incoming)
        if isinstance(taken, Taken):
            await self.conclude(incoming.tenant_id, taken.order_id, incoming.accepted_at)
        return taken

    async def returned(self, returned: Return) -> Taken | Unmatched | Refused:
        if self.refuses is not None:
            return Refused(self.refuses)
        self.returns[returned.return_id] = returned
        return Taken(uuid4())

    async def recalled(self, recall: Recall) -> UUID | Refused:
        if self.refuses is not None:
            return Refused(self.refuses)
        return self.recalls.setdefault(recall.case_id, (uuid4(), recall))[0]

    async def decided(self, offered: Offered) -> Decided | None:
        name = (offered.sender_bic, offered.transaction_id)
        at = self.decided_at.get(name)
        return None if at is None else Decided(self.orders.get(name), at)

    async def recall_answered(self, recall: Recall, refusal: str | None, said_at: datetime) -> bool:
        assert said_at is not None
        self.answered.append((recall, refusal))
        return recall.original_transaction_id == "T-1"
