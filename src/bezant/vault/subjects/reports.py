"""What there is about a subject: its state, and the export of everything."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import SubjectErased
from bezant.vault.crypto.aead import decrypt
from bezant.vault.crypto.context import Context
from bezant.vault.keys import SubjectKeys
from bezant.vault.subjects import store
from bezant.vault.subjects.errors import ExportTooLarge, SubjectNotFound
from bezant.vault.subjects.holdings import Holding
from bezant.vault.subjects.schemas import (
    Erasure,
    ExportedEntry,
    ExportedValue,
    FieldCount,
    Hold,
    Subject,
    SubjectExport,
)

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

VALUES_MAX: Final = 10_000
"""Values of one export; more are no person's."""

ENTRIES_MAX: Final = 10_000
"""Entries of the audit log in one export: the newest."""

_ACTS: Final = ("", "/export", "/restrict", "/lift", "/erase", "/holds")


class Reports:
    """Reads.

    Args:
        database: the main one, as the vault's role.
        keys: keys of subjects.
        holdings: what else is kept of subjects.
    """

    def __init__(
        self,
        database: Database,
        keys: SubjectKeys,
        clock: Clock,
        ids: Ids,
        holdings: Sequence[Holding],
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._holdings = holdings

    async def get(self, call: Call, subject_id: UUID) -> Subject:
        """What the vault knows of a subject, without a value.

        Raises:
            SubjectNotFound: unknown, or another tenant's.
        """
        subject = await self._get(call.tenant_id, subject_id)
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        return subject

    async def export(self, call: Call, subject_id: UUID) -> SubjectExport:
        """Everything about a subject, once the audit log knows of every value that it shows.

        Also under restriction: to be told what is kept is a right of its own.

        Raises:
            SubjectNotFound: unknown, or another tenant's.
            SubjectErased: nothing is left to be told.
            ExportTooLarge: more than `VALUES_MAX` values.
        """
        subject = await self._get(call.tenant_id, subject_id)
        if subject.state == "erased":
            raise SubjectErased("What identifies the subject was erased.")
        rows = await self._database.fetch(
            store.FIND_VALUES, call.tenant_id, subject_id, VALUES_MAX + 1
        )
        if len(rows) > VALUES_MAX:
            raise ExportTooLarge(f"At most {VALUES_MAX} values are exported at once.")
        references = list(dict.fromkeys(row["reference"] for row in rows))
        holdings = {
            holding.name: list(await holding.describe(call.tenant_id, subject_id))
            for holding in self._holdings
        }
        entries = await self._entries(call.tenant_id, subject, references)
        await self._tell(call, references)
        values = await self._opened(call.tenant_id, subject_id, rows)
        return SubjectExport(subject, self._clock.now(), values, holdings, entries)

    async def _get(self, tenant_id: UUID, subject_id: UUID) -> Subject:
        row = await self._database.fetchrow(store.FIND_SUBJECT, tenant_id, subject_id)
        if row is None:
            raise SubjectNotFound("There is no such subject.")
        counts = await self._database.fetch(store.COUNT_VALUES, tenant_id, subject_id)
        holds = await self._database.fetch(store.FIND_HOLDS, tenant_id, subject_id)
        erasure = await self._database.fetchrow(store.FIND_ERASURE, tenant_id, subject_id)
        return Subject(
            id=subject_id,
            state=row["state"],
            created_at=row["created_at"],
            changed_at=row["changed_at"],
            fields=[FieldCount(each["field"], each["current"], each["former"]) for each in counts],
            holdings={
                holding.name: len(await holding.describe(tenant_id, subject_id))
                for holding in self._holdings
            },
            holds=[hold_of(hold) for hold in holds],
            erasure=None if erasure is None else erasure_of(erasure),
        )

    async def _opened(
        self, tenant_id: UUID, subject_id: UUID, rows: "Sequence[asyncpg.Record]"
    ) -> list[ExportedValue]:
        wanted = {(subject_id, row["key_version"]) for row in rows}
        keys = await self._keys.for_opening(tenant_id, wanted)
        with ExitStack() as used:
            for key in keys.values():
                used.enter_context(key)

            def opened(row: "asyncpg.Record") -> str | None:
                version = row["key_version"]
                if (subject_id, version) not in keys:
                    return None
                context = Context(tenant_id, subject_id, row["field"], row["reference"], version)
                key = keys[subject_id, version]
                return decrypt(key, row["sealed"], context.canonical()).decode()

            return [_exported(row, opened) for row in rows]

    async def _entries(
        self, tenant_id: UUID, subject: Subject, references: Sequence[UUID]
    ) -> list[ExportedEntry]:
        path = f"/v1/vault/subjects/{subject.id}"
        resources = [f"{path}{act}" for act in _ACTS]
        resources += [f"{path}/holds/{hold.id}/release" for hold in subject.holds]
        resources += [value_path(reference) for reference in references]
        rows = await self._database.fetch(store.FIND_ENTRIES, tenant_id, resources, ENTRIES_MAX)
        return [ExportedEntry(**dict(row)) for row in rows]

    async def _tell(self, call: Call, references: Sequence[UUID]) -> None:
        """An entry for the export and one for every value, durable before it is answered."""
        at, done = self._clock.now(), Answer(200, b"")
        rows = audit.entry(call, done, at)
        for reference in references:
            told = msgspec.structs.replace(
                call,
                id=self._ids.new(),
                action="sealed_value.export",
                resource=value_path(reference),
            )
            rows += audit.entry(told, done, at)
        try:
            await self._database.transaction(
                lambda connection: write_rows(connection, call.tenant_id, rows)
            )
        except CommitUnknown as error:
            raise Unavailable("The audit log cannot be written.") from error


def value_path(reference: UUID) -> str:
    """What the audit log calls a value."""
    return f"/v1/vault/values/{reference}"


def hold_of(row: "asyncpg.Record") -> Hold:
    """The hold of a row."""
    return Hold(
        id=row["hold_id"],
        reason=row["reason"],
        until=row["until"],
        placed_by=row["placed_by"],
        placed_at=row["placed_at"],
        released_by=row["released_by"],
        released_at=row["released_at"],
    )


def erasure_of(row: "asyncpg.Record") -> Erasure:
    """The erasure of a row."""
    return Erasure(row["erasure_id"], row["subject_id"], row["reason"], row["decided_at"])


def _exported(
    row: "asyncpg.Record", opened: "Callable[[asyncpg.Record], str | None]"
) -> ExportedValue:
    rectified_at: datetime | None = row["replaced_at"]
    return ExportedValue(
        field=row["field"],
        reference=row["reference"],
        value=opened(row),
        sealed_at=row["created_at"],
        rectified_at=rectified_at,
        kept_until=row["expires_at"],
    )
