"""Events outside books: written with the change that they tell of, numbered after its commit."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.database import BEGIN_SWEEP, Database, Row, RowKind
from bezant.kernel.errors import Conflict
from bezant.kernel.outbox import store

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

EVENTS_PER_READ_MAX: Final = 1_000

_KIND = RowKind("event_pending", store.INSERT)


class EventsExpired(Conflict):
    """Events after the given number were removed by retention: start over from `oldest`."""

    code, title = "EVENTS_EXPIRED", "These events are kept no longer"


class Event(msgspec.Struct, frozen=True):
    """An event of a tenant's stream.

    Attributes:
        seq: its number: 1, 2, 3 and so on, without gaps. Who has seen a number will never see a
            smaller one appear.
        id: the same wherever the event is delivered.
        kind: as `noun.verbed` (`api_key.revoked`).
        subject: what it is about, as the path of the resource.
        data: what else it says: references only.
        occurred_at: the instant of the change.
    """

    seq: int
    id: UUID
    kind: str
    subject: str
    data: msgspec.Raw
    occurred_at: datetime


Subscriber = Callable[[UUID, Sequence[Event]], Iterable[Row]]
"""Told of a tenant's events as they get their numbers, in order, each exactly once.

The rows it answers, such as jobs, commit together with the numbers. Pure: it may be asked again.
"""


def event(event_id: UUID, kind: str, subject: str, at: datetime, data: object | None = None) -> Row:
    """An event as a row for the commit of the change that it tells of.

    Args:
        event_id: a new UUIDv7.
        kind: as `noun.verbed`.
        subject: the path of the resource, such as `/v1/api-keys/0198…`.
        at: the commit's instant.
        data: a Struct or mapping of references: no secret, no personal datum.
    """
    encoded = msgspec.json.encode({} if data is None else data)
    return Row(_KIND, (event_id, kind, subject, encoded, at))


class EventReader:
    """Reads tenants' streams."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self, tenant_id: UUID) -> int:
        """The number of the tenant's newest event; 0 for none."""
        stream = await self._database.fetchrow(store.FIND_STREAM, tenant_id)
        return 0 if stream is None else int(stream["seq"])

    async def read(
        self, tenant_id: UUID, after: int, limit: int = EVENTS_PER_READ_MAX
    ) -> list[Event]:
        """The tenant's events with numbers above `after`, in order; none when there are no newer.

        Raises:
            EventsExpired: some of them are kept no longer.
        """
        rows = await self._database.fetch(store.FIND_EVENTS, tenant_id, after, limit)
        if rows and rows[0]["seq"] != after + 1:
            raise _expired(rows[0]["seq"])
        if not rows:
            stream = await self._database.fetchrow(store.FIND_STREAM, tenant_id)
            if stream is not None and after + 1 < stream["first_seq"]:
                raise _expired(stream["first_seq"])
        return [
            Event(
                seq=row["seq"],
                id=row["event_id"],
                kind=row["kind"],
                subject=row["subject"],
                data=msgspec.Raw(row["data"]),
                occurred_at=row["occurred_at"],
            )
            for row in rows
        ]


async def remove_old(database: Database, tenant_id: UUID, before: datetime, limit: int) -> int:
    """Remove some of a tenant's events numbered before an instant; how many were removed.

    The stream knows its oldest event in the same commit, so that a reader who is too late is told
    rather than given a gap.

    Raises:
        CommitUnknown: a repeat is safe.
        Unavailable: the database cannot be asked.
    """

    async def work(connection: "Connection") -> int:
        last = await connection.fetchval(store.FIND_LAST_OLD, tenant_id, before, limit)
        if last is None:
            return 0
        await connection.execute(store.FORGET, tenant_id, last)
        tag = await connection.execute(store.DELETE_EVENTS, tenant_id, last)
        return int(tag.rpartition(" ")[2])

    return await database.transaction(work, begin=BEGIN_SWEEP)


def _expired(oldest: int) -> EventsExpired:
    return EventsExpired(f"The oldest event that is kept is {oldest}.", oldest=oldest)
