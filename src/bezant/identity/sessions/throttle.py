"""Throttling guesses, without letting whoever guesses lock the user out.

An attempt counts as failed before anything is verified, so that guesses at the same time are no
more than others; a right one takes its count back. After some failures each further attempt waits
twice as long, up to a quarter of an hour, never for ever. Failures are counted

- of a user in all browsers that they never logged in with, together;
- of a user in each browser that they did log in with, for itself: whatever an attacker does
  elsewhere, the victim's own browser goes on;
- from an address, whoever is tried.

At the longest wait, somebody who guesses without end has about a hundred attempts a day.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.identity.sessions import store
from bezant.identity.sessions.errors import TooManyAttempts
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

FORGOTTEN_AFTER: Final = timedelta(days=1)
WAIT_MAX: Final = timedelta(minutes=15)
_FIRST_WAIT: Final = timedelta(seconds=5)
_DOUBLINGS_MAX: Final = 10
_IPV6_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Counted:
    """Something whose failures are counted together.

    Attributes:
        key_hash: a keyed digest; nobody reads addresses or names out of the table.
        free: failures after which attempts begin to wait.
    """

    key_hash: bytes
    free: int

    def wait(self, failures: int) -> timedelta:
        """How long after the last of so many failures nothing is attempted."""
        if failures < self.free:
            return timedelta()
        doublings = min(failures - self.free, _DOUBLINGS_MAX)
        return min(_FIRST_WAIT * (1 << doublings), WAIT_MAX)


class Throttle:
    """Counts attempts of every tenant.

    Args:
        secret: keys the digests; the same in every process.
    """

    USER_FREE: Final = 5
    BROWSER_FREE: Final = 10
    ADDRESS_FREE: Final = 50

    def __init__(self, database: Database, clock: Clock, secret: bytes) -> None:
        self._database = database
        self._clock = clock
        self._secret = secret

    def digest(self, kind: str, value: str) -> bytes:
        """A keyed digest of what must not be read by others."""
        message = f"{kind}\0{value}".encode(errors="replace")
        return hmac.digest(self._secret, message, hashlib.sha256)

    def user(self, user_id: UUID, step: str) -> Counted:
        """A user, in all browsers that are new to them, at one step of logins."""
        return Counted(self.digest(f"user {step}", str(user_id)), self.USER_FREE)

    def browser(self, user_id: UUID, device_hash: bytes, step: str) -> Counted:
        """A user, in a browser that they logged in with before."""
        value = f"{user_id} {device_hash.hex()}"
        return Counted(self.digest(f"browser {step}", value), self.BROWSER_FREE)

    def address(self, address: str) -> Counted:
        """A peer: a host, or of IPv6 the network, whose addresses all belong to one subscriber."""
        return Counted(self.digest("address", network_of(address)), self.ADDRESS_FREE)

    async def take(self, tenant_id: UUID, *counted: Counted) -> None:
        """Count an attempt as failed, unless there were too many.

        Raises:
            TooManyAttempts: with the wait.
        """

        async def work(connection: "Connection") -> timedelta:
            now = self._clock.now()
            failures = await self._failures(connection, tenant_id, counted, now)
            waits = [
                failed_at + each.wait(count) - now
                for each in counted
                for count, failed_at in [failures.get(each.key_hash, (0, now))]
                # By another machine's clock it may have been a moment from now.
                if count >= each.free
            ]
            wait = max(waits, default=timedelta())
            if wait <= timedelta():
                for each in counted:
                    count, _ = failures.get(each.key_hash, (0, now))
                    await connection.execute(store.COUNT, tenant_id, each.key_hash, count + 1, now)
            return wait

        try:
            wait = await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Try again.") from error
        if wait > timedelta():
            raise TooManyAttempts(
                "There were too many attempts.", retry_after_s=ceil(wait.total_seconds())
            )

    async def failures(self, tenant_id: UUID, *counted: Counted) -> list[int]:
        """How many there were of each, of those that are not forgotten."""
        rows = await self._database.fetch(
            store.FIND_COUNTS,
            tenant_id,
            [each.key_hash for each in counted],
            self._clock.now() - FORGOTTEN_AFTER,
        )
        found = {row["key_hash"]: int(row["failures"]) for row in rows}
        return [found.get(each.key_hash, 0) for each in counted]

    async def give_back(self, connection: "Connection", tenant_id: UUID, *counted: Counted) -> None:
        """The attempt was right: it does not count, in the transaction that it leads to."""
        for each in counted:
            await connection.execute(store.UNCOUNT, tenant_id, each.key_hash)

    async def remove_old(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Remove some of a tenant's counts that ended before an instant."""
        return await self._database.remove(store.DELETE_COUNTS, tenant_id, before, limit)

    async def _failures(
        self,
        connection: "Connection",
        tenant_id: UUID,
        counted: tuple[Counted, ...],
        now: datetime,
    ) -> dict[bytes, tuple[int, datetime]]:
        rows = await connection.fetch(
            store.FIND_COUNTS,
            tenant_id,
            [each.key_hash for each in counted],
            now - FORGOTTEN_AFTER,
        )
        return {row["key_hash"]: (row["failures"], row["failed_at"]) for row in rows}


def network_of(address: str) -> str:
    """What an address is counted under."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(int(parsed) >> (128 - _IPV6_NETWORK_BITS))
