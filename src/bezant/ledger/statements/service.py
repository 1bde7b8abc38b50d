"""The use cases of statements."""

import asyncio
from dataclasses import dataclass, replace
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.http import Document
from bezant.ledger import schemas as ledger_schemas
from bezant.ledger.queries import BookReader
from bezant.ledger.statements import schemas
from bezant.ledger.statements.collating import BatchesOf
from bezant.ledger.statements.errors import StatementTooLong
from bezant.ledger.statements.files import KINDS, FileKind, write_file
from bezant.ledger.statements.matching import matching_entries
from bezant.ledger.statements.pages import Asked, read_page
from bezant.ledger.statements.places import Place
from bezant.ledger.statements.reading import Reader

if TYPE_CHECKING:
    from uuid import UUID

    from bezant.ledger.queries import Source
    from bezant.ledger.schemas import EntryFilter
    from bezant.ledger.statements.domain import Statement, Totals

FILES_AT_ONCE: Final = 2
"""Files that a process makes at a time: each takes a thread, and a PDF the interpreter with it."""

_DISCLOSED: Final = Answer(200, b"")


@dataclass(frozen=True, slots=True)
class Part:
    """Which page of a statement."""

    section: schemas.SectionName
    after: str | None
    limit: int


class Statements:
    """Statements of accounts, and the filtered lists of their entries.

    Args:
        reader: answers pages, from a replica where that is new enough.
    """

    def __init__(self, database: Database, clock: Clock, reader: BookReader) -> None:
        self._database = database
        self._clock = clock
        self._reader = reader
        self._places = asyncio.Semaphore(FILES_AT_ONCE)

    async def page(
        self, call: Call, asked: Asked, part: Part, *, read_after: int | None = None
    ) -> schemas.Statement:
        """`GET …/accounts/{id}/statement` as JSON.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
            InvalidCursor: `part.after` is no place in this statement.
            Unavailable: personal data may be in it, and the audit log cannot be written.
        """

        async def work(source: "Source") -> schemas.Statement:
            reader = Reader(source, asked.tenant_id, asked.book_id)
            return await read_page(reader, asked, part.section, part.after, part.limit)

        seen = _seen(asked, part, read_after)
        page = await self._reader.snapshot(asked.tenant_id, asked.book_id, seen, work)
        if any(entry.reason is not None or entry.metadata for entry in page.entries):
            await audit.write(self._database, self._clock, call, _DISCLOSED)
        return page

    async def file(
        self, call: Call, asked: Asked, kind_name: str, batches_of: BatchesOf | None = None
    ) -> Document:
        """`GET …/accounts/{id}/statement` as a whole file, complete and checked.

        Args:
            call: who asks.
            asked: for which statement.
            kind_name: of `KINDS`.
            batches_of: which transfers are one entry; None where each is one by itself.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
            StatementTooLong: more entries than such a file may have.
            StatementNotRepresentable: the format cannot say it.
            Unavailable: personal data may be in it, and the audit log cannot be written.
        """
        kind = KINDS[kind_name]
        async with self._places:
            statement, totals = await self._database.read(lambda source: _figures(source, asked))
            statement = replace(statement, printed=asked.printed)
            if totals.count > kind.entries_max:
                raise StatementTooLong(
                    f"{totals.count} entries; such a file holds at most {kind.entries_max}.",
                    entries=totals.count,
                )
            file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - the answer closes it
            try:
                await self._write(call, asked, kind, file, statement, totals, batches_of)
                size = file.tell()
                file.seek(0)
            except BaseException:
                file.close()
                raise
        period = statement.period
        name = f"statement_{period.start}_{period.end}_{statement.id[:8]}.{kind.suffix}"
        return Document(200, b"", file=file, size=size, media_type=kind.media_type, name=name)

    async def entries(
        self,
        call: Call,
        book_id: "UUID",
        account_id: str,
        asked: "EntryFilter",
        *,
        after: str | None,
        limit: int,
        read_after: int | None = None,
    ) -> ledger_schemas.Entries:
        """`GET …/accounts/{id}/entries` with a filter. To ask by metadata is to read metadata.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
            Unavailable: it is asked by metadata, and the audit log cannot be written.
        """
        key = (call.tenant_id, book_id)
        found = await self._reader.snapshot(
            *key,
            read_after,
            lambda source: matching_entries(
                source, key, account_id, asked, after=after, limit=limit
            ),
        )
        if asked.metadata is not None:
            await audit.write(self._database, self._clock, call, _DISCLOSED)
        return found

    async def _write(
        self,
        call: Call,
        asked: Asked,
        kind: FileKind,
        file: BinaryIO,
        statement: "Statement",
        totals: "Totals",
        batches_of: BatchesOf | None,
    ) -> None:
        reader = Reader(self._database, asked.tenant_id, asked.book_id)
        has_content = await write_file(
            file,
            kind,
            statement,
            totals,
            reader,
            with_content=asked.with_content,
            batches_of=batches_of,
        )
        if has_content:
            await audit.write(self._database, self._clock, call, _DISCLOSED)


async def _figures(source: "Source", asked: Asked) -> "tuple[Statement, Totals]":
    reader = Reader(source, asked.tenant_id, asked.book_id)
    statement = await reader.statement(asked.account_id, asked.period, asked.known_at)
    return statement, await reader.totals(statement)


def _seen(asked: Asked, part: Part, read_after: int | None) -> int | None:
    """What a replica has to have to answer; None where only the primary can know."""
    if read_after is None:
        return None
    if part.after is not None:
        return max(read_after, Place.read(part.after).known_seq)
    # What was known at an instant, a replica that is behind cannot tell.
    return read_after if asked.known_at is None else None
