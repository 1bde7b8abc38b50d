"""What riders read and write can travel together, whichever domain it is of."""

import importlib
import pkgutil
import re

import pytest

from bezant.kernel.database import Database, RowKind, fetch_together
from bezant.ledger.lane.rider import ReadKind

_DOMAINS = ("banking", "kernel", "ledger", "payments")
_OTHER_TABLE = re.compile(r"\b(?:FROM|JOIN|USING)\s+(?!unnest\b)\w+")


@pytest.fixture(scope="module")
def kinds() -> list[object]:
    """What stands in any module of the domains."""
    found: list[object] = []
    for domain in _DOMAINS:
        package = importlib.import_module(f"bezant.{domain}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            found.extend(vars(importlib.import_module(module.name)).values())
    return found


async def test_every_type_that_riders_read_is_known_within_rows(
    kinds: list[object], app_url: str, database: Database
) -> None:
    reads = {kind.statement for kind in kinds if isinstance(kind, ReadKind)}
    assert len(reads) > 40
    # What is only prepared, and never carried out, would be left as an open transaction.
    async with database.connection() as connection, connection.transaction():
        prepared = [await connection.prepare(statement) for statement in reads]
        arrays = {
            column.type.name
            for each in prepared
            for column in each.get_attributes()
            if column.type.kind == "array"
        }
    assert "numeric[]" in arrays
    # A session of its own: what the driver asked for above, another one does not know.
    fresh = await Database.open(app_url)
    try:
        async with fresh.connection() as connection:
            asked = [(f"SELECT '{{}}'::{name} AS empty", ()) for name in sorted(arrays)]
            assert await fetch_together(connection, asked) == [[{"empty": []}]] * len(arrays)
    finally:
        await fresh.close()


def test_what_riders_write_changes_one_table_from_its_values_alone(kinds: list[object]) -> None:
    writes = {kind.statement for kind in kinds if isinstance(kind, RowKind)}
    assert len(writes) > 50
    assert [each for each in writes if _OTHER_TABLE.search(each.split("DELETE FROM")[-1])] == []
