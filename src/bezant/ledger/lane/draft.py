"""A batch in the making: what its items post, open and change, and how to undo it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from bezant.kernel.ids import Ids, derived_id
from bezant.ledger.domain import Account, Bounds, Hold, LimitGroup, Totals
from bezant.ledger.lane.book import BookState, Head
from bezant.ledger.lane.rows import (
    AccountEvent,
    Content,
    HoldEvent,
    LimitGroupEvent,
    PeriodEvent,
    Refused,
    Transfer,
)
from bezant.ledger.months import Periods
from bezant.ledger.proof import leaf_hash, merkle_root
from bezant.ledger.reversals import OriginalLeg, ReversalEvent, UndoReversal
from bezant.ledger.schemas import (
    AccountStatus,
    HoldState,
    NewTransaction,
    PostedLeg,
    PostedTransaction,
)

_MICROSECOND: Final = timedelta(microseconds=1)


class Posted(NamedTuple):
    """A transaction that was given its place in the book.

    Attributes:
        amounts: of its legs in minor units, as texts.
        holds: the holds that legs are part of, by the number of the leg.
        reverses: the transfers that legs take back, by the number of the leg.
    """

    id: UUID
    seq: int
    recorded_at: datetime
    amounts: list[str]
    holds: dict[int, UUID]
    reverses: dict[int, UUID]

    def view(self) -> PostedTransaction:
        """The wire form, with the identifiers of the legs."""
        legs = [
            PostedLeg(
                transfer_id(self.id, leg), amount, self.holds.get(leg), self.reverses.get(leg)
            )
            for leg, amount in enumerate(self.amounts)
        ]
        return PostedTransaction(self.id, self.seq, self.recorded_at, legs)


def transfer_id(transaction_id: UUID, leg: int) -> UUID:
    """A leg's identifier, derived from its place, so that none is stored."""
    return derived_id(transaction_id.bytes + leg.to_bytes(2, "big"))


class Recorded(NamedTuple):
    """A transaction that stands already.

    Attributes:
        posted: its place.
        difference: what a request under the same id asks for otherwise, as the path of the first
            such field; None when it asks for the same.
    """

    posted: Posted
    difference: Callable[[NewTransaction], str | None]


class Savepoint(NamedTuple):
    """A point in a draft that can be returned to."""

    seq: int
    accounts: int
    transfers: int
    contents: int
    events: int
    group_events: int
    hold_events: int
    period_events: int
    reversals: int
    refused: int
    leaves: int
    journal: int
    others: int
    named: int
    amended: int


RowKey = tuple[str, Any]
"""Where a row of another domain is found: the name of its kind, and its key."""

Terms = tuple[AccountStatus, Bounds, str | None]


class Undo(NamedTuple):
    """How to put one account back: its totals, or its terms, or (both None) out of the book."""

    account: Account
    totals: Totals | None = None
    terms: Terms | None = None


class UndoHold(NamedTuple):
    """How to put one hold back; None takes it out of the book."""

    hold: Hold
    before: tuple[int, HoldState] | None


class UndoGroup(NamedTuple):
    """How to put one limit group back; None takes it out of the book."""

    group: LimitGroup
    before: tuple[Totals, Bounds] | None


class UndoPeriods(NamedTuple):
    """How to put the book's periods back."""

    before: Periods


UndoOther = UndoHold | UndoGroup | UndoPeriods | UndoReversal


