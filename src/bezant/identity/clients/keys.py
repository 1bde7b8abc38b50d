"""Clients' keys: those that were registered, or those that a client publishes."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bezant.identity.clients.domain import Client
from bezant.identity.jose import JoseRefused, KeyFetcher, PublicKey, read_public_keys

FRESH_S: Final = 300.0
"""How long keys are used before they are fetched again: the bound on a removed key's life."""

RETRY_S: Final = 10.0
"""How soon a set may be fetched again for a key that it did not have."""

SETS_MAX: Final = 1_000


class ClientKeys:
    """The keys of clients, by value or from where they are published.

    Args:
        fetcher: fetches those that are published.
        monotonic: seconds, from any start.
    """

    def __init__(
        self, fetcher: KeyFetcher, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._sets: OrderedDict[str, tuple[float, Sequence[PublicKey]]] = OrderedDict()
        self._fetches: dict[str, asyncio.Task[Sequence[PublicKey]]] = {}

    async def of(self, client: Client, kid: str | None) -> Sequence[PublicKey]:
        """A client's keys that its profile lets it use, new enough to have `kid` if published.

        Raises:
            JoseRefused: it has none, or they cannot be fetched.
        """
        algorithms = client.profile.algorithms
        keys = await self.read(client.jwks, client.jwks_uri, kid)
        return [key for key in keys if key.algorithm in algorithms]

    async def read(
        self, jwks: Mapping[str, Any] | None, jwks_uri: str | None, kid: str | None
    ) -> Sequence[PublicKey]:
        """The same for whoever is no client, such as an issuer of software statements.

        Raises:
            JoseRefused: there are none, or they cannot be fetched.
        """
        if jwks is not None:
            return read_public_keys(jwks)
        if jwks_uri is None:
            raise JoseRefused("There are no keys.")
        held = self._sets.get(jwks_uri)
        if held is not None:
            age_s = self._monotonic() - held[0]
            is_known = any(kid is None or key.kid == kid for key in held[1])
            if age_s < (FRESH_S if is_known else RETRY_S):
                return held[1]
        return await asyncio.shield(self._fetch(jwks_uri))

    def _fetch(self, url: str) -> "asyncio.Task[Sequence[PublicKey]]":
        """The fetch that is under way, or a new one: a client's clients do not multiply it."""
        task = self._fetches.get(url)
        if task is None:
            task = asyncio.create_task(self._fetch_now(url))
            self._fetches[url] = task
            task.add_done_callback(lambda done: self._fetched(url, done))
        return task

    def _fetched(self, url: str, done: "asyncio.Task[Sequence[PublicKey]]") -> None:
        del self._fetches[url]
        if not done.cancelled():
            done.exception()  # told to those who wait; one that nobody waits for is no fault

    async def _fetch_now(self, url: str) -> Sequence[PublicKey]:
        at = self._monotonic()
        keys: list[PublicKey] = []
        try:
            keys = list(await self._fetcher.fetch(url))
            return keys
        finally:
            # A failure too: strangers who name the client do not have it asked at their rate.
            self._sets[url] = (at, keys)
            self._sets.move_to_end(url)
            if len(self._sets) > SETS_MAX:
                self._sets.popitem(last=False)
