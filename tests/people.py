"""People in a vault, and what tests ask of them below the vault's routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.sealed import Normal, SealedField, Sealing
from bezant.vault import Vault
from bezant.vault.keystores import KeyStore
from bezant.vault.subjects.journal import FILE
from bezant.vault.subjects.schemas import ErasureRequest, NewHold
from bezant.vault.subjects.service import SubjectService
from fixtures_vault import Strongroom

NAME = SealedField("contact.name")
EMAIL = SealedField("contact.email", index=Normal.EMAIL)
PERSON: Mapping[SealedField, str] = {NAME: "Grace Hopper", EMAIL: "grace@example.com"}

TABLES = ("vault_subject", "vault_value", "vault_index", "vault_hold", "vault_erasure")
"""What a backup of the main database brings back, in the order in which it goes in."""

Rows = dict[str, list[asyncpg.Record]]


@dataclass(frozen=True)
class Person:
    """A subject and the references to its values, by field."""

    id: UUID
    references: dict[SealedField, UUID]


async def seal(room: Strongroom, person: UUID | None = None) -> Person:
    """Seal everything about a new person, or about one once more."""
    subject_id = person or uuid4()
    references = {field: uuid4() for field in PERSON}
    sealings = [
        Sealing(reference, subject_id, field, PERSON[field])
        for field, reference in references.items()
    ]
    await room.vault.fields.seal(room.call(), sealings)
    await room.vault.fields.keep(room.tenant_id, list(references.values()))
    return Person(subject_id, references)


async def opened(room: Strongroom, person: Person, purpose: str = "test") -> dict[UUID, str]:
    """What can be opened of it."""
    call = room.call(purpose=purpose)
    return (await room.vault.fields.open(call, list(person.references.values()))).values


def everything(person: Person) -> dict[UUID, str]:
    """What can be opened while nothing is erased."""
    return {reference: PERSON[field] for field, reference in person.references.items()}


def subjects_of(room: Strongroom) -> SubjectService:
    """The decisions, with what the vault has opened."""
    vault = room.vault
    assert vault._journal is not None
    return SubjectService(room.database, room.clock, vault._ids, vault._erasing, vault._journal)


async def erase(room: Strongroom, person: Person, key: str | None = None) -> Answer:
    """Ask for a person's erasure."""
    request = ErasureRequest("consent_withdrawn")
    return await subjects_of(room).erase(room.call(key), person.id, request)


async def place(room: Strongroom, person: Person, **more: Any) -> Answer:  # noqa: ANN401 - members by name
    """Ask for a legal hold."""
    return await subjects_of(room).hold(room.call(), person.id, NewHold("case-1", **more))


async def counts(room: Strongroom, person: Person) -> dict[str, int]:
    """How many rows there are about a person, and keys that still open."""
    found = await room.database.fetchrow(
        "SELECT (SELECT count(*) FROM vault_value WHERE tenant_id = $1 AND subject_id = $2)"
        " AS vault_value, (SELECT count(*) FROM vault_index WHERE tenant_id = $1"
        " AND reference = ANY($3::uuid[])) AS vault_index",
        room.tenant_id,
        person.id,
        list(person.references.values()),
    )
    keys = await room.keys.fetchrow(
        "SELECT count(*) AS keys FROM subject_key"
        " WHERE tenant_id = $1 AND subject_id = $2 AND wrapped IS NOT NULL",
        room.tenant_id,
        person.id,
    )
    assert found is not None
    assert keys is not None
    return {**dict(found), **dict(keys)}


ERASED = {"vault_value": 0, "vault_index": 0, "keys": 0}


async def restart(room: Strongroom, folder: Path) -> None:
    """Close the vault, as a new release would, and open it on what is there now."""
    await room.vault.close()
    room.vault = await Vault.open(
        room.database, room.keys, room.key_store, room.clock, TimeOrderedIds(), folder
    )


async def dump(
    connection: "asyncpg.Connection[asyncpg.Record]", tenant_id: UUID, tables: Sequence[str]
) -> Rows:
    """A backup of a tenant's rows."""
    return {
        table: await connection.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", tenant_id)
        for table in tables
    }


async def restore(
    connection: "asyncpg.Connection[asyncpg.Record]", tenant_id: UUID, rows: Rows
) -> None:
    """Bring the tables back to what they were, whatever has happened since."""
    async with connection.transaction():
        for table in reversed(rows):
            await connection.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant_id)
        for table, records in rows.items():
            if records:
                await connection.copy_records_to_table(
                    table,
                    records=[tuple(record.values()) for record in records],
                    columns=list(records[0].keys()),
                )


def journal_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of the journal."""
    lines = (folder / FILE).read_bytes().splitlines()
    return [msgspec.json.decode(line) for line in lines]


async def open_vault(
    database: Database, keys: Database, key_store: KeyStore, clock: Clock, folder: Path
) -> Vault:
    """A vault that has to start."""
    return await Vault.open(database, keys, key_store, clock, TimeOrderedIds(), folder)
