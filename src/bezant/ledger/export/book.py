"""Exporting a book: its history as it stands, in parts that can be gone on with."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.ledger.export import store
from bezant.ledger.export.encodings import open_part
from bezant.ledger.export.errors import NothingToExport, OtherExport
from bezant.ledger.export.manifest import (
    FORMAT,
    BookTerms,
    Encoding,
    Manifest,
    Part,
    difference,
    digest,
    settle,
)
from bezant.ledger.export.records import (
    AccountEventRecord,
    BatchRecord,
    ContentRecord,
    HoldEventRecord,
    LimitGroupEventRecord,
    PeriodEventRecord,
    Record,
    ReversalRecord,
    TransferRecord,
    record_of,
    tag_of,
)
from bezant.ledger.feed import Numbered, find_head, read_history
from bezant.ledger.proof import Frontier, leaf_hash
from bezant.ledger.queries import Queries

if TYPE_CHECKING:
    import asyncpg

PAGE_NUMBERS: Final = 1_000
PART_RECORDS: Final = 50_000
"""A part ends with the page that reaches this many."""

_BATCHES_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export.

    Attributes:
        first_seq: the first number.
        last_seq: the last number; None for the book's last when the export begins.
        encoding: of the parts.
    """

    first_seq: int = 1
    last_seq: int | None = None
    encoding: Encoding = "jsonl"


Progress = Callable[[int, int], None]
"""Told the last number that was exported, and the last that will be."""


def silent(_done: int, _last: int) -> None:
    """Report nothing."""


async def export_book(
    database: Database,
    clock: Clock,
    call: Call,
    book_id: UUID,
    folder: Path,
    wanted: Wanted,
    *,
    progress: Progress = silent,
) -> Manifest:
    """Write a book's history into a folder, or go on where an earlier run was cut off.

    History is read without a snapshot, since it never changes: postings go on meanwhile.

    Args:
        database: connected as the application's role.
        clock: tells the audit log when.
        call: who asks; of which tenant.
        book_id: which book.
        folder: made if it is not there.
        wanted: which part of it, and how.
        progress: told after each page.

    Raises:
        BookNotFound: the tenant has no such book.
        NothingToExport: the range is empty.
        OtherExport: the folder holds another export, or parts that are not what was written.
        FeedBroken: history has a hole.
    """
    terms = await _terms(database, call.tenant_id, book_id)
    head = await find_head(database, call.tenant_id, book_id) or 0
    asked = Manifest(FORMAT, wanted.encoding, terms, wanted.first_seq, wanted.last_seq or head)
    if not 1 <= asked.first_seq <= asked.last_seq <= head:
        raise NothingToExport(f"The book's numbers are 1 to {head}.")
    manifest = _begun(folder, asked, is_open=wanted.last_seq is None)
    if manifest.is_complete:
        return manifest
    # What may be personal is read from here on.
    await audit.write(database, clock, call, Answer(200, b""))
    batches = _Batches(database, call.tenant_id, book_id)
    await batches.skip_to(manifest.reached_seq)
    while manifest.reached_seq < manifest.last_seq:
        manifest = await _part(database, call.tenant_id, folder, manifest, batches, progress)
    manifest = await _closed(database, call.tenant_id, manifest)
    manifest.write(folder)
    return manifest


async def _terms(database: Database, tenant_id: UUID, book_id: UUID) -> BookTerms:
    book = await Queries(database).book(tenant_id, book_id)
    return BookTerms(book.id, book.name, book.time_zone, book.assets, book.created_at)


