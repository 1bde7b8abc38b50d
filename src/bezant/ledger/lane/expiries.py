"""Which holds of a book expire next."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

EXPIRIES_HELD_MAX: Final = 20_000
"""Expiries kept in memory per book; those beyond are read when their time comes near."""

NEVER: Final = datetime.max.replace(tzinfo=UTC)
_START: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Expiries:
    """The earliest expiries of a book's open holds.

    It may name holds that are settled meanwhile, and one more than once: whoever asks looks at the
    hold. Nothing is taken out for having been settled before that is durable.

    Attributes:
        known_until: no open hold that expires before this instant is missing here.
    """

    known_until: datetime = _START
    _heap: list[tuple[datetime, UUID]] = field(default_factory=list)

    def add(self, expires_at: datetime, hold_id: UUID) -> None:
        """Learn of a hold."""
        if expires_at >= self.known_until:
            return
        heapq.heappush(self._heap, (expires_at, hold_id))
        if len(self._heap) > 2 * EXPIRIES_HELD_MAX:
            self._heap = heapq.nsmallest(EXPIRIES_HELD_MAX, self._heap)
            self.known_until = self._heap[-1][0]

    def are_known(self, at: datetime) -> bool:
        """Whether everything that is due at an instant is known here."""
        return at < self.known_until

    def learn(self, found: Iterable[tuple[datetime, UUID]], *, known_until: datetime) -> None:
        """Take what was read: the earliest expiries, those before `known_until` without gaps."""
        self.known_until = known_until
        self._heap = sorted(set(found))

    def due(self, at: datetime) -> list[UUID]:
        """The holds that expire at or before an instant, the earliest first."""
        heap = self._heap
        if not heap or heap[0][0] > at:
            return []
        return [hold_id for _, hold_id in sorted({entry for entry in heap if entry[0] <= at})]

    def settle(self, at: datetime) -> None:
        """Forget what was due at an instant: the batch that settled it is durable."""
        while self._heap and self._heap[0][0] <= at:
            heapq.heappop(self._heap)

    def next(self, at: datetime) -> datetime | None:
        """When to look again once what is due at an instant is settled; None for never."""
        if self._heap and self._heap[0][0] > at:
            later = self._heap[0][0]
        else:
            later = min((entry[0] for entry in self._heap if entry[0] > at), default=NEVER)
        later = min(later, self.known_until)
        return None if later == NEVER else later
