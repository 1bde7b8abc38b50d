"""Attempts: a login between two of its steps, durable, in the browser that it was begun in."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.factors import factors_of
from bezant.identity.factors.domain import Method, standing
from bezant.identity.logins import Acr
from bezant.identity.sessions.browsing import device_hash_of
from bezant.identity.sessions.errors import TicketOver
from bezant.identity.sessions.ports import Browser, Step
from bezant.identity.tickets import Kind, Ticket, Tickets, new_text
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LIFETIME: Final = timedelta(minutes=10)


class Attempt(Struct, frozen=True):
    """A login under way.

    Attributes:
        user_id: whose.
        device_hash: of the browser that goes on with it.
        needed: how strong it has to be.
        proven: what was proven so far, and when the last of it was.
        session_id: the session that it makes stronger; None for a new one.
    """

    user_id: UUID
    device_hash: bytes
    needed: Acr
    proven: tuple[Method, ...] = ()
    proven_at: datetime | None = None
    session_id: UUID | None = None

    def and_proven(self, method: Method, at: datetime) -> "Attempt":
        """The same with one more proof."""
        proven = (*(each for each in self.proven if each is not method), method)
        return msgspec.structs.replace(self, proven=proven, proven_at=at)


class Attempts:
    """Keeps attempts as tickets: going on with one uses it up and makes the next."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._tickets = Tickets(database)
        self._clock = clock
        self._random_bytes = random_bytes

    async def find(self, tenant_id: UUID, browser: Browser, text: str) -> Attempt:
        """An attempt that can go on in this browser.

        Raises:
            TicketOver: it has gone on, expired, or is another browser's.
        """
        found = await self._tickets.find(tenant_id, text, [Kind.LOGIN], self._clock.now())
        return _own(found, browser)

    async def redeem(
        self, connection: "Connection", tenant_id: UUID, browser: Browser, text: str
    ) -> Attempt:
        """Use an attempt's ticket up. Of many at once, one goes on.

        Raises:
            TicketOver: see `find`; the transaction is to be rolled back.
        """
        now = self._clock.now()
        found = await self._tickets.redeem(connection, tenant_id, text, [Kind.LOGIN], now)
        return _own(found, browser)

    async def step(self, connection: "Connection", tenant_id: UUID, attempt: Attempt) -> Step:
        """Keep an attempt as it is now; how far it is, and the ticket that goes on with it."""
        text = new_text(self._random_bytes)
        ticket = Ticket(Kind.LOGIN, attempt.user_id, msgspec.json.encode(attempt))
        now = self._clock.now()
        await self._tickets.make(connection, tenant_id, text, ticket, now, LIFETIME)
        factors = await factors_of(connection, tenant_id, attempt.user_id)
        stands = standing(attempt.proven, factors, attempt.needed)
        return Step(text, stands.left, stands.acr, stands.is_done, stands.must_enrol)


def _own(ticket: Ticket | None, browser: Browser) -> Attempt:
    attempt = None if ticket is None else msgspec.json.decode(ticket.content, type=Attempt)
    if attempt is None or not compare_digest(attempt.device_hash, device_hash_of(browser)):
        raise TicketOver("Begin the login anew.")
    return attempt
