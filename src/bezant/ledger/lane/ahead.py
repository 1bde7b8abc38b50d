"""A batch that was decided before the one that it continues is durable."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from uuid import UUID

from bezant.kernel.calls import Answer
from bezant.kernel.telemetry import BATCH_SECONDS
from bezant.ledger.lane.deciding import Outcome, decide
from bezant.ledger.lane.draft import Recorded
from bezant.ledger.lane.queue import Item
from bezant.ledger.lane.rider import Seen
from bezant.ledger.lane.writer import Writes, plan


class IdsInDoubt(Exception):  # noqa: N818 - a turn of events: the ids are looked up
    """An item under a client's id was refused, which may have been posted before."""


@dataclass(slots=True)
class Decided:
    """A batch that is in the book in memory, worked out to be written.

    Attributes:
        observe_time: tells the metrics how long it took since its deciding began.
    """

    outcome: Outcome
    writes: Writes
    observe_time: Callable[[], None]

    @classmethod
    async def of(
        cls,
        items: Sequence[Item],
        seen: Seen,
        *,
        are_ids_looked_up: bool = False,
    ) -> "Decided":
        """Decide on the book as it is in memory, which then has the batch in it.

        Raises:
            IdsInDoubt: unless the ids of clients were looked up.
        """
        started = perf_counter()
        draft = seen.draft
        try:
            outcome = await decide(items, seen)
            is_final = are_ids_looked_up or not draft.is_in_doubt
            writes = await plan(draft) if is_final else None
        except BaseException:
            draft.discard()
            raise
        if writes is None:
            draft.discard()
            raise IdsInDoubt
        draft.book.head = writes.head
        return cls(outcome, writes, lambda: BATCH_SECONDS.observe(perf_counter() - started))

    def undo(self) -> None:
        """Take it out of the book in memory. What was decided on top of it goes first."""
        draft = self.outcome.draft
        assert draft.book.head is self.writes.head, "something stands on this batch"
        draft.discard()
        draft.book.head = draft.head


@dataclass(slots=True)
class Ahead:
    """A batch on its way, maybe before the one that it continues is durable.

    Attributes:
        items: all that it was taken with.
        followers: those of them that repeat a request of the batch before, with what they are
            answered once that one is durable.
        decided: the others; None when all were answered from their records.
    """

    items: Sequence[Item]
    followers: list[tuple[Item, Answer]] = field(default_factory=list)
    decided: Decided | None = None

    def follow(self, before: "Ahead | None") -> list[Item]:
        """Put those aside that repeat a request of the batch before; the others remain."""
        if before is None or before.decided is None:
            return list(self.items)
        others = []
        for item in self.items:
            answer = before.decided.outcome.repeat(item.call)
            if answer is None:
                others.append(item)
            else:
                self.followers.append((item, answer))
        return others

    def undo(self) -> None:
        """Take it out of the book in memory."""
        if self.decided is not None:
            self.decided.undo()

    @property
    def named(self) -> dict[UUID, Recorded]:
        """Transactions that it gave a place, by the ids of their clients."""
        if self.decided is None:
            return {}
        draft = self.decided.outcome.draft
        return {transaction_id: draft.recorded[transaction_id] for transaction_id in draft.named}


@dataclass(slots=True)
class Flight:
    """A batch that is being written."""

    ahead: Ahead
    task: asyncio.Task[None]
