"""Riders: what travels in one commit.

A rider declares what it reads, decides purely from that, and hands over the rows it wants written.
The lane runs the riders of a batch in order and writes all of it in one commit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger.history import BookSums
from bezant.ledger.lane.draft import Draft, RowKey
from bezant.ledger.months import Month


@dataclass(frozen=True, slots=True)
class ReadKind:
    """Rows of another domain that riders read within the commit, a set of keys at a time.

    Attributes:
        name: how a decision finds them.
        statement: takes the tenant as `$1` and an array of keys as `$2`; answers a column `key`
            among others.
        takes_instant: whether it takes the batch's instant as `$3` too: what holds for a time is
            judged by the clock of the lane, never by the database's.
    """

    name: str
    statement: str
    takes_instant: bool = False


@dataclass(frozen=True, slots=True)
class Reads:
    """What a rider looks at.

    Attributes:
        accounts: ids of accounts of the book.
        transactions: ids that clients gave, to find out whether they were posted before.
        holds: identifiers of holds, which come with their accounts.
        hold_groups_of: identifiers of holds whose whole groups are looked at.
        limit_groups: ids of limit groups; those of accounts need not be named.
        originals: identifiers of transactions to take back, which come with their accounts.
        rows: (kind, key) of rows of other domains, read within the commit under SERIALIZABLE.
        results_of: a month at whose end the income and the expenses of the book are looked at, with
            all of these accounts and those of equity. Their sums take a while: the lane rests. Not
            for work over several books.
    """

    accounts: frozenset[str] = frozenset()
    transactions: frozenset[UUID] = frozenset()
    holds: frozenset[UUID] = frozenset()
    hold_groups_of: frozenset[UUID] = frozenset()
    limit_groups: frozenset[str] = frozenset()
    rows: tuple[tuple[ReadKind, Any], ...] = ()
    originals: frozenset[UUID] = frozenset()
    results_of: Month | None = None

    @property
    def need_rest(self) -> bool:
        """Whether they can be read only while no batch is in flight."""
        return bool(self.rows) or self.results_of is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rider decides from: the book after the items before it, and rows it declared.

    Attributes:
        draft: the batch so far; accounts are posted to through it.
        rows: rows found, by the name of their kind and their key, as before the batch.
        results: the sums of all accounts at the end of a month, as before the batch.
    """

    draft: Draft
    rows: Mapping[RowKey, Mapping[str, Any]] = field(default_factory=dict)
    results: Mapping[Month, BookSums] = field(default_factory=dict)

    def row(self, kind: ReadKind, key: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - of any type
        """A row of another domain, after the items before; None where there is none."""
        found = self.draft.rows.get((kind.name, key))
        return self.rows.get((kind.name, key)) if found is None else found

    def amend(self, kind: ReadKind, key: Any, row: Mapping[str, Any]) -> None:  # noqa: ANN401 - of any type
        """Let the items after this one see a row as this one's decision will write it.

        Without it they would decide on what the database held before the batch: of two payments
        that fit a limit alone, both would pass. Undone where this item is refused. The decision
        writes the row too, under a `RowKind` with a key.
        """
        self.draft.amend_row((kind.name, key), row)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: the answer, and rows of the rider's own domain for the same commit."""

    answer: Answer
    rows: tuple[Row, ...] = ()


class Rider(Protocol):
    """A request that a lane carries out: a frozen `msgspec.Struct`, so that it can be sent."""

    @property
    def weight(self) -> int:
        """How many postings it may make, for the batch's limit."""
        ...

    def reads(self) -> Reads:
        """What must be known before deciding."""
        ...

    def decide(self, seen: Seen) -> Decision:
        """Decide, without any I/O. May run several times.

        Raises:
            Refusal: declines this item alone; what it had posted is undone.
        """
        ...


@runtime_checkable
class SteppedRider(Rider, Protocol):
    """A rider whose decision takes long, and is taken in steps of a few milliseconds each."""

    def steps(self, seen: Seen) -> Iterator[Decision | None]:
        """Decide; None while there is more to do, the decision last.

        Raises:
            Refusal: as `decide`.
        """
        ...


class RiderKinds:
    """The riders that may be sent to another process, by the name of their class."""

    _kinds: ClassVar[dict[str, type[Any]]] = {}

    @classmethod
    def register(cls, kind: type[Any]) -> type[Any]:
        """Let riders of this class be sent; a decorator."""
        assert cls._kinds.get(kind.__name__, kind) is kind, f"two riders are named {kind.__name__}"
        cls._kinds[kind.__name__] = kind
        return kind

    @classmethod
    def decode(cls, name: str, encoded: msgspec.Raw) -> Rider:
        """Read a rider that was sent."""
        rider: Rider = msgspec.msgpack.decode(encoded, type=cls._kinds[name])
        return rider
