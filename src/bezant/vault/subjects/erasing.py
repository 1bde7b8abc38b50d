"""Carrying erasures out, and carrying them out again on databases from before them.

In this order, each step durable before the next: the decision, with the subject's state, in the
main database; the line in the journal; values, indexes and whatever else is kept; the subject's
keys in the second database, of which tombstones remain; that it is done. Every step may be
repeated, and every start of the vault repeats those that a killed process left.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Unavailable
from bezant.vault.subjects import store
from bezant.vault.subjects.holdings import Holding
from bezant.vault.subjects.journal import Anchor, Entry, Erased, Journal

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

BATCH_MAX: Final = 500
"""Erasures that are carried out in one commit."""

log = structlog.get_logger("bezant.vault")


class Erasing:
    """Carries out what was decided.

    Args:
        database: the main one, as the vault's role.
        keys: the second one, which holds the keys of subjects.
        holdings: what else is kept of subjects.
    """

    def __init__(
        self, database: Database, keys: Database, clock: Clock, holdings: Sequence[Holding]
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._holdings = holdings
        self._one_at_a_time = asyncio.Lock()

    async def carry_out(self, journal: Journal, tenant_id: UUID, subject_id: UUID) -> None:
        """Complete the subject's erasure, if one was decided.

        Raises:
            Unavailable: it is not complete; a repeat, or the next start, completes it.
        """
        async with self._one_at_a_time:
            row = await self._database.fetchrow(store.FIND_ERASURE, tenant_id, subject_id)
            if row is None or row["done_at"] is not None:
                return
            await self._complete(journal, [decided(row)])

    async def complete_pending(self, journal: Journal) -> int:
        """Complete every erasure that was decided and not done; how many there were.

        After a replay, which has put on record those that the journal has.
        """
        count = 0
        while rows := await self._database.fetch(store.FIND_PENDING, BATCH_MAX):
            await self._complete(journal, [decided(row) for row in rows])
            count += len(rows)
        return count

    async def replay(self, journal: Journal) -> int:
        """Carry out everything that the journal tells of; how many the main database had not."""
        count = 0
        for batch in journal.batches(BATCH_MAX):
            for tenant_id, entries in _by_tenant(batch):
                count += await self._repeat(tenant_id, entries)
        return count

    async def _complete(self, journal: Journal, decided: Sequence[Erased]) -> None:
        entries = await journal.append(decided)
        for tenant_id, of_tenant in _by_tenant(entries):
            await self._erase(tenant_id, of_tenant)

    async def _repeat(self, tenant_id: UUID, entries: Sequence[Entry]) -> int:
        subjects = [entry.erased.subject_id for entry in entries]
        rows = await self._database.fetch(store.FIND_DONE, tenant_id, subjects)
        done = {row["subject_id"] for row in rows}
        missed = [entry for entry in entries if entry.erased.subject_id not in done]
        if missed:
            await self._erase(tenant_id, missed)
        # The second database may be from before although the main one is not.
        await self._destroy_keys(tenant_id, subjects)
        return len(missed)

    async def _erase(self, tenant_id: UUID, entries: Sequence[Entry]) -> None:
        """Everything after the journal, of one tenant.

        Raises:
            Unavailable: it is not complete; a repeat is safe.
        """
        subjects = [entry.erased.subject_id for entry in entries]
        instants = [entry.erased.at for entry in entries]

        async def remove(connection: "Connection") -> None:
            await connection.execute(store.INSERT_ERASED, tenant_id, subjects, instants)
            await connection.execute(store.SET_ERASED, tenant_id, subjects, instants)
            await connection.execute(
                store.RECORD_ERASURES,
                tenant_id,
                subjects,
                instants,
                [entry.erased.erasure_id for entry in entries],
                [entry.erased.reason for entry in entries],
                [entry.no for entry in entries],
                [bytes.fromhex(entry.chain) for entry in entries],
            )
            await connection.execute(store.DELETE_INDEX_OF_SUBJECTS, tenant_id, subjects)
            await connection.execute(store.DELETE_VALUES_OF_SUBJECTS, tenant_id, subjects)
            for holding in self._holdings:
                await holding.forget(connection, tenant_id, subjects)

        try:
            await self._database.transaction(remove)
            await self._destroy_keys(tenant_id, subjects)
            await self._database.transaction(
                lambda connection: connection.execute(
                    store.SET_DONE, tenant_id, subjects, self._clock.now()
                )
            )
        except CommitUnknown as error:
            raise Unavailable("The erasure is not complete: repeat the request.") from error

    async def _destroy_keys(self, tenant_id: UUID, subjects: Sequence[UUID]) -> None:
        at = self._clock.now()

        async def work(connection: "Connection") -> None:
            await connection.execute(store.DESTROY_KEYS, tenant_id, subjects, at)
            await connection.execute(store.INSERT_TOMBSTONES, tenant_id, subjects, at)

        await self._keys.transaction(work)


def decided(row: "asyncpg.Record") -> Erased:
    """The erasure of a row."""
    return Erased(
        row["tenant_id"],
        row["subject_id"],
        row["erasure_id"],
        row["reason"],
        row["decided_at"].astimezone(UTC),
    )


async def newest(database: Database) -> Anchor | None:
    """The newest line of the journal that the main database knows of."""
    row = await database.fetchrow(store.FIND_HEAD)
    return None if row is None else Anchor(row["journal_no"], row["journal_chain"])


async def replay_erasures(journal: Journal, erasing: Erasing) -> None:
    """Bring both databases, whichever they are from, to where the journal is.

    Every start of the vault does so before it serves, and so every restore.

    Raises:
        Unavailable: it is not complete; nothing may be served.
    """
    repeated = await erasing.replay(journal)
    completed = await erasing.complete_pending(journal)
    if repeated or completed:
        log.warning("erasures_replayed", repeated=repeated, completed=completed)


def _by_tenant(entries: Iterable[Entry]) -> Iterable[tuple[UUID, list[Entry]]]:
    ordered = sorted(entries, key=lambda entry: (entry.erased.tenant_id, entry.no))
    for tenant_id, of_tenant in groupby(ordered, key=lambda entry: entry.erased.tenant_id):
        yield tenant_id, list(of_tenant)
