"""The two encodings of an export's parts: lines of JSON, and Parquet."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from bezant.ledger.export.errors import ExportUnusable
from bezant.ledger.export.manifest import Encoding
from bezant.ledger.export.records import Record

LINE_BYTES_MAX: Final = 1 << 20
"""Metadata are a tenth of it at the most."""

_encode: Final = msgspec.json.Encoder().encode
_decoder: Final = msgspec.json.Decoder(Record)


class PartWriter(Protocol):
    """A part that is being written."""

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class LinesWriter:
    """A part as lines of JSON, a record each."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        self._file.writelines(_encode(record) + b"\n" for record in records)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def open_part(path: Path, encoding: Encoding) -> PartWriter:
    """Begin a part, readable for its owner only: it holds what may be personal."""
    path.touch(mode=0o600)
    if encoding == "jsonl":
        return LinesWriter(path)
    # Imported here: it costs 30 MiB and 80 ms that nothing else needs.
    from bezant.ledger.export.parquet import ParquetPartWriter  # noqa: PLC0415 - see above

    return ParquetPartWriter(path)


def read_part(path: Path, encoding: Encoding) -> Iterator[Record]:
    """The records of a part, in order, a few in memory at a time.

    Raises:
        ExportUnusable: saying where it cannot be read.
    """
    if encoding == "jsonl":
        return _lines(path)
    from bezant.ledger.export.parquet import read_parquet  # noqa: PLC0415 - as above

    return read_parquet(path)


def _lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES_MAX):
            number += 1
            try:
                record = _decoder.decode(line)
            except msgspec.DecodeError as error:
                raise ExportUnusable(f"{path.name}, line {number}: {error}") from error
            yield record
