"""How an account's legs are laid out in blocks and chunks: pure, and what the verifier goes by.

Blocks of level 0 hold a fixed number of legs, rounded up to whole transactions, in the order of
recording. Each block of the next level holds as many of the one below as `fan_out` says. Within a
block the legs lie in the order of an axis, cut into chunks; a chunk knows the sums over the legs of
its block that come before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from bezant.ledger.domain import Kind
from bezant.ledger.history.moments import Axis, Position, instant_of
from bezant.ledger.history.sums import Sums, effect_of


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes. They decide how fast reads are, never what they answer.

    Attributes:
        block_legs: the least that a block of level 0 holds.
        fan_out: blocks of one level in a block of the next.
        levels: how many.
        chunk_legs: the most that a chunk holds.
    """

    block_legs: int = 2_048
    fan_out: int = 64
    levels: int = 2
    chunk_legs: int = 48

    def closed_by(self, number: int) -> list[tuple[int, int]]:
        """The blocks that end with a block of level 0: level, and length in such blocks."""
        return [
            (level, self.fan_out**level)
            for level in range(self.levels)
            if (number + 1) % self.fan_out**level == 0
        ]


SHAPE: Final = Shape()


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of an account, as far as sums depend on it."""

    seq: int
    leg: int
    is_debit: bool
    kind: Kind
    amount: int
    effective_at: datetime
    booking_date: date
    value_date: date

    def position(self, axis: Axis) -> Position:
        """Its place in the order of an axis."""
        at = {
            Axis.EFFECTIVE: self.effective_at,
            Axis.BOOKING: self.booking_date,
            Axis.VALUE: self.value_date,
        }[axis]
        return (instant_of(at), self.seq, self.leg)

    @property
    def posted(self) -> int:
        """What it moves."""
        return effect_of(self.kind)[0] * self.amount

    @property
    def pending(self) -> int:
        """What it reserves; less than 0 for what it gives back or takes from what was reserved."""
        return effect_of(self.kind)[1] * self.amount


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some of a block's legs, next to each other in the order of an axis; a column each member.

    Attributes:
        before: over the legs of the block that come before these.
    """

    before: Sums
    ats: list[datetime]
    seqs: list[int]
    legs: list[int]
    are_debits: list[bool]
    posted: list[int]
    pending: list[int]

    @property
    def first(self) -> Position:
        """The place of its first leg."""
        return (self.ats[0], self.seqs[0], self.legs[0])

    def sums_until(self, until: datetime) -> Sums:
        """Over the block's legs up to an instant that is not before the chunk's first."""
        sums = replace(self.before)
        columns = zip(self.ats, self.are_debits, self.posted, self.pending, strict=True)
        for at, is_debit, posted, pending in columns:
            if at <= until:
                sums.add(is_debit, posted, pending)
        return sums


def chunks_of(legs: Iterable[Leg], axis: Axis, chunk_legs: int) -> list[Chunk]:
    """The chunks of a block with these legs."""
    ordered = sorted((leg.position(axis), leg) for leg in legs)
    chunks: list[Chunk] = []
    for start in range(0, len(ordered), chunk_legs):
        part = ordered[start : start + chunk_legs]
        last = chunks[-1] if chunks else None
        chunks.append(
            Chunk(
                Sums() if last is None else last.sums_until(last.ats[-1]),
                [at for (at, _, _), _ in part],
                [leg.seq for _, leg in part],
                [leg.leg for _, leg in part],
                [leg.is_debit for _, leg in part],
                [leg.posted for _, leg in part],
                [leg.pending for _, leg in part],
            )
        )
    return chunks
