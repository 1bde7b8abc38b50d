"""Fingerprints of tokens, made anew when the key that makes them is renewed."""

from typing import TYPE_CHECKING
from uuid import UUID

from bezant.kernel.database import Database
from bezant.vault.keys import KeyKind, SubjectKeys, TenantKeys
from bezant.vault.rotation import Portion
from bezant.vault.rotation.opening import open_values
from bezant.vault.tokens import store
from bezant.vault.tokens.arrivals import Thing
from bezant.vault.tokens.fingerprints import fingerprint

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class TokenFingerprints:
    """What the rotation of the key of fingerprints moves, token by token.

    A token is found by the reference of its value, which only it has.

    Args:
        database: the main one.
    """

    def __init__(self, database: Database, tenants: TenantKeys, subjects: SubjectKeys) -> None:
        self._database = database
        self._tenants = tenants
        self._subjects = subjects

    async def total(self, tenant_id: UUID) -> int:
        """How many there are."""
        [row] = await self._database.fetch(store.COUNT_TOKENS, tenant_id)
        return int(row["count"])

    async def move(self, tenant_id: UUID, version: int, after: UUID, limit: int) -> Portion | None:
        """Make fingerprints under `version` in place of those under former ones, some at once."""
        rows = await self._database.fetch(
            store.FIND_FINGERPRINTS_BELOW, tenant_id, version, after, limit
        )
        if not rows:
            return None
        values = await open_values(
            self._database, self._subjects, tenant_id, [row["reference"] for row in rows]
        )
        keys = await self._tenants.of_versions(tenant_id, KeyKind.FINGERPRINT, [version])
        with keys[version].key:
            made = {
                row["reference"]: fingerprint(
                    keys[version],
                    Thing(row["kind"], row["name"], values[row["reference"]].decode()),
                )
                for row in rows
                if row["reference"] in values
            }
        await self._database.transaction(
            lambda connection: _replace(connection, tenant_id, version, made)
        )
        return Portion(rows[-1]["reference"], len(made), len(rows) - len(made))

    async def left(self, tenant_id: UUID, version: int) -> int:
        """How many are under versions before `version`."""
        count: int = await self._database.transaction(
            lambda connection: connection.fetchval(
                store.COUNT_FINGERPRINTS_BELOW, tenant_id, version
            )
        )
        return count


async def _replace(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    version: int,
    made: dict[UUID, bytes],
) -> None:
    await connection.execute(
        store.REPLACE_FINGERPRINTS, tenant_id, version, list(made), list(made.values())
    )
