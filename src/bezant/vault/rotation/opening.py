"""Opening values one by one, so that a broken one keeps none of the others."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.kernel.database import Database
from bezant.kernel.sealing import SealBroken
from bezant.vault.crypto.aead import decrypt
from bezant.vault.crypto.context import Context
from bezant.vault.keys import SubjectKeys
from bezant.vault.rotation import store

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a value, as it was read."""

    reference: UUID
    version: int
    subject_id: UUID
    field: str
    key_version: int
    sealed: bytes

    def context(self, tenant_id: UUID, key_version: int) -> bytes:
        """What its ciphertext is bound to under a version of the key."""
        return Context(
            tenant_id, self.subject_id, self.field, self.reference, key_version
        ).canonical()


def rows_of(records: "Sequence[asyncpg.Record]") -> list[Row]:
    """Rows as they were read."""
    return [
        Row(
            record["reference"],
            record["version"],
            record["subject_id"],
            record["field"],
            record["key_version"],
            record["sealed"],
        )
        for record in records
    ]


async def open_rows(
    subjects: SubjectKeys, tenant_id: UUID, rows: Sequence[Row]
) -> list[tuple[Row, bytes]]:
    """Those rows that open, with what they hold."""
    keys = await subjects.for_opening(
        tenant_id, {(row.subject_id, row.key_version) for row in rows}
    )
    opened = []
    with ExitStack() as used:
        for key in keys.values():
            used.enter_context(key)
        for row in rows:
            found = keys.get((row.subject_id, row.key_version))
            if found is None:
                continue
            try:
                value = decrypt(found, row.sealed, row.context(tenant_id, row.key_version))
            except SealBroken:
                continue
            opened.append((row, value))
    return opened


async def open_values(
    database: Database, subjects: SubjectKeys, tenant_id: UUID, references: Sequence[UUID]
) -> dict[UUID, bytes]:
    """The current values of references, as far as they open."""
    records = await database.fetch(store.FIND_VALUES, tenant_id, list(references))
    opened = await open_rows(subjects, tenant_id, rows_of(records))
    return {row.reference: value for row, value in opened}
