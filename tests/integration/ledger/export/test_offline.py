"""An export is verified with nothing but its files, and against what was signed outside."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attackers import Target, rewrite
from bezant.ledger.export import Encoding, Exports, Manifest, verify_export, verifying
from bezant.ledger.export.records import Record, TransferRecord
from bezant.ledger.proof import Checkpoint
from bezant.ledger.verify import BookReport, Kind
from bezant.ledger.verify.holds import HoldReplay
from fixtures_exports import ENCODINGS, Library


@pytest.fixture
async def target(library: Library, owner: Any) -> Target:  # noqa: ANN401 - the driver's
    """A book of every kind of record, signed in the middle and at the end."""
    target = Target(library.bank, owner, library)
    await target.sign()
    await library.bank.pay("world", "bob", 9)
    await library.bank.pay("world", "bob", 10)
    await target.sign()
    return target


def verified(*folders: Path, checkpoints: list[Checkpoint] | None = None) -> BookReport:
    return verify_export(Exports.open(folders), checkpoints or [], progress=lambda _: None)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_sound_export_gives_what_the_database_gives(
    target: Target, encoding: Encoding
) -> None:
    folder = await target.library.export(encoding=encoding)
    report = verified(folder, checkpoints=target.checkpoints())
    live = await target.verify(target.checkpoints())
    assert report == msgspec.structs.replace(live, tenant_id=None, name=report.name)
    assert (report.findings, report.checkpoints) == ([], 2)


async def test_holds_that_are_over_are_let_go_and_change_nothing(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await target.library.export()
    expected = verified(folder)
    seen = []
    monkeypatch.setattr(verifying, "_REPORT_EVERY", 1)
    forget = HoldReplay.forget_settled

    def forgetting(replay: HoldReplay) -> None:
        before = len(replay.holds)
        forget(replay)
        seen.append(before - len(replay.holds))

    monkeypatch.setattr(HoldReplay, "forget_settled", forgetting)
    assert verified(folder) == expected
    assert sum(seen) == 2  # one captured, one voided; two are open


async def test_ranges_are_verified_together(target: Target) -> None:
    first = await target.library.export("first", last_seq=9)
    rest = await target.library.export("rest", first_seq=10)
    assert verified(rest, first, checkpoints=target.checkpoints()).findings == []


def last_payment(record: Record) -> Record:
    """Ten times the last payment but one."""
    if isinstance(record, TransferRecord) and record.amount == "9":
        return msgspec.structs.replace(record, amount="90")
    return record


async def test_an_edited_amount_is_located_whoever_fixed_the_digest(target: Target) -> None:
    folder = await target.library.export()
    manifest = Manifest.read(folder)
    assert manifest is not None
    [part] = manifest.parts
    path = folder / part.name
    content = path.read_bytes().replace(b'"amount":"9"', b'"amount":"8"')
    path.write_bytes(content)
    seq = manifest.last_seq - 1
    for fixed in (part, msgspec.structs.replace(part, sha256=hashlib.sha256(content).hexdigest())):
        msgspec.structs.replace(manifest, parts=[fixed]).write(folder)
        findings = verified(folder).findings
        first = findings[0]
        assert first.kind is Kind.BATCH_ROOT
        assert first.place.endswith(f"seq {seq} to {seq}")
        # The digest tells as well, as long as it was not fixed.
        assert any(each.kind is Kind.EXPORT_FILES for each in findings) is (fixed is part)


async def test_an_export_rewritten_whole_is_found_by_the_checkpoint_alone(target: Target) -> None:
    folder = await target.library.export()
    rewrite(folder, last_payment)
    assert verified(folder).findings == []
    [finding] = verified(folder, checkpoints=target.checkpoints()).findings
    one, two = target.checkpoints()
    assert finding.kind is Kind.CHECKPOINT
    assert finding.place == f"seq {one.seq + 1} to {two.seq}"


async def test_an_export_that_ends_before_the_checkpoint_is_cut(target: Target) -> None:
    one, two = target.checkpoints()
    folder = await target.library.export(last_seq=one.seq)
    assert verified(folder).findings == []
    [finding] = verified(folder, checkpoints=[one, two]).findings
    assert (finding.kind, finding.place) == (Kind.CHECKPOINT, f"seq {one.seq + 1} to {two.seq}")


async def test_other_terms_in_the_manifest_are_found(target: Target) -> None:
    folder = await target.library.export()
    manifest = Manifest.read(folder)
    assert manifest is not None
    for change in ({"time_zone": "UTC"}, {"name": "Mine"}, {"assets": manifest.book.assets[:1]}):
        terms: Any = msgspec.structs.replace(manifest.book, **change)
        msgspec.structs.replace(manifest, book=terms).write(folder)
        [finding] = verified(folder, checkpoints=target.checkpoints()).findings
        assert finding.kind is Kind.BOOK_TERMS


async def test_a_manifest_with_another_root_is_found(target: Target) -> None:
    folder = await target.library.export()
    manifest = Manifest.read(folder)
    assert manifest is not None
    msgspec.structs.replace(manifest, root="00" * 32).write(folder)
    [finding] = verified(folder).findings
    assert finding.kind is Kind.LOG_ROOT


async def test_records_that_are_out_of_order_are_named(target: Target) -> None:
    folder = await target.library.export()
    [part] = folder.glob("part-*")
    lines = part.read_bytes().splitlines(keepends=True)
    payments = [at for at, line in enumerate(lines) if b'"record":"transfer"' in line]
    one, two = payments[-2:]
    lines[one], lines[two] = lines[two], lines[one]
    part.write_bytes(b"".join(lines))
    findings = verified(folder).findings
    assert findings
    assert any(each.kind is Kind.EXPORT_FILES for each in findings)
