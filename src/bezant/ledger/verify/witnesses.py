"""Checkpoints that are kept outside, as witnesses of what a book's log was."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Protocol
from uuid import UUID

from bezant.ledger.proof import Checkpoint, Frontier
from bezant.ledger.verify.findings import BookReport, Finding, Kind

Find = Callable[[Kind, str, str], None]

_SHOWN: Final = 16


class Outside(Protocol):
    """Where checkpoints are kept that the database cannot change."""

    def books(self) -> Collection[UUID]:
        """Those that there are checkpoints of."""
        ...

    def of(self, book_id: UUID) -> Sequence[Checkpoint]:
        """A book's, their signatures verified."""
        ...


class Witnesses:
    """What a book's checkpoints say, against its log as it is recomputed.

    A rewrite of history that is consistent in itself differs from what was signed before it. The
    first checkpoint that is not in the log bounds where: what differs comes after the one before.

    Args:
        checkpoints: of one book, in any order, their signatures verified.
    """

    def __init__(self, checkpoints: Iterable[Checkpoint] = ()) -> None:
        signed = sorted(checkpoints, key=lambda each: each.number)
        self._accepting = [each for each in signed if each.replaced is not None]
        self._standing = sorted(
            (each for each in signed if not self._is_void(each)), key=lambda each: each.size
        )
        self._next = 0
        self._last_good: Checkpoint | None = None
        self._has_failed = False

    @property
    def count(self) -> int:
        """How many there are that no operator declared void."""
        return len(self._standing)

    @property
    def last(self) -> Checkpoint | None:
        """The newest of them."""
        return max(self._standing, key=lambda each: each.number, default=None)

    @property
    def accepted(self) -> list[str]:
        """What operators declared void, in sentences."""
        return [
            f"Checkpoints {each.replaced.first} to {each.replaced.last} were declared void at"
            f" {each.signed_at.isoformat()}: {each.replaced.reason}"
            for each in self._accepting
            if each.replaced is not None
        ]

    def look(self, log: Frontier, seq: int, find: Find) -> None:
        """Hold the log against the checkpoints of its size; `seq` is the last number in it."""
        while self._next < len(self._standing) and self._standing[self._next].size <= log.size:
            checkpoint = self._standing[self._next]
            self._next += 1
            if (checkpoint.size, checkpoint.root, checkpoint.seq) == (log.size, log.root, seq):
                self._last_good = checkpoint
            else:
                self._tell(
                    checkpoint,
                    f"it signs the root {_shown(checkpoint.root)} up to seq {checkpoint.seq};"
                    f" history gives {_shown(log.root)} up to seq {seq}",
                    find,
                )

    def look_back(self, log: Frontier, seq: int, find: Find) -> None:
        """The log has ended: every checkpoint is of a size that it has had."""
        for checkpoint in self._standing[self._next :]:
            self._tell(
                checkpoint,
                f"it signs {checkpoint.size} batches up to seq {checkpoint.seq}; the log ends"
                f" with {log.size}, at seq {seq}",
                find,
            )
        self._next = len(self._standing)

    def _tell(self, checkpoint: Checkpoint, differs: str, find: Find) -> None:
        """Tell of the first that fails: those after it fail with it."""
        if self._has_failed:
            return
        self._has_failed = True
        good = self._last_good
        first = 1 if good is None else good.seq + 1
        before = "no checkpoint before it" if good is None else f"checkpoint {good.number} holds"
        find(
            Kind.CHECKPOINT,
            f"seq {first} to {checkpoint.seq}",
            f"checkpoint {checkpoint.number} is not in this history: {differs}; {before}",
        )

    def _is_void(self, checkpoint: Checkpoint) -> bool:
        return any(
            each.replaced is not None
            and each.replaced.first <= checkpoint.number <= each.replaced.last < each.number
            for each in self._accepting
        )


def missing(book_id: UUID, checkpoints: Sequence[Checkpoint]) -> BookReport:
    """A book that somebody signed for, and that is not there."""
    last = max(checkpoints, key=lambda each: each.number)
    finding = Finding(
        Kind.BOOK_MISSING,
        f"book {book_id}",
        f"checkpoint {last.number} signs its log up to seq {last.seq}; there is no such book",
    )
    return BookReport(None, book_id, "", 0, 0, 0, "", [finding], len(checkpoints))


def _shown(root: bytes) -> str:
    return root.hex()[:_SHOWN]
