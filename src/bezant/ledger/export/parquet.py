"""Parts as Parquet: one table whose columns are those of all records, `record` telling the kind.

One table rather than one for each kind keeps the order and the batches in the file itself. Amounts
are text, since Parquet's decimals have 38 digits in most readers and amounts have 39.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, get_args
from uuid import UUID

import msgspec
import pyarrow as pa
from pyarrow import parquet as pq

from bezant.ledger.export.errors import ExportUnusable
from bezant.ledger.export.records import RECORDS, Record, row_of, tag_of

_BATCH_ROWS: Final = 2_000
_TYPES: Final[dict[type[Any], Any]] = {
    int: pa.int64(),
    str: pa.string(),
    bytes: pa.binary(),
    UUID: pa.string(),
    date: pa.date32(),
    datetime: pa.timestamp("us", tz="UTC"),
}


def _schema() -> Any:  # noqa: ANN401 - the library has no types
    columns: dict[str, Any] = {"record": pa.string()}
    for kind in RECORDS:
        for field in msgspec.structs.fields(kind):
            [of_value] = {field.type, *get_args(field.type)} & _TYPES.keys()
            columns[field.name] = _TYPES[of_value]
    return pa.schema(list(columns.items()))


SCHEMA: Final = _schema()


class ParquetPartWriter:
    """A part as Parquet, a row group for what is added at once."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        rows = [_row(record) for record in records]
        columns = {name: [row.get(name) for row in rows] for name in SCHEMA.names}
        self._writer.write_table(pa.table(columns, schema=SCHEMA))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()


def read_parquet(path: Path) -> Iterator[Record]:
    """The records of a part.

    Raises:
        ExportUnusable: it is not such a table.
    """
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    present = {name: value for name, value in row.items() if value is not None}
                    yield msgspec.convert(present, Record)
    except (pa.ArrowException, OSError, msgspec.ValidationError) as error:
        raise ExportUnusable(f"{path.name}, row {number}: {error}") from error


def _row(record: Record) -> dict[str, Any]:
    values = row_of(record)
    return {
        "record": tag_of(type(record)),
        **{name: str(each) if isinstance(each, UUID) else each for name, each in values.items()},
    }
