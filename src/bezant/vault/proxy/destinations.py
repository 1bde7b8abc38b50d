"""The list of places to which a tenant's requests may be sent."""

import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.outbound import Target, TargetRefused, read_target
from bezant.vault.proxy import store
from bezant.vault.proxy.errors import (
    DestinationNotAllowed,
    DestinationNotFound,
    DestinationRefused,
    TooManyDestinations,
)
from bezant.vault.proxy.schemas import (
    DESTINATIONS_MAX,
    Destination,
    Destinations,
    NewDestination,
)

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

_HTTPS_PORT: Final = 443
# What servers may read as another path than it says: dots that lead up, escaped ones and slashes,
# empty segments.
_DEVIOUS: Final = re.compile(r"(?i)//|/\.{1,2}(?:[/;?]|\Z)|%2e|%2f|%5c|%00|;")


class DestinationService:
    """Adds, removes, lists, and checks destinations.

    Args:
        database: the main one, as the vault's role.
        allow_loopback: this machine may be one, on any port, for development.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, *, allow_loopback: bool) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._allow_loopback = allow_loopback

    async def add(self, call: Call, new: NewDestination) -> Answer:
        """`POST /v1/vault/destinations` -> 201 `Destination`. Again is no error."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            target = self.read(new.url)
            if "?" in target.path:
                raise DestinationRefused("The beginning of a path has no query.", field="url")
            place = (target.host, target.port, target.path.rstrip("/") or "/")
            there = {
                (each.host, each.port, each.path_prefix): each
                for each in map(_shown, await _rows(connection, call.tenant_id))
            }
            if place in there:
                return Answer.of(there[place], 201)
            if len(there) >= DESTINATIONS_MAX:
                raise TooManyDestinations(f"A tenant has {DESTINATIONS_MAX} at most.")
            made = Destination(self._ids.new(), *place, self._clock.now())
            await connection.execute(
                store.INSERT_DESTINATION, call.tenant_id, made.id, *place, made.created_at
            )
            return Answer.of(made, 201)

        return await idempotency.once(self._database, self._clock, call, work)

    async def remove(self, call: Call, destination_id: UUID) -> Answer:
        """`POST /v1/vault/destinations/{destination}/remove` -> 200 `Destination`."""

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            there = {each.id: each for each in map(_shown, await _rows(connection, call.tenant_id))}
            if destination_id not in there:
                raise DestinationNotFound("There is no such destination.")
            await connection.execute(store.DELETE_DESTINATION, call.tenant_id, destination_id)
            return Answer.of(there[destination_id])

        return await idempotency.once(self._database, self._clock, call, work)

    async def list(self, tenant_id: UUID) -> Destinations:
        """`GET /v1/vault/destinations`."""
        rows = await self._database.fetch(store.LIST_DESTINATIONS, tenant_id)
        return Destinations([_shown(row) for row in rows])

    async def require(self, tenant_id: UUID, url: str) -> Target:
        """Where a request goes, if it may.

        Raises:
            DestinationRefused: nothing is ever sent there.
            DestinationNotAllowed: it is not on the list.
        """
        target = self.read(url)
        path, _, _ = target.path.partition("?")
        for each in (await self.list(tenant_id)).destinations:
            prefix = each.path_prefix.rstrip("/")
            is_within = path == prefix or path.startswith(f"{prefix}/")
            if (each.host, each.port) == (target.host, target.port) and is_within:
                return target
        raise DestinationNotAllowed("Add the host and the path to the destinations.", field="url")

    def read(self, url: str) -> Target:
        """The parts of a URL.

        Raises:
            DestinationRefused: nothing is ever sent there.
        """
        try:
            target = read_target(url, allow_loopback=self._allow_loopback)
        except TargetRefused as error:
            raise DestinationRefused(str(error), field="url") from None
        if target.scheme != "https":
            raise DestinationRefused("The URL begins with https://.", field="url")
        if target.port != _HTTPS_PORT and not self._allow_loopback:
            raise DestinationRefused("The port is 443.", field="url")
        if _DEVIOUS.search(target.path.partition("?")[0]):
            raise DestinationRefused("The path is not in its plain form.", field="url")
        return target


async def _rows(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID
) -> "list[asyncpg.Record]":
    return await connection.fetch(store.LIST_DESTINATIONS, tenant_id)


def _shown(row: "asyncpg.Record") -> Destination:
    return Destination(
        row["destination_id"], row["host"], row["port"], row["path_prefix"], row["created_at"]
    )