@dataclass(slots=True)
class Draft:
    """One batch, applied to the book in memory before it is written.

    Attributes:
        book: its accounts are changed in place; `rollback` puts them back.
        at: the batch's instant, read once. The n-th number of the batch is recorded n microseconds
            after it, so that `recorded_at` strictly increases within a book.
        head: what it continues. The book's own moves on while this one is still being written.
        journal: how to undo what was done to accounts, in order; `others` the same for holds,
            limit groups, periods and legs that were taken back.
        recorded: transactions that stand already, by the ids that items gave; those of this batch
            join them.
        rows: rows of other domains as items of this batch will have made them.
        is_in_doubt: whether a transaction under a client's id was refused. It may have been posted
            before, if `recorded` was not filled; then it has to be answered as it was.
    """

    book: BookState
    at: datetime
    ids: Ids
    recorded: dict[UUID, Recorded] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    events: list[AccountEvent] = field(default_factory=list)
    group_events: list[LimitGroupEvent] = field(default_factory=list)
    hold_events: list[HoldEvent] = field(default_factory=list)
    period_events: list[PeriodEvent] = field(default_factory=list)
    reversals: list[ReversalEvent] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    seq: int = 0
    accounts: int = 0
    journal: list[Undo] = field(default_factory=list)
    others: list[UndoOther] = field(default_factory=list)
    named: list[UUID] = field(default_factory=list)
    rows: dict[RowKey, Mapping[str, Any]] = field(default_factory=dict)
    amended: list[tuple[RowKey, Mapping[str, Any] | None]] = field(default_factory=list)
    is_in_doubt: bool = False
    head: Head = field(init=False)

    def __post_init__(self) -> None:
        self.head = self.book.head
        self.at = max(self.at, self.head.recorded_at)
        self.seq = self.head.seq
        self.accounts = self.head.accounts

    def advance(self) -> tuple[int, datetime]:
        """The next number in the book's feed, and its instant."""
        self.seq += 1
        return self.seq, self.instant

    @property
    def next_instant(self) -> datetime:
        """When the next number will have been recorded."""
        return self.at + (self.seq + 1 - self.book.head.seq) * _MICROSECOND

    @property
    def instant(self) -> datetime:
        """When the last number of this draft was recorded; the head's instant before the first."""
        given = self.seq - self.head.seq
        return self.at + given * _MICROSECOND if given else self.head.recorded_at

    def name(self, transaction_id: UUID, recorded: Recorded) -> None:
        """Remember a transaction under the id that its client gave."""
        self.recorded[transaction_id] = recorded
        self.named.append(transaction_id)

    def refuse(self, transaction_id: UUID, code: str) -> None:
        """Remember a client's id whose transaction was refused for a reason that may pass."""
        self.refused.append(Refused(transaction_id, code, self.at))
        self.book.refused[transaction_id] = code

    def amend_row(self, key: RowKey, row: Mapping[str, Any]) -> None:
        """Let the items after this one find a row of another domain as it will be."""
        self.amended.append((key, self.rows.get(key)))
        self.rows[key] = row

    def touch(self, account: Account) -> None:
        """Remember an account's totals before they change."""
        self.journal.append(Undo(account, totals=account.totals()))

    def add(self, account: Account) -> None:
        """Take a new account into the book."""
        self.accounts = account.no
        self.book.accounts[account.id] = account
        self.book.absent.discard(account.id)
        self.journal.append(Undo(account))

    def amend(self, account: Account) -> None:
        """Remember an account's terms before they change."""
        terms = account.status, account.bounds, account.limit_group
        self.journal.append(Undo(account, terms=terms))

    def group_of(self, account: Account) -> LimitGroup | None:
        """The limit group that an account counts towards, remembered before its totals change."""
        if account.limit_group is None:
            return None
        group = self.book.limit_groups[account.limit_group]
        self.amend_group(group)
        return group

    def amend_group(self, group: LimitGroup) -> None:
        """Remember a limit group's totals and terms before they change."""
        self.others.append(UndoGroup(group, (group.totals(), group.bounds)))

    def add_group(self, group: LimitGroup) -> None:
        """Take a new limit group into the book."""
        self.book.limit_groups[group.id] = group
        self.others.append(UndoGroup(group, None))

    def add_hold(self, hold: Hold) -> None:
        """Take a new hold into the book."""
        self.book.add_hold(hold)
        self.others.append(UndoHold(hold, None))

    def settle(self, hold: Hold) -> None:
        """Remember a hold before it changes."""
        self.others.append(UndoHold(hold, (hold.captured, hold.state)))

    def change_periods(self, periods: Periods) -> None:
        """Have the book's periods be others from now on."""
        self.others.append(UndoPeriods(self.book.periods))
        self.book.periods = periods

    def amend_original(self, leg: OriginalLeg) -> None:
        """Remember what was taken back of a leg before that changes."""
        self.others.append(UndoReversal(leg, leg.taken_back))

    def savepoint(self) -> Savepoint:
        """Where the draft stands."""
        return Savepoint(
            self.seq,
            self.accounts,
            len(self.transfers),
            len(self.contents),
            len(self.events),
            len(self.group_events),
            len(self.hold_events),
            len(self.period_events),
            len(self.reversals),
            len(self.refused),
            len(self.leaves),
            len(self.journal),
            len(self.others),
            len(self.named),
            len(self.amended),
        )

    def rollback(self, to: Savepoint) -> None:
        """Undo all that came after the savepoint."""
        while len(self.journal) > to.journal:
            undo = self.journal.pop()
            if undo.totals is not None:
                undo.account.restore(undo.totals)
            elif undo.terms is not None:
                undo.account.status, undo.account.bounds, undo.account.limit_group = undo.terms
            else:
                del self.book.accounts[undo.account.id]
        while len(self.others) > to.others:
            self._undo(self.others.pop())
        while len(self.refused) > to.refused:
            del self.book.refused[self.refused.pop().transaction_id]
        while len(self.named) > to.named:
            del self.recorded[self.named.pop()]
        while len(self.amended) > to.amended:
            key, row = self.amended.pop()
            if row is None:
                del self.rows[key]
            else:
                self.rows[key] = row
        self.seq, self.accounts = to.seq, to.accounts
        del self.transfers[to.transfers :]
        del self.contents[to.contents :]
        del self.events[to.events :]
        del self.group_events[to.group_events :]
        del self.hold_events[to.hold_events :]
        del self.period_events[to.period_events :]
        del self.reversals[to.reversals :]
        del self.leaves[to.leaves :]

    def _undo(self, undo: UndoOther) -> None:
        if isinstance(undo, UndoPeriods):
            self.book.periods = undo.before
        elif isinstance(undo, UndoReversal):
            undo.leg.taken_back = undo.before
        elif isinstance(undo, UndoHold):
            if undo.before is None:
                self.book.drop_hold(undo.hold)
            else:
                undo.hold.captured, undo.hold.state = undo.before
        elif undo.before is None:
            del self.book.limit_groups[undo.group.id]
        else:
            totals, undo.group.bounds = undo.before
            undo.group.restore(totals)

    def discard(self) -> None:
        """Undo everything."""
        self.rollback(
            Savepoint(self.head.seq, self.head.accounts, *[0] * (len(Savepoint._fields) - 2))
        )

    @property
    def root(self) -> bytes | None:
        """The Merkle root over the batch's leaves; None when it adds nothing to history."""
        return merkle_root([leaf_hash(leaf) for leaf in self.leaves]) if self.leaves else None

    def next_head(self, root: bytes | None) -> Head:
        """The book's head once the batch is durable."""
        head = self.head
        return Head(
            epoch=head.epoch,
            version=head.version + 1,
            seq=self.seq,
            accounts=self.accounts,
            log=head.log if root is None else head.log.append(leaf_hash(root)),
            recorded_at=self.instant,
        )
