"""An export that was changed, cut or put in another order is refused, and nothing is restored."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bezant.ledger.export import ExportUnusable, Manifest, book
from bezant.ledger.export.encodings import open_part, read_part
from bezant.ledger.export.manifest import NAME, digest
from bezant.ledger.export.records import Record, TransferRecord
from fixtures_exports import Library

Lines = list[dict[str, Any]]


def _dumps(line: dict[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False)


@dataclass
class Export:
    """An export on disk, of several parts."""

    library: Library
    folder: Path

    @property
    def manifest(self) -> Manifest:
        manifest = Manifest.read(self.folder)
        assert manifest is not None
        return manifest

    @property
    def parts(self) -> list[Path]:
        return [self.folder / part.name for part in self.manifest.parts]

    def change(self, change: Callable[[Lines], None]) -> None:
        """Change the records of all parts, each within the part that it is in."""
        for path in self.parts:
            lines = [json.loads(line) for line in path.read_bytes().splitlines()]
            change(lines)
            path.write_text("".join(_dumps(line) + "\n" for line in lines))

    def make_up(self) -> None:
        """Make the manifest say what the parts hold, as somebody would who changes both."""
        parts = [
            msgspec.structs.replace(
                part,
                bytes=path.stat().st_size,
                sha256=digest(path),
                records=len(path.read_bytes().splitlines()),
            )
            for part, path in zip(self.manifest.parts, self.parts, strict=True)
        ]
        msgspec.structs.replace(self.manifest, parts=parts).write(self.folder)

    async def refused(self) -> str:
        """Restore it, which must fail and leave nothing; why."""
        other = await self.library.elsewhere()
        with pytest.raises(ExportUnusable) as refusal:
            await self.library.restore(other, self.folder)
        rows = await other.database.fetch(
            "SELECT 1 FROM book WHERE tenant_id = $1"
            " UNION ALL SELECT 1 FROM transfer WHERE tenant_id = $1"
            " UNION ALL SELECT 1 FROM account WHERE tenant_id = $1"
            " UNION ALL SELECT 1 FROM lane WHERE tenant_id = $1",
            other.tenant_id,
        )
        assert rows == []
        return refusal.value.detail


@pytest.fixture
async def export(library: Library, monkeypatch: pytest.MonkeyPatch) -> Export:
    monkeypatch.setattr(book, "PAGE_NUMBERS", 10)
    monkeypatch.setattr(book, "PART_RECORDS", 15)
    export = Export(library, await library.export())
    assert len(export.parts) > 3
    return export


def _edit(kind: str, /, **members: Any) -> Callable[[Lines], None]:  # noqa: ANN401 - as the members are
    def change(lines: Lines) -> None:
        for line in lines:
            if line["record"] == kind and (kind != "transfer" or line["seq"] == 12):
                line.update(members)
                return

    return change


def _drop(kind: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        for at, line in enumerate(lines):
            if line["record"] == kind and line.get("seq", 12) == 12:
                del lines[at]
                return

    return change


def _drop_reversal(lines: Lines) -> None:
    lines[:] = [line for line in lines if line["record"] != "reversal"]


def _swap(lines: Lines) -> None:
    for at, line in enumerate(lines[1:], start=1):
        if line.get("seq") == 12:
            lines[at - 1], lines[at] = lines[at], lines[at - 1]
            return


def _repeat(lines: Lines) -> None:
    for at, line in enumerate(lines):
        if line.get("seq") == 12:
            lines.insert(at, line)
            return


CHANGES: dict[str, tuple[Callable[[Lines], None], str]] = {
    "an amount": (_edit("transfer", amount="11"), "batch_root at batch .*, seq 9 to 28"),
    "an account's number": (_edit("transfer", debit_no=99), "unknown_account at seq 12"),
    "a date": (_edit("transfer", value_date="2020-01-01"), "batch_root at batch .*, seq 9 to 28"),
    "an instant": (_edit("transfer", recorded_at="2020-01-01T00:00:00Z"), "time_order at seq 12"),
    "a kind that is none": (_edit("transfer", kind="given"), "seq 12: 'given'"),
    "an amount that is none": (_edit("transfer", amount="much"), "seq 12: invalid literal"),
    "a limit": (_edit("account_event", overdraft="5"), "batch_root"),
    "a type that is none": (_edit("account_event", type="x"), "seq 1: 'x'"),
    "a hold's end": (_edit("hold_event", expires_at=None), "hold_broken|batch_root"),
    "a leg taken back": (_edit("reversal", original_leg=0), "batch_root"),
    "a reversal's link gone": (_drop_reversal, "batch_root"),
    "a group's limit": (_edit("limit_group_event", overdraft="5"), "batch_root"),
    "a content": (_edit("content", content="e30="), "content_changed at seq"),
    "a batch's root": (_edit("batch", root="AAAA"), "batch_root"),
    "a batch's range": (_edit("batch", first_seq=3), "batch_range"),
    "a transfer gone": (_drop("transfer"), "sequence_gap at seq 12: followed by seq 13"),
    "a batch gone": (_drop("batch"), "batch_range"),
    "two transfers in another order": (_swap, "sequence_gap at seq 11: followed by seq 12"),
    "a transfer twice": (_repeat, "leg_gap at seq 12"),
}


@pytest.mark.parametrize("is_made_up", [False, True], ids=["plainly", "with its manifest"])
@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_is_refused_and_located(
    export: Export, what: str, *, is_made_up: bool
) -> None:
    change, place = CHANGES[what]
    export.change(change)
    if is_made_up:
        export.make_up()
    said = await export.refused()
    # A batch may end in a later part than the one whose bytes differ.
    expected = place if is_made_up else rf"{place}|; it holds seq \d+ to \d+"
    assert re.search(expected, said), said
    assert said.startswith("part-0")


async def test_an_unchanged_export_that_was_written_anew_is_restored(export: Export) -> None:
    """The control: what is refused above is the change and not how it was made."""
    export.change(lambda _: None)
    export.make_up()
    assert (await export.library.restore(await export.library.elsewhere(), export.folder)).is_new


async def test_an_erasure_that_the_manifest_does_not_know_is_refused(export: Export) -> None:
    export.change(_drop_content)
    assert "SHA-256" in await export.refused() or "bytes" in await export.refused()


def _drop_content(lines: Lines) -> None:
    lines[:] = [line for line in lines if line["record"] != "content"]


async def test_content_that_nothing_commits_to_is_refused(export: Export) -> None:
    def add(lines: Lines) -> None:
        for at, line in enumerate(lines):
            if line.get("seq") == 12:
                content = {"record": "content", "seq": 12, "salt": "AAAA", "content": "e30="}
                lines.insert(at + 1, content)
                return

    export.change(add)
    export.make_up()
    assert "content that nothing commits to" in await export.refused()


@pytest.mark.parametrize("cut", [1, 100, 1_000])
async def test_a_part_that_was_cut_is_refused(export: Export, cut: int) -> None:
    last = export.parts[-1]
    last.write_bytes(last.read_bytes()[:-cut])
    assert last.name in await export.refused()


async def test_a_part_that_is_missing_is_refused(export: Export) -> None:
    export.parts[1].unlink()
    assert "part-000002.jsonl is missing" in await export.refused()


async def test_parts_in_another_order_are_refused(export: Export) -> None:
    first, second, *_ = export.parts
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    export.make_up()
    assert "part-000001.jsonl, record 1: not of seq 1 to" in await export.refused()


async def test_a_history_that_ends_early_is_refused(export: Export) -> None:
    manifest = export.manifest
    kept = manifest.parts[:-1]
    msgspec.structs.replace(manifest, parts=kept).write(export.folder)
    assert "the parts end at seq" in await export.refused()
    msgspec.structs.replace(manifest, parts=kept, last_seq=kept[-1].last_seq).write(export.folder)
    assert "root" in await export.refused() or "batch_range" in await export.refused()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"format": "other/9"}', b"\xff", b'{"format": "bezant-export/1"}']
)
async def test_a_manifest_that_is_none_is_refused(export: Export, text: bytes) -> None:
    (export.folder / NAME).write_bytes(text)
    assert NAME in await export.refused()


async def test_a_part_outside_of_the_folder_is_refused(export: Export) -> None:
    manifest = export.manifest
    stray = [msgspec.structs.replace(part, name=f"../{part.name}") for part in manifest.parts]
    msgspec.structs.replace(manifest, parts=stray).write(export.folder)
    assert "outside" in await export.refused()


async def test_an_export_that_is_not_finished_is_refused(export: Export) -> None:
    msgspec.structs.replace(export.manifest, is_complete=False).write(export.folder)
    assert "was cut off at seq" in await export.refused()


@pytest.mark.parametrize("line", [b"{}", b'{"record":"x"}', b"x" * (1 << 20), b"\x00"])
async def test_a_line_that_is_no_record_is_refused_with_its_number(
    export: Export, line: bytes
) -> None:
    path = export.parts[0]
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(first + b"\n" + line + b"\n" + rest)
    export.make_up()
    assert "part-000001.jsonl, line 2: " in await export.refused()


async def test_a_changed_table_is_refused(library: Library) -> None:
    export = Export(library, await library.export(encoding="parquet"))
    [path] = export.parts
    written = path.read_bytes()
    for at in range(0, len(written), len(written) // 20):
        path.write_bytes(written[:at] + bytes([written[at] ^ 1]) + written[at + 1 :])
        assert path.name in await export.refused()
    path.write_bytes(written[: len(written) // 2])
    assert path.name in await export.refused()
    path.write_bytes(written)
    records: list[Record] = list(read_part(path, "parquet"))
    at, transfer = next(
        (at, each) for at, each in enumerate(records) if isinstance(each, TransferRecord)
    )
    records[at] = msgspec.structs.replace(transfer, amount="1")
    with open_part(path, "parquet") as part:
        part.write(records)
    manifest = export.manifest
    [entry] = manifest.parts
    entry = msgspec.structs.replace(entry, bytes=path.stat().st_size, sha256=digest(path))
    msgspec.structs.replace(manifest, parts=[entry]).write(export.folder)
    assert "batch_root at batch" in await export.refused()
