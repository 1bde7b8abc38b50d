"""What keeps a value from being written under a key that a rotation has retired meanwhile.

Keys are taken before the transaction that writes. A rotation raises what these read, and then looks
for what is left of the old version: being SERIALIZABLE, either it sees what was written here, or
this is begun again and sees that the key was retired.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.vault.fields import store
from bezant.vault.keys import KeyRetired, index_kind

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


async def require_current(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    oldest: Mapping[UUID, int],
) -> None:
    """Look that subjects' keys still seal.

    Args:
        connection: of the transaction that writes.
        tenant_id: whose subjects.
        oldest: the oldest version that something of the subject is sealed under.

    Raises:
        KeyRetired: seal it anew.
    """
    rows = await connection.fetch(store.FIND_KEY_FLOORS, tenant_id, list(oldest))
    if any(oldest[row["subject_id"]] < row["key_floor"] for row in rows):
        raise KeyRetired("The subject's key was rotated.")


async def require_current_indexes(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    versions: Mapping[str, int],
) -> None:
    """Look that the keys of fields' indexes, by the fields' names, still make digests.

    Raises:
        KeyRetired: make them anew.
    """
    kinds = {index_kind(field): version for field, version in versions.items()}
    await require_active(connection, tenant_id, kinds)


async def require_active(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    versions: Mapping[str, int],
) -> None:
    """Look that keys of a tenant, by their kind, are still those for new work.

    Raises:
        KeyRetired: do it anew.
    """
    rows = await connection.fetch(store.FIND_ACTIVE_KEYS, tenant_id, list(versions))
    if any(versions[row["kind"]] != row["version"] for row in rows):
        raise KeyRetired("A key of digests was rotated.")
