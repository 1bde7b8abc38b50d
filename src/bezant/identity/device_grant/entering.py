"""A user types the code that a device shows."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.authorization import browser_in, commit, digest
from bezant.identity.device_grant import store
from bezant.identity.device_grant.errors import UserCodeUnknown
from bezant.identity.device_grant.guesses import Guesses
from bezant.identity.device_grant.user_codes import UserCodes, read_user_code
from bezant.identity.sessions import Throttle
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class CodeEntry:
    """Makes an interaction of a code, as the authorization endpoint makes one of a request."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        throttle: Throttle,
        codes: UserCodes,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._throttle = throttle
        self._guesses = Guesses(throttle, clock)
        self._codes = codes
        self._random_bytes = random_bytes

    def browser(self, cookies: "Mapping[str, str]") -> str:
        """What the browser is known by. See `browser_in`."""
        return browser_in(cookies, self._random_bytes)

    async def enter(
        self, tenant_id: UUID, user_id: UUID, address: str, browser: str, typed: str
    ) -> UUID:
        """The interaction of what a device with this code asks for, in this browser.

        The attempt counts against the user, who is logged in.

        Raises:
            UserCodeUnknown: no device waits with it.
            TooManyAttempts: of codes that were not known.
        """
        code = read_user_code(typed)
        if code is None:
            # No code ever looks like this, so it was no guess.
            raise _unknown()
        counted = await self._guesses.take(tenant_id, user_id, address)
        interaction_id = self._ids.new()

        async def work(connection: "Connection") -> None:
            row = await connection.fetchrow(
                store.ENTER,
                tenant_id,
                self._codes.digest(code),
                self._clock.now(),
                interaction_id,
                digest(browser),
            )
            if row is None:
                raise _unknown()
            await self._throttle.give_back(connection, tenant_id, *counted)

        await commit(self._database, work)
        return interaction_id


def _unknown() -> UserCodeUnknown:
    return UserCodeUnknown("No device waits with this code.")
