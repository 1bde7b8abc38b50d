"""What waits for a lane, and in which portions it is taken."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bezant.kernel.calls import Answer, Call
from bezant.kernel.errors import Busy
from bezant.ledger.lane.rider import Rider

BATCH_WEIGHT_MAX: Final = 8_190
"""Postings in one batch; a single item may alone exceed it."""

QUEUE_WEIGHT_MAX: Final = 8 * BATCH_WEIGHT_MAX
"""Postings that may wait; beyond, callers are told to come back."""

SMALL_WEIGHT_MAX: Final = 100
"""An item of more postings is a bulk item, and shares no batch with smaller ones."""


@dataclass(slots=True)
class Item:
    """A rider, who sent it, and who waits for its answer."""

    rider: Rider
    call: Call
    weight: int
    done: asyncio.Future[Answer]

    @property
    def is_bulk(self) -> bool:
        """Whether it shares no batch with small items."""
        return self.weight > SMALL_WEIGHT_MAX

    def answer(self, answer: Answer) -> None:
        """Tell the caller, unless it went away."""
        if not self.done.done():
            self.done.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Tell the caller what went wrong, unless it went away."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class Queue:
    """Two queues in turn, so that a small item waits for one bulk batch at the most.

    A bulk batch that was taken, but not sent yet, gives way to small items that came since. It does
    so once, so that it is not put off for ever. While small items come between bulk batches, the
    next of these is not worth deciding ahead: it would give way, and slow down what they wait for.
    """

    _small: deque[Item] = field(default_factory=deque)
    _bulk: deque[Item] = field(default_factory=deque)
    _weight: int = 0
    _is_bulk_next: bool = False
    _gave_way: bool = False
    _came_small: bool = False
    _is_shared: bool = False

    def __len__(self) -> int:
        return len(self._small) + len(self._bulk)

    @property
    def weight(self) -> int:
        """Postings that wait."""
        return self._weight

    def put(self, item: Item) -> None:
        """Let an item wait.

        Raises:
            Busy: too much is waiting.
        """
        if self._weight and self._weight + item.weight > QUEUE_WEIGHT_MAX:
            raise Busy(f"{self._weight} postings are waiting for this book.")
        (self._bulk if item.is_bulk else self._small).append(item)
        self._weight += item.weight
        self._came_small |= not item.is_bulk

    @property
    def _is_next_bulk(self) -> bool:
        return bool(self._bulk) and (self._is_bulk_next or not self._small)

    def is_next_put_off(self, taken: Sequence[Item]) -> bool:
        """Whether both a batch under way and the next are bulk, and small items come between."""
        is_shared = self._is_shared or self._came_small
        return taken[0].is_bulk and self._is_next_bulk and is_shared

    def take(self) -> list[Item]:
        """The next batch: as many items of one size as fit, at least one."""
        is_bulk = self._is_next_bulk
        self._is_bulk_next = not is_bulk
        if is_bulk:
            self._is_shared, self._came_small = self._came_small, False
        elif not self._bulk:
            self._came_small = False  # it waited beside no bulk
        waiting = self._bulk if is_bulk else self._small
        batch: list[Item] = []
        weight = 0
        while waiting and (not batch or weight + waiting[0].weight <= BATCH_WEIGHT_MAX):
            item = waiting.popleft()
            weight += item.weight
            batch.append(item)
        self._weight -= weight
        return batch

    def give_way(self, batch: Sequence[Item]) -> bool:
        """Whether a batch that was taken is put back, so that small items go first."""
        if not batch[0].is_bulk:
            return False
        self._gave_way = bool(self._small) and not self._gave_way
        if self._gave_way:
            self._bulk.extendleft(reversed(batch))
            self._weight += sum(item.weight for item in batch)
        return self._gave_way

    def drain(self) -> list[Item]:
        """Everything that waits."""
        items = [*self._small, *self._bulk]
        self._small.clear()
        self._bulk.clear()
        self._weight = 0
        return items
