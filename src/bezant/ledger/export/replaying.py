"""An export's records as the verifier's replay takes them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bezant.ledger.export.errors import ExportUnusable
from bezant.ledger.export.records import (
    AccountEventRecord,
    BatchRecord,
    ContentRecord,
    HoldEventRecord,
    LimitGroupEventRecord,
    PeriodEventRecord,
    Record,
    ReversalRecord,
    TransferRecord,
    row_of,
)
from bezant.ledger.verify.replay import Replay

_NO_HOLD: Final = {"hold_id": None, "group_id": None, "closes": None, "expires_at": None}
_NO_REVERSAL: Final = {"original_id": None, "original_leg": None}


class RecordReplay:
    """Gathers what stands under one number, and replays it when another record comes.

    Attributes:
        replay: what it found is there after each record.
        part: the file that the last record was in.
    """

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.part = ""
        self._pending: list[Record] = []

    def take(self, part: str, record: Record) -> None:
        """Replay the next record.

        Raises:
            ExportUnusable: what stands under a number is nothing that a book records.
        """
        if isinstance(record, BatchRecord):
            self.end()
            self.part = part
            self.replay.batch(row_of(record))
            return
        if self._pending and _seq(self._pending[0]) != record.seq:
            self.end()
        self.part = part
        self._pending.append(record)

    def end(self) -> None:
        """Replay what is gathered.

        Raises:
            ExportUnusable: as `take`.
        """
        if not self._pending:
            return
        place = f"{self.part}: seq {_seq(self._pending[0])}"
        records, self._pending = self._pending, []
        try:
            match records:
                case [AccountEventRecord() as event]:
                    self.replay.account_event(row_of(event))
                case [LimitGroupEventRecord() as event]:
                    self.replay.limit_group_event(row_of(event))
                case [PeriodEventRecord() as event]:
                    self.replay.period_event(row_of(event))
                case _:
                    self.replay.transaction(leg_rows(records, place))
        except (ValueError, ArithmeticError) as error:
            raise ExportUnusable(f"{place}: {error}") from error


def _seq(record: Record) -> int:
    return record.last_seq if isinstance(record, BatchRecord) else record.seq


def leg_rows(records: Sequence[Record], place: str) -> list[Mapping[str, Any]]:
    """A transaction's legs as the verifier reads them: with hold, what it reverses, and content.

    Raises:
        ExportUnusable: they are not those of one transaction.
    """
    legs = [each for each in records if isinstance(each, TransferRecord)]
    holds = {each.leg: each for each in records if isinstance(each, HoldEventRecord)}
    taken = {each.leg: each for each in records if isinstance(each, ReversalRecord)}
    contents = [each for each in records if isinstance(each, ContentRecord)]
    count = len(legs) + len(holds) + len(taken) + len(contents)
    if not legs or count != len(records) or len(contents) > 1:
        raise ExportUnusable(f"{place} is neither one transaction nor one event.")
    if not holds.keys() | taken.keys() <= {leg.leg for leg in legs}:
        raise ExportUnusable(f"{place} has holds or reversals of legs that it has not.")
    if contents and legs[0].content_hash is None:
        raise ExportUnusable(f"{place} has content that nothing commits to.")
    content = row_of(contents[0]) if contents else {"salt": None, "content": None}
    return [
        {
            **_NO_HOLD,
            **(row_of(holds[leg.leg]) if leg.leg in holds else {}),
            **_NO_REVERSAL,
            **(row_of(taken[leg.leg]) if leg.leg in taken else {}),
            **content,
            **row_of(leg),
        }
        for leg in legs
    ]
