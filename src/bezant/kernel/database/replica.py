"""A streaming replica: it spares the primary reads, and may be down, slow or behind at any time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

import asyncpg
import structlog

from bezant.kernel.database.errors import (
    CONNECTION_LOST,
    CommitUnknown,
    DatabaseRefused,
    DatabaseUnavailable,
    TooContended,
)
from bezant.kernel.database.pool import Database
from bezant.kernel.database.slow import SLOW_STATEMENT_MS

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")

READ_SECONDS_MAX: Final = 1.0
"""How long a read may take, connecting included, before the primary is asked instead."""

PAUSE_S: Final = 5.0
"""How long a replica that failed is left alone; then one read tries it."""

_FAILURES: Final = (
    DatabaseUnavailable,
    DatabaseRefused,
    TooContended,
    CommitUnknown,
    *CONNECTION_LOST,
    # Whatever it says, the primary is asked: an error of the statement itself is then told there.
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)

log = structlog.get_logger("bezant.database")


class ReplicaUnavailable(Exception):  # noqa: N818 - no fault: the primary answers instead
    """The replica cannot be asked now."""


class Replica:
    """A hot standby, behind a circuit breaker. Nothing is connected before the first read.

    A read that fails opens the breaker. While it is open reads are refused at once, but for one
    every `PAUSE_S` that tries; its success closes the breaker. So a replica that hangs delays one
    read per pause by at most `READ_SECONDS_MAX`, and a platform starts without its replica.

    Args:
        url: a PostgreSQL URL of the application's role.
        connections_max: the most connections that this process holds.
        slow_statement_ms: statements that take as long are logged and counted.
        monotonic: seconds, from any start.
    """

    def __init__(
        self,
        url: str,
        *,
        connections_max: int = 10,
        slow_statement_ms: int = SLOW_STATEMENT_MS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._connections_max = connections_max
        self._slow_statement_ms = slow_statement_ms
        self._monotonic = monotonic
        self._database: Database | None = None
        self._is_up = False
        self._is_down_told = False
        self._try_at = float("-inf")

    async def close(self) -> None:
        """Close every connection."""
        if self._database is not None:
            await self._database.close()

    async def read(
        self, work: "Callable[[PoolConnectionProxy[asyncpg.Record]], Awaitable[T]]"
    ) -> T:
        """Run `work` on one snapshot, read-only.

        The snapshot may be of any age: `work` itself has to look whether it is new enough.

        Raises:
            ReplicaUnavailable: it failed just now or moments ago.
        """
        if not self._is_up:
            self._begin_trial()
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                database = self._database or await self._open()
                result = await database.read(work)
        except _FAILURES as error:
            self._went_down(error)
            raise ReplicaUnavailable from error
        self._came_up()
        return result

    def _begin_trial(self) -> None:
        now = self._monotonic()
        if now < self._try_at:
            raise ReplicaUnavailable
        # Longer than a read may take: there is never more than one trial, nor more than one pool.
        self._try_at = now + PAUSE_S

    async def _open(self) -> Database:
        self._database = await Database.open(
            self._url,
            connections_max=self._connections_max,
            slow_statement_ms=self._slow_statement_ms,
        )
        return self._database

    def _went_down(self, error: BaseException) -> None:
        self._is_up = False
        self._try_at = self._monotonic() + PAUSE_S
        if not self._is_down_told:
            self._is_down_told = True
            log.warning("replica_down", error=type(error).__name__)

    def _came_up(self) -> None:
        self._is_up = True
        if self._is_down_told:
            self._is_down_told = False
            log.info("replica_up")
