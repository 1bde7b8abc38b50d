"""Sealing values and opening them again, for the domains that hold their references."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import CommitUnknown, Database, write_rows
from bezant.kernel.errors import Unavailable
from bezant.kernel.http import TokenBuckets
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import (
    VALUE_BYTES_MAX,
    Opened,
    Provisional,
    SealedField,
    Sealing,
    SubjectErased,
    SubjectRestricted,
    TooManySearches,
)
from bezant.vault.crypto.aead import decrypt
from bezant.vault.crypto.context import Context
from bezant.vault.crypto.digests import keyed_digest
from bezant.vault.fields import store
from bezant.vault.fields.errors import ReferenceTaken
from bezant.vault.fields.fences import Floors, require_current, require_current_indexes
from bezant.vault.fields.restriction import is_open_under_restriction
from bezant.vault.fields.sealing import (
    IndexEntry,
    SealedValue,
    check,
    digest_of,
    encrypt_all,
    index_all,
)
from bezant.vault.keys import (
    TRIES_MAX,
    KeyKind,
    KeyRetired,
    Seen,
    SubjectKeys,
    TenantKey,
    TenantKeys,
    index_kind,
)

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

FOUND_MAX: Final = 100
"""References that one search answers: more have nothing to do with one person."""

# A search tells whether somebody is known. Ten a second serve people, and no list of addresses.
SEARCHES_PER_S_MAX: Final = 10
SEARCHES_BURST_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Prepared:
    """Values that are encrypted and not yet written."""

    sealed: Sequence[SealedValue]
    entries: Sequence[IndexEntry]


class Fields:
    """The vault's side of the kernel's port `Sealer`.

    Args:
        database: the main one, as the vault's role.
        tenants: keys of tenants.
        subjects: keys of subjects.
        random_bytes: where nonces come from.
    """

    def __init__(
        self,
        database: Database,
        tenants: TenantKeys,
        subjects: SubjectKeys,
        clock: Clock,
        ids: Ids,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._tenants = tenants
        self._subjects = subjects
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes
        self._searches = TokenBuckets(per_s=SEARCHES_PER_S_MAX, burst=SEARCHES_BURST_MAX)

    async def cover(self, call: Call, seen: Seen = ()) -> Call:
        """The call with its fingerprint keyed."""
        [covered] = await self.cover_all(call.tenant_id, [call], seen)
        return covered

    async def cover_all(
        self, tenant_id: UUID, calls: Sequence[Call], seen: Seen = ()
    ) -> list[Call]:
        """Calls of a tenant with their fingerprints keyed."""
        keys = await self._tenants.every(tenant_id, KeyKind.REQUESTS, seen)
        if not keys:
            keys = [await self._tenants.active(tenant_id, KeyKind.REQUESTS)]
        digests = []
        for key in keys:  # the newest first
            with key.key:
                digests.append(
                    [keyed_digest(key.key, "request", call.fingerprint) for call in calls]
                )
        return [
            msgspec.structs.replace(call, fingerprint=digest, former_fingerprints=tuple(former))
            for call, digest, *former in zip(calls, *digests, strict=True)
        ]

    async def seal(self, call: Call, values: Sequence[Sealing]) -> None:
        """Seal values, provisionally.

        Raises:
            SubjectErased: of one of the subjects nothing may be sealed any more.
            Refusal: a value has not the form that its field's index needs.
        """
        await self._write(call, values, is_rectified=False)

    async def replace(self, call: Call, values: Sequence[Sealing]) -> None:
        """Rectify values under their references; the former ones stay in the history.

        Raises:
            SubjectErased: as for `seal`.
            ReferenceTaken: a reference stands for something else.
            Refusal: as for `seal`.
        """
        await self._write(call, values, is_rectified=True)

    async def keep(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Make values permanent."""
        at = self._clock.now()
        await self._database.transaction(
            lambda connection: connection.execute(
                store.KEEP_VALUES, tenant_id, list(references), at
            )
        )

    async def discard(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Remove values that no record holds."""
        await self._database.transaction(
            lambda connection: self.remove(connection, tenant_id, references)
        )

    async def open(self, call: Call, references: Sequence[UUID]) -> Opened:
        """The values, once the audit log knows of each of them.

        Raises:
            SubjectRestricted: the purpose is none of those that a restriction leaves open.
        """
        rows = await self._find(call.tenant_id, references)
        restricted = [row["reference"] for row in rows if row["subject_state"] == "restricted"]
        if restricted and not is_open_under_restriction(call.purpose):
            refusal = SubjectRestricted("Processing of the subject's data is restricted.")
            await self._tell(call, restricted, Answer.refused(refusal))
            raise refusal
        await self._tell(call, [row["reference"] for row in rows], Answer(200, b""))
        return Opened(await self._decrypt(call.tenant_id, rows))

    async def read(
        self,
        tenant_id: UUID,
        references: Sequence[UUID],
        purpose: str = "",
        seen: Seen = (),
    ) -> Opened:
        """The values, for parts of the vault that have told the audit log already.

        Those that a restriction keeps closed for the purpose are not among them.
        """
        rows = await self._find(tenant_id, references)
        if not is_open_under_restriction(purpose):
            rows = [row for row in rows if row["subject_state"] == "active"]
        return Opened(await self._decrypt(tenant_id, rows, seen))

    async def closed(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Iterable[UUID],
        purpose: str,
    ) -> set[UUID]:
        """Those subjects whose data are not to be opened for the purpose."""
        if is_open_under_restriction(purpose):
            return set()
        rows = await connection.fetch(store.FIND_SUBJECTS, tenant_id, list(set(subjects)))
        return {row["subject_id"] for row in rows if row["state"] == "restricted"}

    async def prepare(
        self,
        tenant_id: UUID,
        values: Sequence[Sealing],
        seen: Seen = (),
        *,
        bytes_max: int = VALUE_BYTES_MAX,
    ) -> Prepared:
        """Encrypt values under new references, for `write` to put in a commit with more.

        Those of subjects that were erased are left out.

        Raises:
            Refusal: a value cannot be sealed.
        """
        check(values, bytes_max)
        keys = await self._subjects.for_sealing(
            tenant_id, Counter(value.subject_id for value in values), seen
        )
        with ExitStack() as used:
            for key in keys.values():
                used.enter_context(key.key)
            values = [value for value in values if value.subject_id in keys]
            sealed = encrypt_all(tenant_id, values, keys, self._random_bytes)
        entries = await self._index(tenant_id, values)
        return Prepared(sealed, entries)

    async def admit(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Iterable[UUID],
    ) -> Floors:
        """Those subjects of which something may be sealed in this transaction."""
        distinct = list(set(subjects))
        rows = await connection.fetch(store.FIND_SUBJECTS, tenant_id, distinct)
        if len(rows) < len(distinct):
            await connection.execute(store.INSERT_SUBJECTS, tenant_id, distinct, self._clock.now())
            rows = await connection.fetch(store.FIND_SUBJECTS, tenant_id, distinct)
        return {row["subject_id"]: row["key_floor"] for row in rows if row["state"] != "erased"}

    async def erased(self, tenant_id: UUID, subjects: Iterable[UUID]) -> set[UUID]:
        """Those of the subjects that were erased."""
        rows = await self._database.fetch(store.FIND_SUBJECTS, tenant_id, list(subjects))
        return {row["subject_id"] for row in rows if row["state"] == "erased"}

    async def write(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        prepared: Prepared,
        admitted: Floors,
    ) -> None:
        """Write prepared values of subjects that this transaction admitted, for good.

        Raises:
            KeyRetired: prepare them anew.
        """
        versions = {each.value.reference: 1 for each in prepared.sealed}
        require_current(admitted, _used(prepared))
        await self._insert(connection, tenant_id, prepared.sealed, versions, is_kept=True)
        await _insert_index(connection, tenant_id, prepared.entries)

    async def remove(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        references: Iterable[UUID],
    ) -> None:
        """Remove values within another part's transaction."""
        distinct = list(set(references))
        await connection.execute(store.DELETE_INDEX, tenant_id, distinct)
        await connection.execute(store.DELETE_VALUES, tenant_id, distinct)

    async def _find(self, tenant_id: UUID, references: Sequence[UUID]) -> "list[asyncpg.Record]":
        rows = await self._database.fetch(store.FIND_FOR_OPENING, tenant_id, list(set(references)))
        # What is being erased is gone already.
        return [row for row in rows if row["subject_state"] != "erased"]

    async def _decrypt(
        self, tenant_id: UUID, rows: "Sequence[asyncpg.Record]", seen: Seen = ()
    ) -> dict[UUID, str]:
        values = await self._decrypt_rows(tenant_id, rows, seen)
        for _ in range(TRIES_MAX):
            closed = {
                row["reference"]: row["key_version"]
                for row in rows
                if row["reference"] not in values
            }
            if not closed:
                break
            # It was erased; or the key was rotated and destroyed after the row was read, and the
            # row says something else by now.
            rows = [
                row
                for row in await self._find(tenant_id, list(closed))
                if row["key_version"] != closed[row["reference"]]
            ]
            values |= await self._decrypt_rows(tenant_id, rows)
        return values

    async def _decrypt_rows(
        self, tenant_id: UUID, rows: "Sequence[asyncpg.Record]", seen: Seen = ()
    ) -> dict[UUID, str]:
        wanted = [(row["subject_id"], row["key_version"]) for row in rows]
        keys = await self._subjects.for_opening(tenant_id, wanted, seen)
        with ExitStack() as used:
            for key in keys.values():
                used.enter_context(key)
            values = {}
            for row in rows:
                subject_id, reference = row["subject_id"], row["reference"]
                name = (subject_id, row["key_version"])
                if name in keys:  # else it was erased meanwhile
                    context = Context(
                        tenant_id, subject_id, row["field"], reference, row["key_version"]
                    ).canonical()
                    values[reference] = decrypt(keys[name], row["sealed"], context).decode()
        return values

    async def find(self, call: Call, field: SealedField, value: str) -> list[UUID]:
        """References of the field's values that equal `value`.

        Raises:
            TooManySearches: of this caller.
            Refusal: the value has not the form of the index.
        """
        assert field.index is not None, f"{field.name} has no index"
        wait_s = self._searches.take(call.actor)
        if wait_s:
            raise TooManySearches("Searches are limited.", retry_after_s=ceil(wait_s))
        kind = index_kind(field.name)
        for _ in range(TRIES_MAX):
            digests = {}
            for key in await self._tenants.every(call.tenant_id, kind):
                with key.key:
                    digests[key.version] = digest_of(key, field.index, value)
            rows = await self._database.fetch(
                store.FIND_BY_DIGEST, call.tenant_id, field.name, [*digests.values()], FOUND_MAX
            )
            # A rotation that began meanwhile may have moved entries on before they were looked at.
            if await self._tenants.versions(call.tenant_id, kind) <= digests.keys():
                return await self._shown(call, [row["reference"] for row in rows])
        raise Unavailable("The key is being rotated: try again.")

    async def _shown(self, call: Call, references: list[UUID]) -> list[UUID]:
        """Those that a search for the call's purpose may tell of."""
        if is_open_under_restriction(call.purpose):
            return references
        closed = await self._database.fetch(store.FIND_CLOSED, call.tenant_id, references)
        hidden = {row["reference"] for row in closed}
        return [reference for reference in references if reference not in hidden]

    async def provisional(
        self, fields: Sequence[str], before: datetime, limit: int
    ) -> list[Provisional]:
        """Some of every tenant's values that have waited to be kept since before an instant."""
        rows = await self._database.fetch(store.FIND_PROVISIONAL, list(fields), before, limit)
        return [Provisional(row["tenant_id"], row["reference"]) for row in rows]

    async def _write(self, call: Call, values: Sequence[Sealing], *, is_rectified: bool) -> None:
        for _ in range(TRIES_MAX):
            prepared = await self.prepare(call.tenant_id, values)
            if len(prepared.sealed) < len(values):
                raise SubjectErased("What identifies the subject was erased.")
            try:
                await self._commit(call.tenant_id, values, prepared, is_rectified=is_rectified)
            except KeyRetired:
                continue
            return
        raise Unavailable("The key is being rotated: try again.")

    async def _commit(
        self,
        tenant_id: UUID,
        values: Sequence[Sealing],
        prepared: Prepared,
        *,
        is_rectified: bool,
    ) -> None:
        subjects = {value.subject_id for value in values}

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            admitted = await self.admit(connection, tenant_id, subjects)
            if admitted.keys() != subjects:
                raise SubjectErased("What identifies the subject was erased.")
            require_current(admitted, _used(prepared))
            versions = await self._make_room(connection, tenant_id, values, is_rectified)
            await self._insert(
                connection, tenant_id, prepared.sealed, versions, is_kept=is_rectified
            )
            await _insert_index(connection, tenant_id, prepared.entries)

        try:
            await self._database.transaction(work)
        except CommitUnknown as error:
            raise Unavailable("Whether it was sealed is not known: try again.") from error

    async def _index(self, tenant_id: UUID, values: Sequence[Sealing]) -> list[IndexEntry]:
        indexed = {value.field.name for value in values if value.field.index is not None}
        keys: dict[str, TenantKey] = {}
        for name in indexed:
            keys[name] = await self._tenants.active(tenant_id, index_kind(name))
        with ExitStack() as used:
            for key in keys.values():
                used.enter_context(key.key)
            return index_all(values, keys)

    async def _make_room(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        values: Sequence[Sealing],
        is_rectified: bool,  # noqa: FBT001 - of a private step
    ) -> dict[UUID, int]:
        """The version that each value gets; former ones end now.

        Raises:
            ReferenceTaken: a reference stands for a value of another subject or field.
        """
        references = [value.reference for value in values]
        rows = await connection.fetch(store.FIND_CURRENT, tenant_id, references)
        there = {row["reference"]: row for row in rows}
        for value in values:
            row = there.get(value.reference)
            if row is not None and (
                row["subject_id"] != value.subject_id or row["field"] != value.field.name
            ):
                raise ReferenceTaken("A reference stands for one value.")
        if not is_rectified:
            return dict.fromkeys(references, 1)
        await connection.execute(store.REPLACE_VALUES, tenant_id, references, self._clock.now())
        await connection.execute(store.DELETE_INDEX, tenant_id, references)
        return {
            reference: there[reference]["version"] + 1 if reference in there else 1
            for reference in references
        }

    async def _insert(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        sealed: Sequence[SealedValue],
        versions: dict[UUID, int],
        *,
        is_kept: bool,
    ) -> None:
        at = self._clock.now()
        await connection.execute(
            store.INSERT_VALUES,
            tenant_id,
            [each.value.reference for each in sealed],
            [versions[each.value.reference] for each in sealed],
            [each.value.subject_id for each in sealed],
            [each.value.field.name for each in sealed],
            [each.key_version for each in sealed],
            [each.sealed for each in sealed],
            [_expiry(each.value.field, at) for each in sealed],
            at,
            [at if is_kept else None for _ in sealed],
        )

    async def _tell(self, call: Call, references: Sequence[UUID], answer: Answer) -> None:
        """An entry of the audit log for every value, durable before anything is revealed."""
        at = self._clock.now()
        entries = []
        for reference in references:
            reveal = msgspec.structs.replace(
                call,
                id=self._ids.new(),
                action="sealed_value.open",
                resource=f"/v1/vault/values/{reference}",
                idempotency_key=None,
            )
            entries += audit.entry(reveal, answer, at)
        try:
            await self._database.transaction(
                lambda connection: write_rows(connection, call.tenant_id, entries)
            )
        except CommitUnknown as error:
            raise Unavailable("The audit log cannot be written.") from error


def _used(prepared: Prepared) -> dict[UUID, int]:
    return {each.value.subject_id: each.key_version for each in prepared.sealed}


def _expiry(field: SealedField, at: datetime) -> datetime | None:
    return None if field.keep_days is None else at + timedelta(days=field.keep_days)


async def _insert_index(
    connection: "PoolConnectionProxy[asyncpg.Record]",
    tenant_id: UUID,
    entries: Sequence[IndexEntry],
) -> None:
    if entries:
        versions = {entry.field: entry.key_version for entry in entries}
        await require_current_indexes(connection, tenant_id, versions)
        await connection.execute(
            store.INSERT_INDEX,
            tenant_id,
            [entry.field for entry in entries],
            [entry.digest for entry in entries],
            [entry.reference for entry in entries],
            [entry.key_version for entry in entries],
            [entry.form for entry in entries],
        )
