"""Signed, versioned values, on a server that is not trusted.

An entry is its version, a MAC over secret, name, version and value, and the value. So nobody who
can write to the server can make an entry, or pass one off under another name. What they can do is
remove entries and bring old ones back: whether an entry is still the newest is the reader's to
know, from elsewhere (`is_current`).
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from hashlib import blake2b
from random import SystemRandom
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

import structlog

from bezant.kernel import purity
from bezant.kernel.cache.backend import VERSION_DIGITS, Backend, BackendFailed, Stored
from bezant.kernel.cache.breaker import Breaker
from bezant.kernel.telemetry import CACHE_READS

T = TypeVar("T")

TIMEOUT_S: Final = 0.05
"""How long one call may take, connecting included. It is the price of a cache that just died."""

VALUE_BYTES_MAX: Final = 64 * 1024
"""Larger values are not kept."""

SECRET_BYTES_MIN: Final = 32

PING_TIMEOUT_S: Final = 0.5

_KEY_BYTES: Final = 20
_MAC_BYTES: Final = 16
_VALUE_AT: Final = VERSION_DIGITS + _MAC_BYTES
_VERSION_MAX: Final = 2**63 - 1
# How much of a lifetime is left to chance, so that what was made together does not end together.
_JITTER: Final = 0.2

_random: Final = SystemRandom()

log = structlog.get_logger("bezant.cache")


class Outcome(StrEnum):
    """What came of a read."""

    HIT = "hit"
    MISS = "miss"
    STALE = "stale"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class CacheName(NamedTuple):
    """What an entry is of.

    Attributes:
        tenant_id: whose; no name of another tenant's is ever the same.
        kind: what kind of thing, as metrics tell them apart.
        id: which one.
    """

    tenant_id: UUID
    kind: str
    id: str

    def encode(self) -> bytes:
        """One text per name: kinds are ours and hold no slash."""
        return f"{self.tenant_id.hex}/{self.kind}/{self.id}".encode()


class Found(NamedTuple):
    """An entry that this platform made, for this name, at some time."""

    version: int
    value: bytes


class New(NamedTuple):
    """An entry to be."""

    name: CacheName
    version: int
    value: bytes


def _always(_found: Found) -> bool:
    return True


class Cache:
    """Values by name, in front of a truth that is elsewhere, which is why no call raises.

    Args:
        backend: the server.
        secret: what entries are signed with, at least `SECRET_BYTES_MIN`; on no account kept in the
            cache itself.
        timeout_s: how long a call may take.
        breaker: after a failure, says when to try again.
        random: in [0, 1), for the jitter of lifetimes.
    """

    def __init__(
        self,
        backend: Backend,
        secret: bytes,
        *,
        timeout_s: float = TIMEOUT_S,
        breaker: Breaker | None = None,
        random: Callable[[], float] = _random.random,
    ) -> None:
        assert len(secret) >= SECRET_BYTES_MIN
        self._backend = backend
        # A key of its own for each purpose.
        self._signing = hmac.digest(secret, b"bezant cache entries", "sha256")
        self._naming = hmac.digest(secret, b"bezant cache names", "sha256")
        self._timeout_s = timeout_s
        self._breaker = breaker or Breaker()
        self._random = random
        self._asked: list[tuple[bytes, asyncio.Future[bytes | None]]] = []
        self._trips: set[asyncio.Task[None]] = set()

    async def read(
        self, name: CacheName, is_current: Callable[[Found], bool] = _always
    ) -> Found | None:
        """The value under a name, if there is one that is genuine and current.

        Args:
            name: what of.
            is_current: asked last, when the entry is here: whether it may still be used.
        """
        found, outcome = await self._look_up(name.encode())
        if found is not None and not is_current(found):
            found, outcome = None, Outcome.STALE
        CACHE_READS.labels(name.kind, outcome).inc()
        return found

    async def write(self, entries: Sequence[New], *, ttl_s: float) -> None:
        """Keep values for at most `ttl_s`, except where a newer version stands."""
        sealed = [
            Stored(*self._seal(entry), ttl_s * (1 - _JITTER * self._random()))
            for entry in entries
            if len(entry.value) <= VALUE_BYTES_MAX
        ]
        if sealed:
            with suppress(BackendFailed):
                await self._call(lambda: self._backend.put(sealed))

    async def forget(self, name: CacheName) -> None:
        """Remove what is under a name, as far as that can be had."""
        with suppress(BackendFailed):
            await self._call(lambda: self._backend.delete(self._key(name.encode())))

    async def is_up(self) -> bool:
        """Whether the server answers now. Asked by operators; nothing depends on it."""
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                await self._backend.ping()
        except (BackendFailed, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Let the server's connections go."""
        await asyncio.gather(*self._trips, return_exceptions=True)
        await self._backend.close()

    async def _look_up(self, name: bytes) -> tuple[Found | None, Outcome]:
        key = self._key(name)
        try:
            entry = await self._get(key)
            if entry is None:
                return None, Outcome.MISS
            found = self._open(name, entry)
            if found is None:
                # Garbage might otherwise keep its place for ever.
                await self._call(lambda: self._backend.delete(key))
                return None, Outcome.INVALID
        except BackendFailed:
            return None, Outcome.UNAVAILABLE
        return found, Outcome.HIT

    async def _get(self, key: bytes) -> bytes | None:
        """The bytes under a key, in one trip with all that is asked for in this turn of the loop.

        Raises:
            BackendFailed: as `_call`.
        """
        purity.forbid("the cache")
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._asked.append((key, answer))
        if len(self._asked) == 1:
            trip = asyncio.create_task(self._fetch())
            self._trips.add(trip)
            trip.add_done_callback(self._trips.discard)
        return await answer

    async def _fetch(self) -> None:
        asked, self._asked = self._asked, []
        keys = [key for key, _ in asked]
        try:
            with suppress(BackendFailed):
                values = await self._call(lambda: self._backend.get(keys))
                for (_, answer), value in zip(asked, values, strict=True):
                    if not answer.done():  # whoever asked may have left
                        answer.set_result(value)
        finally:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(BackendFailed())

    async def _call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the server, in bounded time, unless it failed moments ago.

        Raises:
            BackendFailed: it did not answer as it should, or was not asked.
        """
        purity.forbid("the cache")
        if not self._breaker.admits():
            raise BackendFailed
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await ask()
        except (BackendFailed, TimeoutError) as error:
            if self._breaker.failed():
                log.warning("cache_down", error=str(error) or type(error).__name__)
            raise BackendFailed from error
        if self._breaker.succeeded():
            log.info("cache_up")
        return answer

    def _key(self, name: bytes) -> bytes:
        """What the server knows a name by: it learns neither accounts nor tenants from it."""
        digest = blake2b(name, digest_size=_KEY_BYTES, key=self._naming).hexdigest()
        return f"bz:{digest}".encode()

    def _seal(self, entry: New) -> tuple[bytes, bytes]:
        assert 0 <= entry.version <= _VERSION_MAX
        name = entry.name.encode()
        version = b"%0*d" % (VERSION_DIGITS, entry.version)
        return self._key(name), version + self._mac(name, version, entry.value) + entry.value

    def _open(self, name: bytes, entry: bytes) -> Found | None:
        """An entry's version and value, if this platform made it for this name."""
        version, mac = entry[:VERSION_DIGITS], entry[VERSION_DIGITS:_VALUE_AT]
        value = entry[_VALUE_AT:]
        if not hmac.compare_digest(mac, self._mac(name, version, value)):
            return None
        return Found(int(version), value)

    def _mac(self, name: bytes, version: bytes, value: bytes) -> bytes:
        # The length before the name, and the version's is fixed: no two inputs are the same bytes.
        signed = b"%d:%b%b%b" % (len(name), name, version, value)
        return hmac.digest(self._signing, signed, "sha256")[:_MAC_BYTES]
