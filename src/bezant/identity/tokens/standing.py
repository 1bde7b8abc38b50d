"""Whether access tokens still hold, by a cache that a revocation reaches within a second."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bezant.identity.tokens import store
from bezant.identity.tokens.domain import digest
from bezant.identity.users import Status
from bezant.kernel.cache import Flights
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable

FRESH_S: Final = 0.7
"""How old an answer of the database may be to be relied on by who asks for it."""

RENEWED_AFTER_S: Final = 0.35
"""How old an answer is when its next use has it asked for again, for those who come later: a token
that is used all the time is never waited for."""

ANSWER_S_MAX: Final = 1.0
"""How old it may have become by the time that it was read: the bound on a revocation's reach."""

CHECK_S_MAX: Final = 1.0
"""How long the database may take to answer."""

CACHED_MAX: Final = 20_000

_TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database said of a token.

    Attributes:
        at: when it was asked, on the monotonic clock.
        roles: of the person who gave it; none where it does not hold.
    """

    at: float
    holds: bool
    roles: frozenset[str] = frozenset()


class TokenStandings:
    """What the database says of access tokens, at most a second ago.

    Only this process's memory stands before the database: there is no other cache to lose, and
    with the database away the answer is 503, never what was known before. One look-up per token
    runs at a time, whoever waits for it. Only tokens that we signed are asked about.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        since_boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self._database = database
        self._clock = clock
        self._since_boot = since_boot
        self._seen: dict[tuple[UUID, bytes], _Seen] = {}
        self._flights: Flights[tuple[UUID, bytes], _Seen] = Flights()

    async def holds(self, tenant_id: UUID, jti: str) -> bool:
        """Whether a token was issued and not revoked, its grant holds, its client is in use.

        As must be the person who gave it, and what it was exchanged for.

        Raises:
            Unavailable: that cannot be known.
        """
        return (await self._standing(tenant_id, jti)).holds

    async def roles(self, tenant_id: UUID, jti: str) -> frozenset[str]:
        """The roles of who gave a token; none if it does not hold any more.

        Raises:
            Unavailable: they cannot be known.
        """
        return (await self._standing(tenant_id, jti)).roles

    async def _standing(self, tenant_id: UUID, jti: str) -> _Seen:
        key = (tenant_id, digest(jti))
        seen = self._seen.get(key)
        age_s = FRESH_S if seen is None else self._since_boot() - seen.at
        if seen is not None and age_s < FRESH_S:
            if age_s >= RENEWED_AFTER_S:
                self._flights.begin(key, lambda: self._ask(key))
            return seen
        for _ in range(_TRIES_MAX):
            seen = await self._flights.join(key, lambda: self._ask(key))
            # Who joins a question that was asked long before asks again.
            if self._since_boot() - seen.at < ANSWER_S_MAX:
                return seen
        raise _unavailable()

    def forget_all(self) -> None:
        """This process has revoked something itself: it knows of that at once."""
        self._seen.clear()

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._flights.close()

    async def _ask(self, key: tuple[UUID, bytes]) -> _Seen:
        at = self._since_boot()
        try:
            async with asyncio.timeout(CHECK_S_MAX):
                row = await self._database.fetchrow(store.FIND_ACCESS, *key)
        except TimeoutError:
            raise _unavailable() from None
        holds = (
            row is not None
            and row["revoked_at"] is None
            and not row["client_gone"]
            and row["client_disabled_at"] is None
            and row["user_status"] != Status.DISABLED
            and not row["source_ended"]
            and row["grant_revoked_at"] is None
            and (row["grant_until"] is None or self._clock.now() < row["grant_until"])
        )
        roles = frozenset(row["user_roles"] or ()) if row is not None and holds else frozenset()
        seen = _Seen(at, holds, roles)
        self._seen.pop(key, None)
        self._seen[key] = seen
        if len(self._seen) > CACHED_MAX:
            # Insertion order is the order of look-ups: the first is the oldest.
            del self._seen[next(iter(self._seen))]
        return seen


def _unavailable() -> Unavailable:
    return Unavailable("The access token could not be checked in time.")