def _begun(folder: Path, asked: Manifest, *, is_open: bool) -> Manifest:
    """The manifest to go on with.

    Args:
        folder: where.
        asked: what is asked for.
        is_open: whether the last number is whatever an earlier run took for it.

    Raises:
        OtherExport: what is there is not the beginning of what is asked for.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = Manifest.read(folder)
    if found is None:
        if any(folder.iterdir()):
            raise OtherExport(f"The folder {folder} is not empty, and holds no export.")
        asked.write(folder)
        return asked
    fixed = ("encoding", "book", "first_seq", *(() if is_open else ("last_seq",)))
    for name in fixed:
        if getattr(found, name) != getattr(asked, name):
            raise OtherExport(f"The folder {folder} holds an export with another {name}.")
    for part in found.parts:
        if (differs := difference(folder, part)) is not None:
            raise OtherExport(f"In the folder {folder}, {differs}.")
    return found


async def _part(
    database: Database,
    tenant_id: UUID,
    folder: Path,
    manifest: Manifest,
    batches: "_Batches",
    progress: Progress,
) -> Manifest:
    """Write the next part; the manifest with it."""
    first = last = manifest.reached_seq
    name = f"part-{len(manifest.parts) + 1:06}.{manifest.encoding}"
    partial = folder / f"{name}.partial"
    counts = Counter(manifest.counts)
    before = counts.total()
    with open_part(partial, manifest.encoding) as part:
        while last < manifest.last_seq and counts.total() - before < PART_RECORDS:
            page_last = min(last + PAGE_NUMBERS, manifest.last_seq)
            key = tenant_id, manifest.book.id
            numbers = await read_history(database, *key, last, page_last)
            last_read = numbers[-1].seq
            contents = await database.fetch(store.FIND_CONTENTS, *key, last, last_read)
            records = [record async for record in _records(numbers, contents, batches)]
            part.write(records)
            counts.update(tag_of(type(record)) for record in records)
            last = last_read
            progress(last, manifest.last_seq)
    entry = Part(
        name,
        first + 1,
        last,
        counts.total() - before,
        partial.stat().st_size,
        digest(partial),
    )
    settle(partial, folder.joinpath(name))
    manifest = msgspec.structs.replace(
        manifest, parts=[*manifest.parts, entry], counts=dict(sorted(counts.items()))
    )
    manifest.write(folder)
    return manifest


async def _records(
    numbers: list[Numbered], contents: "list[asyncpg.Record]", batches: "_Batches"
) -> AsyncIterator[Record]:
    """The records of a page, in the order of an export."""
    by_seq = {row["seq"]: row for row in contents}
    for numbered in numbers:
        for leg in numbered.legs:
            yield record_of(TransferRecord, leg)
        for hold in numbered.holds.values():
            yield record_of(HoldEventRecord, hold)
        for reversal in numbered.reversals.values():
            yield record_of(ReversalRecord, reversal)
        if numbered.account_event is not None:
            yield record_of(AccountEventRecord, numbered.account_event)
        if numbered.limit_group_event is not None:
            yield record_of(LimitGroupEventRecord, numbered.limit_group_event)
        if numbered.period_event is not None:
            yield record_of(PeriodEventRecord, numbered.period_event)
        if numbered.seq in by_seq:
            yield record_of(ContentRecord, by_seq[numbered.seq])
        async for batch in batches.up_to(numbered.seq):
            yield batch


class _Batches:
    """A book's batches, one after the other, a few in memory at a time."""

    def __init__(self, database: Database, tenant_id: UUID, book_id: UUID) -> None:
        self._database = database
        self._key = tenant_id, book_id
        self._next_no = 0
        self._read: list[BatchRecord] = []

    async def up_to(self, seq: int) -> AsyncIterator[BatchRecord]:
        """Those that end at or before a number and were not given yet."""
        while await self._has_next() and self._read[0].last_seq <= seq:
            yield self._read.pop(0)

    async def skip_to(self, seq: int) -> None:
        """Pass over those that end at or before a number."""
        async for _ in self.up_to(seq):
            continue

    async def _has_next(self) -> bool:
        if not self._read:
            rows = await self._database.fetch(
                store.FIND_BATCHES, *self._key, self._next_no, _BATCHES_AT_ONCE
            )
            self._read = [record_of(BatchRecord, row) for row in rows]
            self._next_no += len(rows)
        return bool(self._read)


async def _closed(database: Database, tenant_id: UUID, manifest: Manifest) -> Manifest:
    """The manifest of a whole export, with the log's root where its last batch is whole."""
    log, last = Frontier(), 0
    async for batch in _Batches(database, tenant_id, manifest.book.id).up_to(manifest.last_seq):
        log, last = log.append(leaf_hash(batch.root)), batch.last_seq
    if last != manifest.last_seq:
        return msgspec.structs.replace(manifest, is_complete=True)
    return msgspec.structs.replace(
        manifest, is_complete=True, log_size=log.size, root=log.root.hex()
    )
