"""A process that exports or restores a book in small steps, and tells of each: to be killed."""

import asyncio
import sys
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.database import Database
from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger.export import (
    Encoding,
    Exports,
    Wanted,
    book,
    export_book,
    restore_book,
    restoring,
)


class Errand(msgspec.Struct):
    """What to do."""

    url: str
    tenant_id: UUID
    book_id: UUID
    folder: str
    what: Literal["export", "restore"]
    encoding: Encoding = "jsonl"


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def work(errand: Errand) -> None:
    book.PAGE_NUMBERS, book.PART_RECORDS, restoring.WRITTEN_AT_ONCE = 3, 8, 5  # type: ignore[misc]
    database = await Database.open(errand.url, name="archivist")
    call = Call(
        TimeOrderedIds().new(), errand.tenant_id, "operator:test", "book.export", "/test", "test"
    )
    clock = SystemClock()
    if errand.what == "export":
        await export_book(
            database,
            clock,
            call,
            errand.book_id,
            Path(errand.folder),
            Wanted(encoding=errand.encoding),
            progress=lambda done, _: say("step", done),
        )
    else:
        exports = Exports.open([Path(errand.folder)])
        await restore_book(
            database, clock, call, exports, progress=lambda done, _: say("step", done)
        )
    await database.close()
    say("done")


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.stdin.buffer.read(), type=Errand)))
