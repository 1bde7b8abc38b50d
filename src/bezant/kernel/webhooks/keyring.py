"""The signing keys of endpoints: sealed in the database, opened to sign."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.kernel.webhooks import store
from bezant.kernel.webhooks.schemas import WebhookKey
from bezant.kernel.webhooks.signing import SigningKey, read_key

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class Keyring:
    """Puts keys in and takes them out."""

    def __init__(self, sealer: SecretSealer) -> None:
        self._sealer = sealer

    async def add(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        endpoint_id: UUID,
        described: WebhookKey,
        key: SigningKey,
    ) -> None:
        """Store a new key of an endpoint."""
        await connection.execute(
            store.INSERT_KEY,
            tenant_id,
            endpoint_id,
            described.id,
            described.signature,
            self._sealer.seal(key.write().encode(), _context(tenant_id, endpoint_id, described.id)),
            described.public_key,
            described.created_at,
        )

    def open(self, tenant_id: UUID, row: "asyncpg.Record") -> SigningKey:
        """The key of a row.

        Raises:
            SealBroken: the server's sealing key is another one.
        """
        context = _context(tenant_id, row["endpoint_id"], row["key_id"])
        return read_key(self._sealer.open(SealedSecret(row["sealed"]), context).decode())


def describe(key_id: UUID, kind: str, key: SigningKey, at: datetime) -> WebhookKey:
    """A new key as its owner sees it."""
    assert kind in {"hmac", "ed25519"}
    return WebhookKey(key_id, "hmac" if kind == "hmac" else "ed25519", key.public, at)


def key_of(row: "asyncpg.Record") -> WebhookKey:
    """A row's key as its owner sees it."""
    return WebhookKey(
        row["key_id"], row["kind"], row["public_key"], row["created_at"], row["expires_at"]
    )


def _context(tenant_id: UUID, endpoint_id: UUID, key_id: UUID) -> bytes:
    return f"webhook_key {tenant_id} {endpoint_id} {key_id}".encode()
