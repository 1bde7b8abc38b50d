"""Stampede protection: whoever wants what is being fetched waits for it, and fetches nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Flights(Generic[K, T]):
    """At most one fetch per key at a time, in this process.

    Who joins a fetch gets what it read, possibly a little before they asked: they have to look
    whether that is new enough for them.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[T]] = {}

    async def join(self, key: K, fetch: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the fetch under way brings, or that of a new one."""
        # Shielded: who leaves does not take it from those who wait with them.
        return await asyncio.shield(self.begin(key, fetch))

    def begin(self, key: K, fetch: Callable[[], Coroutine[Any, Any, T]]) -> "asyncio.Task[T]":
        """The fetch under way, or a new one; nobody has to wait for it."""
        flight = self._under_way.get(key)
        if flight is None:
            flight = asyncio.create_task(fetch())
            self._under_way[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return flight

    def _landed(self, key: K, flight: "asyncio.Task[T]") -> None:
        del self._under_way[key]
        if not flight.cancelled():
            flight.exception()  # those who wait are told; when all have left, it is for nobody

    async def close(self) -> None:
        """Wait for those under way."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
