"""Entries of a file that stand for several transfers: batches that asked to be booked as one.

The ledger has each transfer by itself, and so has every balance. What is one entry is decided where
a statement is written: transfers of a batch with the same dates and direction stand where the last
of them does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from bezant.ledger.history import Entry
from bezant.ledger.lane import transfer_id
from bezant.ledger.statements.domain import MOVING, Statement, Totals
from bezant.ledger.statements.reading import Reader

BatchesOf = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, UUID]]]
"""The batches of those transfers that are in one, by transfer."""

_Group = tuple[UUID, date, date, str]


def transfer_of(entry: Entry) -> UUID:
    """What a batch knows a transfer by: itself, or the reservation that it settles."""
    return entry.hold_id or transfer_id(entry.transaction_id, entry.leg)


class Collation:
    """Which of a statement's entries are one. Without any it changes nothing."""

    def __init__(self) -> None:
        self._members: dict[_Group, list[Entry]] = {}
        self._group_of: dict[tuple[int, int], _Group] = {}

    def add(self, entries: Sequence[Entry], batches: Mapping[UUID, UUID]) -> None:
        """Take note of the next entries."""
        for entry in entries:
            batch_id = batches.get(transfer_of(entry))
            if batch_id is None:
                continue
            group = (batch_id, entry.booking_date, entry.value_date, entry.direction)
            self._members.setdefault(group, []).append(entry)
            self._group_of[entry.seq, entry.leg] = group

    def totals(self, totals: Totals) -> Totals:
        """The same sums, in so many entries fewer."""
        fewer = {"debit": 0, "credit": 0}
        for group, members in self._members.items():
            fewer[group[-1]] += len(members) - 1
        return replace(
            totals,
            debit_count=totals.debit_count - fewer["debit"],
            credit_count=totals.credit_count - fewer["credit"],
        )

    def collated(self, entry: Entry) -> tuple[Entry, tuple[Entry, ...]] | None:
        """The entry that stands here, and those it stands for; None where a later one does."""
        group = self._group_of.get((entry.seq, entry.leg))
        if group is None:
            return entry, ()
        members = tuple(self._members[group])
        if entry != members[-1]:
            return None
        whole = replace(
            entry,
            transaction_id=group[0],
            hold_id=None,
            counterparty=f"{len(members)} payments",
            amount=sum(each.amount for each in members),
        )
        return whole, members


async def collate(
    reader: Reader, statement: Statement, batches_of: BatchesOf | None, entries_at_once: int
) -> Collation:
    """Go through a statement's entries before they are written, if any can be one."""
    collation, position = Collation(), None
    while batches_of is not None:
        entries = await reader.entries(statement, position, entries_at_once)
        moving = [entry for entry in entries if entry.kind in MOVING]
        collation.add(moving, await batches_of([transfer_of(entry) for entry in moving]))
        if len(entries) < entries_at_once:
            break
        position = entries[-1].position(statement.period.axis)
    return collation
