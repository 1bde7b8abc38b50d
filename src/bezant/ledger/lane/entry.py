"""A transaction in the making: its legs, applied to their accounts one after the other."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from bezant.ledger.domain import Account, Hold, Kind, check_totals
from bezant.ledger.lane.draft import Draft, Posted, transfer_id
from bezant.ledger.lane.rows import HoldEvent, Transfer
from bezant.ledger.proof import (
    HoldLeaf,
    HoldPostingLeaf,
    LegLeaf,
    PostingLeaf,
    ReversalPostingLeaf,
    ReversedLeaf,
    TransactionLeaf,
)
from bezant.ledger.reversals import OriginalLeg, ReversalEvent


@dataclass(slots=True)
class JournalEntry:
    """One transaction of a draft; whoever starts it takes it back if it cannot be finished.

    Attributes:
        effective_at: when it counts from.
        commitment: to its erasable content; None when it has none.
        day: its legs' booking date, where none is given.
        value_day: as `day`, for the value date.
    """

    draft: Draft
    id: UUID
    seq: int
    recorded_at: datetime
    effective_at: datetime
    commitment: bytes | None
    day: date
    value_day: date
    touched: dict[int, Account] = field(default_factory=dict)
    leaves: list[LegLeaf] = field(default_factory=list)
    holds: dict[int, UUID] = field(default_factory=dict)
    reverses: dict[int, UUID] = field(default_factory=dict)

    @property
    def next_leg(self) -> UUID:
        """The identifier of the leg that comes next."""
        return transfer_id(self.id, len(self.leaves))

    def add(
        self,
        kind: Kind,
        debit: Account,
        credit: Account,
        amount: int,
        code: str,
        of: Hold | OriginalLeg | None = None,
        *,
        booking_date: date | None = None,
        value_date: date | None = None,
    ) -> None:
        """Apply a leg to its accounts and write it down.

        `of` is the hold that it reserves or settles, or the leg that it takes back.

        Raises:
            AccountingClosed: its dates lie in a closed period.
            BalanceOverflow: a sum would be too large.
        """
        draft, leg, at = self.draft, len(self.leaves), self.recorded_at
        booked, valued = booking_date or self.day, value_date or self.value_day
        # What the lane gives back because it is over was promised, and moves nothing posted.
        if kind is not Kind.EXPIRED:
            draft.book.periods.check_dated(self.value_day, booked)
        if kind is Kind.POSTED or kind is Kind.PENDING:
            check_totals(debit, credit, kind, amount)
        draft.touch(debit)
        draft.touch(credit)
        debit.debit(kind, amount, at)
        credit.credit(kind, amount, at)
        if (group := draft.group_of(debit)) is not None:
            group.debit(kind, amount, at)
        if (group := draft.group_of(credit)) is not None:
            group.credit(kind, amount, at)
        self.touched[debit.no] = debit
        self.touched[credit.no] = credit
        draft.transfers.append(
            Transfer(
                self.seq,
                leg,
                self.id,
                kind,
                debit.no,
                credit.no,
                amount,
                code,
                booked,
                valued,
                self.effective_at,
                at,
                self.commitment,
            )
        )
        plain = PostingLeaf(
            str(amount), debit.asset, booked, code, credit.id, debit.id, kind, valued
        )
        self.leaves.append(plain if of is None else self._beside(leg, of, plain))

    def _beside(self, leg: int, of: Hold | OriginalLeg, plain: PostingLeaf) -> LegLeaf:
        """Write down what a leg is part of or takes back; the leaf that says so."""
        draft, sides = self.draft, (plain.credit, plain.debit)
        terms = plain.amount, plain.asset, plain.booking_date, plain.code, *sides
        if isinstance(of, OriginalLeg):
            draft.reversals.append(ReversalEvent(self.seq, leg, of.transaction_id, of.no))
            self.reverses[leg] = of.id
            taken = ReversedLeaf(of.no, of.transaction_id)
            return ReversalPostingLeaf(*terms, plain.kind, taken, plain.value_date)
        event = HoldEvent(self.seq, leg, of.id, of.group_id, of.closes, of.expires_at)
        draft.hold_events.append(event)
        self.holds[leg] = of.id
        hold = HoldLeaf(event.closes, event.expires_at, event.group_id, event.hold_id)
        return HoldPostingLeaf(*terms, hold, plain.kind, plain.value_date)

    def settle(self, kind: Kind, hold: Hold, amount: int) -> None:
        """Apply a leg that takes from a hold.

        Raises:
            AccountingClosed: a capture or a void that is dated into a closed period.
        """
        accounts = self.draft.book.accounts
        self.add(kind, accounts[hold.debit], accounts[hold.credit], amount, hold.code, hold)

    def finish(self) -> Posted:
        """Judge the limits by the net effect of all legs, and give the transaction its leaf.

        Raises:
            OverdraftExceeded: an account or limit group would have too little.
            MaximumExceeded: it would hold too much.
        """
        groups = set()
        for account in self.touched.values():
            account.check_limits()
            if account.limit_group is not None:
                groups.add(account.limit_group)
        for group in sorted(groups):
            self.draft.book.limit_groups[group].check_limits()
        return self.close()

    def close(self) -> Posted:
        """Give the transaction its leaf, unjudged: for what can only free money."""
        leaf = TransactionLeaf(
            self.draft.book.book_id,
            self.commitment.hex() if self.commitment else None,
            self.effective_at,
            self.id,
            "transaction",
            self.leaves,
            self.recorded_at,
            str(self.seq),
        )
        self.draft.leaves.append(leaf.encode())
        amounts = [leaf.amount for leaf in self.leaves]
        return Posted(self.id, self.seq, self.recorded_at, amounts, self.holds, self.reverses)


def begin(
    draft: Draft,
    transaction_id: UUID,
    *,
    effective_at: datetime | None = None,
    commitment: bytes | None = None,
) -> JournalEntry:
    """Start a transaction: the next number of the book's feed is its own."""
    seq, recorded_at = draft.advance()
    effective = recorded_at if effective_at is None else effective_at
    book = draft.book
    return JournalEntry(
        draft,
        transaction_id,
        seq,
        recorded_at,
        effective,
        commitment,
        book.local_date(recorded_at),
        book.local_date(effective),
    )
