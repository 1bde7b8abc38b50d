"""Adding what takes back a recorded transaction to one that is in the making."""

from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.kernel.money import parse_minor_units
from bezant.ledger.domain import Kind
from bezant.ledger.errors import TooManyPostings, UnknownTransaction
from bezant.ledger.lane import Draft, JournalEntry
from bezant.ledger.reversals.domain import Original, OriginalLeg
from bezant.ledger.schemas import (
    BATCH_TRANSACTIONS_MAX,
    POSTINGS_MAX,
    NewTransaction,
    Reversal,
)

BATCH_LEGS_MAX: Final = 2 * BATCH_TRANSACTIONS_MAX
"""Legs of one batch, as of the postings that its items name."""


class LegBudget:
    """The legs that a batch may have: how many a reversal of a whole adds shows only here.

    Args:
        draft: what the items are carried out in.
        spent: the legs that the items name.
    """

    def __init__(self, draft: Draft, spent: int) -> None:
        self._draft = draft
        self._spent = spent

    def spend(self, item: NewTransaction) -> None:
        """Count the legs that an item has beyond those that it names.

        Raises:
            TooManyPostings: no such number fits into the batch.
        """
        if item.reverses is None or item.reverses.postings is not None:
            return
        original = self._draft.book.originals.get(item.reverses.transaction)
        legs = 0 if original is None else sum(leg.remaining > 0 for leg in original.legs)
        if self._spent + legs > BATCH_LEGS_MAX:
            raise TooManyPostings(
                f"The batch would have more than {BATCH_LEGS_MAX} legs.",
                field="reverses.transaction",
            )
        self._spent += legs


def find_original(draft: Draft, transaction_id: UUID) -> Original:
    """The transaction that a reversal names.

    Raises:
        UnknownTransaction: the book has none of this id that was durable before the batch.
    """
    original = draft.book.originals.get(transaction_id)
    if original is None:
        raise UnknownTransaction(
            f"The book has no transaction {transaction_id}.", field="reverses.transaction"
        )
    return original


def effective_default(draft: Draft, new: NewTransaction) -> datetime | None:
    """When a reversal counts from that does not say: now, but not before what it takes back.

    None stands for the instant of recording.

    Raises:
        UnknownTransaction: as `find_original`.
    """
    if new.reverses is None:
        return None
    dated = find_original(draft, new.reverses.transaction).effective_at
    return dated if dated > draft.next_instant else None


def add_reversal(entry: JournalEntry, asked: Reversal) -> None:
    """Add the legs that take back what is asked for: the sides swapped, all else as it was.

    Raises:
        UnknownTransaction: as `find_original`.
        UnknownTransfer: a leg is not the transaction's.
        NotReversible: a leg moved no money, or is itself a reversal.
        NothingToReverse: nothing is left of the whole.
        ReversalTooLarge: more of a leg than is left of it.
        ReversalTooEarly: effective before the transaction itself.
        TooManyPostings: the transaction would have more legs than `POSTINGS_MAX`.
        AccountFrozen: or AccountClosed, as for any posting.
    """
    original = find_original(entry.draft, asked.transaction)
    original.check_effective(entry.effective_at)
    if asked.postings is None:
        for leg in original.legs_left("reverses.transaction"):
            _take_back(entry, asked, leg, None, "reverses.transaction")
    else:
        for index, part in enumerate(asked.postings):
            place = f"reverses.postings[{index}]"
            leg = original.leg(part.transfer_id, f"{place}.transfer_id")
            amount = None
            if part.amount is not None:
                amount = parse_minor_units(part.amount, field=f"{place}.amount")
            _take_back(entry, asked, leg, amount, f"{place}.amount")
    if len(entry.leaves) > POSTINGS_MAX:
        raise TooManyPostings(
            f"The reversal has {len(entry.leaves)} legs; at most {POSTINGS_MAX}: reverse in parts.",
            field="reverses.transaction",
        )


def _take_back(
    entry: JournalEntry, asked: Reversal, leg: OriginalLeg, amount: int | None, field: str
) -> None:
    accounts = entry.draft.book.accounts
    debit, credit = accounts[leg.credit], accounts[leg.debit]
    debit.check_open(field)
    credit.check_open(field)
    entry.draft.amend_original(leg)
    entry.add(
        Kind.POSTED,
        debit,
        credit,
        leg.take_back(amount, field),
        leg.code,
        leg,
        booking_date=asked.booking_date,
        value_date=asked.value_date,
    )
