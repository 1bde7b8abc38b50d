"""The keys that sign a tenant's checkpoints: sealed in the database, opened to sign."""

import os
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import BEGIN_BY_KEY, Database
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.ledger.checkpoints import store
from bezant.ledger.checkpoints.schemas import CheckpointKey, CheckpointKeys, KeyRotation
from bezant.ledger.proof import KEY_BYTES

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class Keyring:
    """A tenant's keys. The first is made when something is to be signed."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        sealer: SecretSealer,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._random_bytes = random_bytes

    async def listed(self, tenant_id: UUID) -> CheckpointKeys:
        """`GET /v1/checkpoint-keys`."""
        rows = await self._database.fetch(store.FIND_KEYS, tenant_id)
        return CheckpointKeys([_described(row) for row in rows])

    async def public_keys(self, tenant_id: UUID) -> list[bytes]:
        """What the tenant's checkpoints may be signed with."""
        return [row["public_key"] for row in await self._database.fetch(store.FIND_KEYS, tenant_id)]

    async def signing(self, tenant_id: UUID) -> list[Ed25519PrivateKey]:
        """The keys that sign now; one is made where there is none.

        Raises:
            SealBroken: the server's sealing key is another one.
        """
        rows = await self._database.fetch(store.FIND_KEYS, tenant_id)
        if not rows:
            rows = await self._database.transaction(
                lambda connection: self._first(connection, tenant_id), begin=BEGIN_BY_KEY
            )
        now = self._clock.now()
        return [
            Ed25519PrivateKey.from_private_bytes(
                self._sealer.open(SealedSecret(row["sealed"]), _context(tenant_id, row["key_id"]))
            )
            for row in rows
            if row["expires_at"] is None or row["expires_at"] > now
        ]

    async def rotate(self, call: Call, rotation: KeyRotation) -> Answer:
        """Make a new key (201 `CheckpointKeys`); the others sign too for the overlap."""

        async def work(connection: "Connection") -> Answer:
            until = self._clock.now() + timedelta(seconds=rotation.overlap_s)
            await connection.execute(store.END_KEYS, call.tenant_id, until)
            await self._add(connection, call.tenant_id)
            rows = await connection.fetch(store.FIND_KEYS, call.tenant_id)
            return Answer.of(CheckpointKeys([_described(row) for row in rows]), 201)

        return await once(self._database, self._clock, call, work)

    async def _first(self, connection: "Connection", tenant_id: UUID) -> "list[asyncpg.Record]":
        # Two processes that come at once conflict here, and the second finds the first one's.
        if not await connection.fetch(store.FIND_KEYS, tenant_id):
            await self._add(connection, tenant_id)
        return await connection.fetch(store.FIND_KEYS, tenant_id)

    async def _add(self, connection: "Connection", tenant_id: UUID) -> None:
        key_id, seed = self._ids.new(), self._random_bytes(KEY_BYTES)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        sealed = self._sealer.seal(seed, _context(tenant_id, key_id))
        await connection.execute(
            store.INSERT_KEY, tenant_id, key_id, sealed, public, self._clock.now()
        )


def _described(row: "asyncpg.Record") -> CheckpointKey:
    return CheckpointKey(
        row["key_id"],
        b64encode(row["public_key"]).decode(),
        row["created_at"],
        row["expires_at"],
    )


def _context(tenant_id: UUID, key_id: UUID) -> bytes:
    return f"checkpoint_key {tenant_id} {key_id}".encode()
