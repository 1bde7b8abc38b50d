"""Verifying an export with nothing but its files: the verifier's replay, and no database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from bezant.ledger.export.errors import ExportUnusable
from bezant.ledger.export.reading import Exports
from bezant.ledger.export.records import BatchRecord, TransferRecord
from bezant.ledger.export.replaying import RecordReplay, leg_rows
from bezant.ledger.proof import Checkpoint, terms_hash
from bezant.ledger.verify.findings import BookReport, Kind
from bezant.ledger.verify.replay import Replay
from bezant.ledger.verify.witnesses import Witnesses

Progress = Callable[[int], None]

_REPORT_EVERY: Final = 10_000


def verify_export(
    exports: Exports, checkpoints: Sequence[Checkpoint] = (), *, progress: Progress
) -> BookReport:
    """Recompute every leaf, root, balance, hold and limit, and compare them with what is told.

    Told are the batches' roots, the manifest's root, and what the checkpoints sign. Balances are in
    no export: they are recomputed so that limits can be judged. Memory holds the book's accounts,
    limit groups, open holds and reversals, whatever the length of its history.

    Args:
        exports: of one book, from its first number on.
        checkpoints: of that book, their signatures verified.
        progress: told now and then how many numbers have been replayed.
    """
    book = exports.book
    replay = Replay(book.id, Witnesses(checkpoints), time_zone=ZoneInfo(book.time_zone))
    records = RecordReplay(replay)
    try:
        for count, (part, record) in enumerate(exports.records(), start=1):
            records.take(part, record)
            if count % _REPORT_EVERY == 0:
                replay.holds.forget_settled()
                progress(replay.seq)
        records.end()
        _compare_reversals(exports, replay)
    except ExportUnusable as error:
        replay.find(Kind.EXPORT_FILES, records.part or "its files", error.detail)
    replay.check_end()
    replay.check_limits()
    if replay.log.root.hex() != exports.root:
        replay.find(
            Kind.LOG_ROOT,
            f"log of {replay.log.size} batches",
            f"the manifest says {exports.root}, history gives {replay.log.root.hex()}",
        )
    scales = {asset.code: asset.scale for asset in book.assets}
    replay.compare_terms(terms_hash(book.id, book.name, book.time_zone, scales, book.created_at))
    return BookReport(
        None,
        book.id,
        book.name,
        replay.seq,
        replay.transfers,
        len(replay.accounts),
        replay.log.root.hex(),
        replay.findings,
        replay.witnesses.count,
        replay.witnesses.accepted,
    )


def _compare_reversals(exports: Exports, replay: Replay) -> None:
    """Every reversal against the leg that it names, which a second look at the files brings."""
    if not replay.reversals.claims:
        return
    for place, detail in replay.reversals.differences(_legs(exports)):
        replay.find(Kind.REVERSAL_BROKEN, place, detail)
    for place, detail in replay.reversals.unfounded():
        replay.find(Kind.REVERSAL_BROKEN, place, detail)


def _legs(exports: Exports) -> Iterator[Mapping[str, Any]]:
    """The legs of every transaction."""
    records = (each for _, each in exports.records() if not isinstance(each, BatchRecord))
    for seq, under_number in groupby(records, lambda record: record.seq):
        together = list(under_number)
        if any(isinstance(each, TransferRecord) for each in together):
            yield from leg_rows(together, f"seq {seq}")
