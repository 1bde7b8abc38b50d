"""What is good for one use: remembered until it is too old to be used again anyway."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from bezant.identity.http import OAuthError
from bezant.identity.proofs import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

REMEMBERED_LONGER: Final = timedelta(minutes=5)
"""By how much: longer than the clocks of several machines differ."""


class _Mark(NamedTuple):
    """One thing to use up, and what is answered to who uses it a second time."""

    digest: bytes
    until: datetime
    refusal: OAuthError


class Uses:
    """What one request uses up: noted while it is judged, written in the commit of what it brings.

    Whoever makes that commit calls `take` in it and `taken` after it. What nobody took is used up
    by the end of `UsedProofs.together`, whatever became of the request.
    """

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._marks: list[_Mark] = []

    def note(self, name: str, until: datetime, refusal: OAuthError) -> None:
        """Use something up once.

        Args:
            name: what, with whose it is: of two clients each has its own.
            until: from when on it is refused for its age.
            refusal: what is told if it was used before.
        """
        digest = hashlib.sha256(name.encode()).digest()
        self._marks.append(_Mark(digest, until + REMEMBERED_LONGER, refusal))

    async def take(self, connection: "Connection") -> OAuthError | None:
        """Use up what is noted, within the commit of a caller's.

        Returns:
            The refusal of what was used before. It is to be committed nevertheless: the others are
            used up by that.
        """
        if not self._marks:
            return None
        # In one order, so that no two requests wait for each other.
        marks = sorted(self._marks, key=lambda mark: mark.digest)
        rows = await connection.fetch(
            store.INSERT,
            self._tenant_id,
            [mark.digest for mark in marks],
            [mark.until for mark in marks],
        )
        new = {row["digest"] for row in rows}
        return next((mark.refusal for mark in self._marks if mark.digest not in new), None)

    def taken(self) -> None:
        """The commit that took them is made."""
        self._marks.clear()

    async def settle(self) -> None:
        """Use up what is noted, in a commit of its own.

        Raises:
            OAuthError: something of it was used before.
            Unavailable: whether it was used cannot be known; it counts as used.
        """
        if not self._marks:
            return
        try:
            refusal = await self._database.transaction(self.take)
        except CommitUnknown:
            raise Unavailable(
                "It is not known whether the proof was used: make a new one."
            ) from None
        self.taken()
        if refusal is not None:
            raise refusal


class UsedProofs:
    """Identifiers of assertions and proofs that were used, in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @asynccontextmanager
    async def together(self, tenant_id: UUID) -> AsyncIterator[Uses]:
        """What a request uses up. By the end of it all is used up that it noted.

        A request that is declined has used its assertion and its proof up as well: what was shown
        once is worth nothing to who reads it later. And who shows one again hears of that alone,
        and not what else would have been wrong. Only an outage leaves them as they were, when
        nothing was given either.
        """
        uses = Uses(self._database, tenant_id)
        try:
            yield uses
        except Unavailable:
            raise
        except Exception:
            await uses.settle()
            raise
        await uses.settle()

    async def use(self, tenant_id: UUID, name: str, until: datetime) -> bool:
        """Use something up by itself; whether this was the once. See `Uses.note`.

        Raises:
            Unavailable: whether it was used cannot be known; it counts as used.
        """
        uses, used = Uses(self._database, tenant_id), OAuthError("invalid_request", "Used before.")
        uses.note(name, until, used)
        try:
            await uses.settle()
        except OAuthError:
            return False
        return True

    async def use_within(
        self, connection: "Connection", tenant_id: UUID, name: str, until: datetime
    ) -> bool:
        """The same within another's commit: without the commit, it was not used."""
        digest = hashlib.sha256(name.encode()).digest()
        until += REMEMBERED_LONGER
        return bool(await connection.fetch(store.INSERT, tenant_id, [digest], [until]))

    async def remove_old(self, tenant_id: UUID, _before: datetime, limit: int) -> int:
        """Forget some of a tenant's that are too old anyway; how many."""
        return await self._database.remove(store.DELETE_OLD, tenant_id, self._clock.now(), limit)
