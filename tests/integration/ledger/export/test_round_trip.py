"""What is restored from an export is the book, bit for bit."""

import json
import stat
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from bezant.ledger.errors import BookNotFound
from bezant.ledger.export import (
    BookStands,
    Encoding,
    ExportUnusable,
    Manifest,
    NothingToExport,
    OtherExport,
    Wanted,
    book,
    restoring,
)
from bezant.ledger.export.encodings import read_part
from bezant.ledger.feed import history
from fixtures_exports import ENCODINGS, Library, content_of


@pytest.fixture(params=ENCODINGS)
def encoding(request: pytest.FixtureRequest) -> Encoding:
    encoding: Encoding = request.param
    return encoding


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many parts, many pages, many writes."""
    monkeypatch.setattr(book, "PAGE_NUMBERS", 4)
    monkeypatch.setattr(book, "PART_RECORDS", 9)
    monkeypatch.setattr(book, "_BATCHES_AT_ONCE", 3)
    monkeypatch.setattr(restoring, "WRITTEN_AT_ONCE", 7)
    monkeypatch.setattr(history, "LEGS_MAX", 5)


async def test_a_restored_book_is_the_exported_one(library: Library, encoding: Encoding) -> None:
    folder = await library.export(encoding=encoding)
    other = await library.elsewhere()
    restored = await library.restore(other, folder)
    assert restored.is_new
    assert await content_of(other) == await content_of(library.bank)
    report, original = await other.verify(), await library.bank.verify()
    assert report.findings == []
    assert (report.root, report.transactions) == (original.root, original.transactions)
    assert restored.root == report.root


@pytest.mark.usefixtures("_small")
async def test_parts_and_pages_of_any_size_hold_the_same(
    library: Library, encoding: Encoding
) -> None:
    folder = await library.export(encoding=encoding)
    manifest = Manifest.read(folder)
    assert manifest is not None
    assert len(manifest.parts) > 5
    other = await library.elsewhere()
    await library.restore(other, folder)
    assert await content_of(other) == await content_of(library.bank)


async def test_a_restored_book_goes_on(library: Library) -> None:
    other = await library.elsewhere()
    await library.restore(other, await library.export())
    open_holds = await other.database.fetch(
        "SELECT hold_id FROM hold WHERE tenant_id = $1 AND book_id = $2 AND state = 'open'",
        other.tenant_id,
        other.book_id,
    )
    assert len(open_holds) == 2
    for hold in open_holds:
        assert (await other.void(hold["hold_id"])).status == 200
    assert (await other.pay("world", "alice", 5)).status == 201
    assert (await other.verify()).findings == []


async def test_ranges_restore_as_one(library: Library) -> None:
    head = (await library.bank.verify()).transactions
    cuts = [0, 1, 9, head - 2, head]
    folders = [
        await library.export(f"to-{last}", first_seq=first + 1, last_seq=last, encoding=encoding)
        for first, last, encoding in zip(cuts, cuts[1:], [*ENCODINGS, *ENCODINGS], strict=False)
    ]
    assert Manifest.read(folders[1]).root is None, "it ends within the batch of twenty"  # type: ignore[union-attr]
    other = await library.elsewhere()
    await library.restore(other, *reversed(folders))
    assert await content_of(other) == await content_of(library.bank)
    with pytest.raises(ExportUnusable, match="After seq 1 comes 10"):
        await library.restore(await library.elsewhere(), folders[0], folders[2], folders[3])
    with pytest.raises(ExportUnusable, match="ends within a batch"):
        await library.restore(await library.elsewhere(), *folders[:2])


async def test_a_second_restore_finds_the_first(library: Library) -> None:
    folder, other = await library.export(), await library.elsewhere()
    assert (await library.restore(other, folder)).is_new
    assert not (await library.restore(other, folder)).is_new
    assert not (await library.restore(library.bank, folder)).is_new
    assert (await other.pay("world", "alice", 1)).status == 201
    with pytest.raises(BookStands, match="is there with seq"):
        await library.restore(other, folder)
    assert (await other.verify()).findings == []


async def test_a_root_known_from_elsewhere_is_held_against_the_export(library: Library) -> None:
    folder, root = await library.export(), (await library.bank.verify()).root
    with pytest.raises(ExportUnusable, match="The export's root is"):
        await library.restore(await library.elsewhere(), folder, root="0" * 64)
    assert (await library.restore(await library.elsewhere(), folder, root=root)).root == root


async def test_a_tenant_that_is_not_there_is_refused(library: Library) -> None:
    nobody = await library.elsewhere()
    nobody.tenant_id = UUID(int=2**100)
    with pytest.raises(ExportUnusable, match="no tenant"):
        await library.restore(nobody, await library.export())


async def test_an_export_is_its_owners_alone_and_is_audited(library: Library) -> None:
    folder = await library.export()
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    entries = await library.bank.database.fetch(
        "SELECT actor FROM audit_entry WHERE tenant_id = $1 AND purpose = 'export'",
        library.bank.tenant_id,
    )
    assert len(entries) == 1
    other = await library.elsewhere()
    await library.restore(other, folder)
    entries = await other.database.fetch(
        "SELECT actor FROM audit_entry WHERE tenant_id = $1 AND purpose = 'export'",
        other.tenant_id,
    )
    assert len(entries) == 1


async def test_a_finished_export_is_left_as_it_is(library: Library, encoding: Encoding) -> None:
    folder = await library.export(encoding=encoding)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert (await library.bank.pay("world", "alice", 1)).status == 201
    await library.export(encoding=encoding)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_a_folder_with_something_else_is_refused(library: Library) -> None:
    folder = await library.export()
    with pytest.raises(OtherExport, match="encoding"):
        await library.export(encoding="parquet")
    with pytest.raises(OtherExport, match="first_seq"):
        await library.export(first_seq=2)
    with pytest.raises(OtherExport, match="last_seq"):
        await library.export(last_seq=5)
    part = next(folder.glob("part-*"))
    part.write_bytes(part.read_bytes() + b" ")
    with pytest.raises(OtherExport, match="bytes"):
        await library.export()
    full = library.folder / "full"
    full.mkdir()
    (full / "letter.txt").touch()
    with pytest.raises(OtherExport, match="not empty"):
        await library.export("full")


@pytest.mark.parametrize(("first", "last"), [(0, None), (99, None), (1, 99), (5, 4)])
async def test_a_range_that_the_book_has_not_is_refused(
    library: Library, first: int, last: int | None
) -> None:
    with pytest.raises(NothingToExport):
        await library.exported(library.folder / "export", Wanted(first, last))
    assert not (library.folder / "export").exists()


async def test_another_tenants_book_is_not_exported(library: Library) -> None:
    other = Library(await library.elsewhere(), library.folder)
    with pytest.raises(BookNotFound):
        await other.exported(library.folder / "x", Wanted())


async def test_both_encodings_can_be_read_by_others(library: Library) -> None:
    lines, table = await library.export("l"), await library.export("p", encoding="parquet")
    [part] = lines.glob("part-*")
    rows = [json.loads(line) for line in part.read_text().splitlines()]
    [part] = table.glob("part-*")
    columns = pq.read_table(part).to_pylist()
    assert [row["record"] for row in columns] == [row["record"] for row in rows]
    amounts = [row["amount"] for row in rows if row["record"] == "transfer"]
    assert amounts == [row["amount"] for row in columns if row["record"] == "transfer"]
    assert str(2**126) in amounts


async def test_both_encodings_hold_the_same_records(library: Library) -> None:
    def records(folder: Path, encoding: Encoding) -> list[object]:
        [part] = folder.glob("part-*")
        return list(read_part(part, encoding))

    lines, table = await library.export("l"), await library.export("p", encoding="parquet")
    assert records(lines, "jsonl") == records(table, "parquet")
