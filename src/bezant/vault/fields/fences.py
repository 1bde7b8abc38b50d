"""What keeps a value from being written under a key that a rotation has retired meanwhile.

Keys are taken before the transaction that writes. A rotation raises what these read, and then looks
for what is left of the old version: being SERIALIZABLE, either it sees what was written here, or
this is begun again and sees that the key was retired.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.vault.fields import store
from bezant.vault.keys import KeyRetired, index_kind

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


Floors = Mapping[UUID, int]
"""The oldest version of each subject's key that still seals."""


async def key_floors(
    connection: "PoolConnectionProxy[asyncpg.Record]", tenant_id: UUID, subjects: Iterable[UUID]
) -> Floors:
    """The floors of subjects, as the transaction that writes sees them."""
    rows = await connection.fetch(store.FIND_SUBJECTS, tenant_id, list(subjects))
    return {row["subject_id"]: row["key_floor"] for row in rows}


def require_current(floors: Floors, used: Mapping[UUID, int]) -> None:
    """Look that the versions which were used of subjects' keys still seal.

    Raises:
        KeyRetired: seal it anew.
    """
    if any(version < floors[subject_id] for subject_id, version in used.items()):
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
