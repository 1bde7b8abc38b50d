"""The kinds of statement files, and making one of them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from bezant.ledger.statements.camt053_file import Camt053File
from bezant.ledger.statements.collating import BatchesOf, collate
from bezant.ledger.statements.csv_file import CsvFile
from bezant.ledger.statements.domain import (
    MOVING,
    NO_CONTENT,
    Line,
    Statement,
    Tally,
    Totals,
)
from bezant.ledger.statements.reading import Reader

_ENTRIES_AT_ONCE: Final = 2_000


class StatementFile(Protocol):
    """Writes one statement to a file: its head when made, its lines in order, its end.

    The calls are made one after the other, on threads that may differ, off the event loop.
    """

    def add(self, lines: Iterable[Line], /) -> None:
        """Write the next entries.

        Raises:
            StatementNotRepresentable: the format cannot say one of them.
        """
        ...

    def close(self) -> None:
        """Write the end; the file itself stays open."""
        ...


Opener = Callable[[BinaryIO, Statement, Totals], StatementFile]


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file.

    Attributes:
        media_type: with its parameters.
        suffix: of its name.
        entries_max: the most that one file may have; what takes longer to make has fewer.
    """

    media_type: str
    suffix: str
    entries_max: int
    open: Opener


def _open_pdf(file: BinaryIO, statement: Statement, totals: Totals) -> StatementFile:
    # Who prints nothing does not pay for reportlab: 20 MiB of memory in each worker.
    from bezant.ledger.statements.pdf_file import PdfFile  # noqa: PLC0415 - see above

    return PdfFile(file, statement, totals)


KINDS: Final[Mapping[str, FileKind]] = {
    "csv": FileKind("text/csv; charset=utf-8; header=present", "csv", 200_000, CsvFile),
    "pdf": FileKind("application/pdf", "pdf", 100_000, _open_pdf),
    "camt053": FileKind("application/xml", "xml", 200_000, Camt053File),
}


async def write_file(
    file: BinaryIO,
    kind: FileKind,
    statement: Statement,
    totals: Totals,
    reader: Reader,
    *,
    with_content: bool,
    batches_of: BatchesOf | None = None,
) -> bool:
    """Write a whole statement, and check it; whether it has erasable content.

    Its entries are read by and by, each time from a connection that is given back before they are
    rendered. That is as good as one snapshot: up to the statement's number nothing changes.

    Raises:
        StatementNotRepresentable: the format cannot say it.
        StatementBroken: the entries do not lead from the opening to the closing balance.
    """
    tally, has_content = Tally(statement), False
    collation = await collate(reader, statement, batches_of, _ENTRIES_AT_ONCE)
    totals = collation.totals(totals)
    writer = await asyncio.to_thread(kind.open, file, statement, totals)
    position = None
    while True:
        entries = await reader.entries(statement, position, _ENTRIES_AT_ONCE)
        moving = [entry for entry in entries if entry.kind in MOVING]
        contents = await reader.contents(moving) if with_content else {}
        has_content = has_content or bool(contents)
        lines = []
        for each in moving:
            if (collated := collation.collated(each)) is None:
                continue
            entry, members = collated
            content = NO_CONTENT if members else contents.get(entry.seq, NO_CONTENT)
            lines.append(Line(entry, tally.take(entry), content, members))
        await asyncio.to_thread(writer.add, lines)
        if len(entries) < _ENTRIES_AT_ONCE:
            break
        position = entries[-1].position(statement.period.axis)
    tally.check(totals)
    await asyncio.to_thread(writer.close)
    return has_content
