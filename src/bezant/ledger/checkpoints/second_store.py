"""A second store: a table of another PostgreSQL, to which the platform's role can only add."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.errors import Forked, PlaceUnavailable
from bezant.ledger.checkpoints.places import Published

_WITHIN_S: Final = 5
_PAUSE_S: Final = 10


class SecondStore:
    """Checkpoints in another database.

    One statement at a time, each within five seconds; after one that failed it is left alone for
    ten, so that a store that is down holds nobody up for long.

    Args:
        url: as a role that may SELECT and INSERT.
    """

    name = "store"

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._resume_at_s: float | None = None

    async def last(self, tenant_id: UUID, book_id: UUID) -> Published | None:
        """The one of a book with the greatest number; None where there is none."""
        rows = await self._run(store.FIND_LAST_PUBLISHED, tenant_id, book_id)
        return Published(*rows[0].values()) if rows else None

    async def after(
        self, tenant_id: UUID, book_id: UUID, number: int, limit: int
    ) -> Sequence[Published]:
        """A book's from the next number on, in order."""
        rows = await self._run(store.FIND_PUBLISHED, tenant_id, book_id, number, limit)
        return [Published(*row.values()) for row in rows]

    async def put(self, tenant_id: UUID, book_id: UUID, notes: Sequence[Published]) -> None:
        """Add notes, durably; those that are there already stay."""
        numbers = [each.number for each in notes]
        texts = [each.note for each in notes]
        await self._run(store.INSERT_PUBLISHED, tenant_id, book_id, numbers, texts)
        stored = dict(await self.after(tenant_id, book_id, numbers[0] - 1, len(numbers)))
        for number, note in notes:
            if stored.get(number) != note:
                raise Forked(f"the second store holds another checkpoint of number {number}")

    async def close(self) -> None:
        """Close the connection."""
        async with self._turn:
            await self._drop()

    async def _run(self, statement: str, *values: object) -> "list[asyncpg.Record]":
        async with self._turn:
            now_s = asyncio.get_running_loop().time()
            if self._resume_at_s is not None and now_s < self._resume_at_s:
                raise PlaceUnavailable(self.name, "it failed a moment ago")
            try:
                async with asyncio.timeout(_WITHIN_S):
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await asyncpg.connect(self._url)
                    return await self._connection.fetch(statement, *values)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                await self._drop()
                self._resume_at_s = asyncio.get_running_loop().time() + _PAUSE_S
                # The message of a driver may quote the address; the class says enough.
                raise PlaceUnavailable(self.name, type(error).__name__) from error

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


async def prepare_store(owner_url: str, role: str) -> None:
    """Make the table in the second store, and let the platform's role add to it and read it.

    Args:
        owner_url: as whoever is to own the table; not as the platform's role.
        role: the platform's, which is there already.
    """
    name = '"' + role.replace('"', '""') + '"'
    owner = await asyncpg.connect(owner_url)
    try:
        await owner.execute(store.CREATE_PUBLISHED)
        await owner.execute(store.GRANT_PUBLISHED.format(role=name))
    finally:
        await owner.close()
