"""What an operator does when the journal is lost: accept one made of what the database knows."""

import asyncio
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.vault.crypto.cache import KeyCache
from bezant.vault.keys import TenantKeys
from bezant.vault.keystores import BoundKeys, KeyStore
from bezant.vault.subjects import store
from bezant.vault.subjects.erasing import decided
from bezant.vault.subjects.journal import FILE, Entry, Journal, hold

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.vault.keys.tenants import Name


async def accept_journal(
    folder: Path, database: Database, key_store: KeyStore, clock: Clock
) -> tuple[int, Path | None]:
    """Make a journal of the erasures that are known, in place of the one that is refused.

    Known are those of the main database, and those that the journal tells of before its damage.

    Args:
        folder: of the journal. What is there is kept beside it, to be looked into.
        database: the main one, as the vault's role.
        key_store: open; remains the caller's to close.
        clock: names what is put aside.

    Returns:
        How many erasures the new one has, and where the former file is.

    Raises:
        JournalRefused: another process holds it.
        KeyStoreDown: the chain's key cannot be unwrapped now.
    """
    path = folder / FILE
    cache: KeyCache[Name] = KeyCache(time.monotonic)
    tenants = TenantKeys(database, BoundKeys(key_store), clock, cache, os.urandom)
    try:
        return await _accept(path, database, tenants, clock)
    finally:
        cache.clear()


async def _accept(
    path: Path, database: Database, tenants: TenantKeys, clock: Clock
) -> tuple[int, Path | None]:
    aside, held, known = None, -1, []
    if await asyncio.to_thread(path.exists):
        held = await hold(path)
        known = await Journal.salvage(path, tenants)
        aside = path.with_name(f"{path.name}.refused-{clock.now():%Y%m%dT%H%M%S%f}")
    fresh = path.with_name(f"{path.name}.new")
    await asyncio.to_thread(fresh.unlink, missing_ok=True)
    journal = await Journal.create(fresh, tenants)
    try:
        rows = await database.fetch(store.FIND_ALL_ERASURES)
        erased = {(each.tenant_id, each.subject_id): each for each in known}
        for row in rows:
            erased[row["tenant_id"], row["subject_id"]] = decided(row)
        entries = await journal.append(list(erased.values())) if erased else []
        # Killed before the file takes its place, the next start refuses once more.
        await _renumber(database, entries)
        if aside is not None:
            await asyncio.to_thread(path.rename, aside)
        await asyncio.to_thread(fresh.rename, path)
    finally:
        journal.close()
        if held >= 0:
            os.close(held)
    return len(entries), aside


async def _renumber(database: Database, entries: list[Entry]) -> None:
    of_tenants: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_tenants[entry.erased.tenant_id].append(entry)

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        for tenant_id, own in of_tenants.items():
            await connection.execute(
                store.RENUMBER_ERASURES,
                tenant_id,
                [entry.erased.subject_id for entry in own],
                [entry.no for entry in own],
                [bytes.fromhex(entry.chain) for entry in own],
            )

    await database.transaction(work)
