"""The vault of one process: opened on its databases and its key store, closed with its keys."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

import structlog

from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Operation
from bezant.kernel.ids import Ids
from bezant.vault import proxy, store, subjects, tokens
from bezant.vault.crypto.cache import KeyCache
from bezant.vault.fields import Fields
from bezant.vault.keys import SubjectKeys, TenantKeys
from bezant.vault.keystores import BoundKeys, KeyStore
from bezant.vault.proxy import ForwardHolding, Outbound, ProxyService
from bezant.vault.rotation import Means, RotationService
from bezant.vault.rotation.api import operations as rotation_operations
from bezant.vault.rpc import VaultServer
from bezant.vault.subjects import (
    FILE,
    Erasing,
    Holding,
    Journal,
    Keeper,
    Reports,
    SubjectService,
    ValueRetention,
    newest,
    replay_erasures,
)
from bezant.vault.tokens import TokenFingerprints, TokenHolding, TokenService

if TYPE_CHECKING:
    from bezant.vault.keys.tenants import Name

_EXPIRE_EVERY_S: Final = 5.0
_SWEEP_EVERY_S: Final = 600.0
_LOOK_EVERY: Final = timedelta(days=1)
_TENANTS_PER_READ: Final = 1_000

log = structlog.get_logger("bezant.vault")


class Vault:
    """Everything that the vault's process serves.

    Attributes:
        fields: sealed fields, as the kernel's port has them.
        tenants: keys of tenants.
        subjects: keys of subjects.
        tokens: tokens, and what is known of them.
        proxy: sends requests on.
        rotations: renews keys, and ends those that nothing needs.
        retention: how long values are kept.
    """

    def __init__(
        self,
        database: Database,
        keys: Database,
        key_store: KeyStore,
        clock: Clock,
        ids: Ids,
        outbound: Outbound | None = None,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        outbound = outbound or Outbound()
        self._key_store = key_store
        self._cache: KeyCache[Name] = KeyCache(monotonic)
        self.tenants = TenantKeys(database, BoundKeys(key_store), clock, self._cache, random_bytes)
        self.subjects = SubjectKeys(keys, self.tenants, clock, random_bytes)
        self.fields = Fields(database, self.tenants, self.subjects, clock, ids, random_bytes)
        self.tokens = TokenService(
            database, self.tenants, self.fields, clock, ids, random_bytes, monotonic
        )
        self.proxy = ProxyService(database, self.fields, self.tokens, outbound, clock, ids)
        self._outbound = outbound
        self.rotations = RotationService(
            Means(
                database=database,
                keys=keys,
                key_store=key_store,
                tenants=self.tenants,
                subjects=self.subjects,
                clock=clock,
                ids=ids,
                random_bytes=random_bytes,
            ),
            fingerprints=TokenFingerprints(database, self.tenants, self.subjects),
        )
        # Whatever is kept of subjects beside their fields; erased and exported with them.
        self._holdings: list[Holding] = [
            TokenHolding(database),
            ForwardHolding(database, self.fields),
        ]
        self._keepers: list[Keeper] = []
        self._erasing = Erasing(database, keys, clock, self._holdings)
        self._reports = Reports(database, self.subjects, clock, ids, self._holdings)
        self.retention = ValueRetention(database, clock, ids)
        self._database = database
        self._clock = clock
        self._ids = ids
        self._journal: Journal | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._server: VaultServer | None = None

    @classmethod
    async def open(
        cls,
        database: Database,
        keys: Database,
        key_store: KeyStore,
        clock: Clock,
        ids: Ids,
        folder: Path,
        outbound: Outbound | None = None,
        holdings: Sequence[Holding] = (),
    ) -> Self:
        """A vault that works.

        Args:
            database: the main one, as the vault's role.
            keys: the second one, which holds the keys of subjects.
            key_store: open; closed with the vault.
            clock: tells when keys and values are made.
            ids: for entries of the audit log.
            folder: holds the journal of erasures; in no backup of the databases.
            outbound: how requests leave that are sent on; by default to public addresses only.
            holdings: what others keep of subjects, beside the vault; some have to, for a time.

        Raises:
            KeyStoreDown: the key store cannot be asked.
            JournalRefused: the journal of erasures is not the one that was written.
        """
        await key_store.current()
        vault = cls(database, keys, key_store, clock, ids, outbound)
        vault._holdings.extend(holdings)
        vault._keepers.extend(each for each in holdings if isinstance(each, Keeper))
        try:
            # Before anything is served: either database may have been restored from before.
            await vault._replay(folder / FILE)
        except BaseException:
            await vault.close()
            raise
        vault._tasks = [
            asyncio.create_task(vault._expire(), name="keys of the vault expire"),
            asyncio.create_task(vault._sweep(), name="values and tokens expire"),
            asyncio.create_task(vault.rotations.work(), name="rotations of the vault's keys"),
        ]
        return vault

    def operations(self) -> Sequence[Operation]:
        """What the vault's own listener serves."""
        assert self._journal is not None
        decisions = SubjectService(
            self._database,
            self._clock,
            self._ids,
            self._erasing,
            self._journal,
            self._keepers,
        )
        return [
            *tokens.operations(self.tokens),
            *proxy.operations(self.proxy),
            *subjects.operations(decisions, self._reports, self.retention),
            *rotation_operations(self.rotations),
        ]

    async def serve(self, socket: Path, token: str) -> None:
        """Serve other processes of the platform, which know the token."""
        self._server = VaultServer(socket, token, self.fields, self.rotations)
        await self._server.start()

    async def close(self) -> None:
        """Stop serving, and wipe the keys."""
        if self._server is not None:
            await self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._journal is not None:
            self._journal.close()
        self._outbound.close()
        self.tokens.codes.clear()
        self._cache.clear()
        await self._key_store.close()

    async def sweep(self) -> int:
        """Remove what is over of every tenant; how many rows that were."""
        removed = 0
        async for tenant_id in self._tenants():
            for sweep in (self.tokens.registry.sweep, self.proxy.sweep):
                while count := await sweep(tenant_id):
                    removed += count
        return removed

    async def remove_due(self) -> int:
        """Remove what nobody has to keep any more of every tenant; how much that was."""
        removed = 0
        async for tenant_id in self._tenants():
            for keeper in self._keepers:
                removed += await keeper.remove_due(tenant_id)
        return removed

    async def _tenants(self) -> AsyncIterator[UUID]:
        after = UUID(int=0)
        while rows := await self._database.fetch(store.FIND_TENANTS, after, _TENANTS_PER_READ):
            for row in rows:
                yield row["tenant_id"]
            after = rows[-1]["tenant_id"]

    async def _expire(self) -> None:
        """Keys that nobody asks for leave in time too."""
        while True:
            await asyncio.sleep(_EXPIRE_EVERY_S)
            self._cache.expire()
            self.tokens.codes.expire()

    async def _sweep(self) -> None:
        """Values that were kept for as long as they may be leave, and tokens.

        What keepers have is looked through once a day: it is counted in years.
        """
        look_at = self._clock.now()
        while True:
            try:
                await self.retention.sweep()
                await self.sweep()
                if self._clock.now() >= look_at:
                    await self.remove_due()
                    look_at = self._clock.now() + _LOOK_EVERY
            except (Refusal, CommitUnknown) as error:
                log.warning("vault_sweep_failed", error=type(error).__name__)
            await asyncio.sleep(_SWEEP_EVERY_S)

    async def _replay(self, path: Path) -> None:
        anchor = await newest(self._database)
        self._journal = await Journal.open(path, self.tenants, anchor)
        await replay_erasures(self._journal, self._erasing)
