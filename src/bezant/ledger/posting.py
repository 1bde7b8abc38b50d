"""Posting: a transaction's legs against the accounts of a book."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Malformed, Refusal
from bezant.kernel.instants import EARLIEST, LATEST
from bezant.kernel.money import parse_minor_units
from bezant.ledger.chains import carry_out_chains
from bezant.ledger.contents import check_content
from bezant.ledger.domain import Account, Hold, Kind, balancing_amount
from bezant.ledger.errors import (
    PASSING,
    AccountingClosed,
    AssetMismatch,
    ExpiryOutOfRange,
    ImportBeforeAccount,
    ImportExpires,
    ImportInFuture,
    ImportUndated,
    NotPending,
    SameAccount,
    TransactionIdRefused,
    TransactionIdReused,
    UnknownAccount,
    UnknownAsset,
    UnknownHold,
)
from bezant.ledger.kept import check_not_kept
from bezant.ledger.lane import (
    Content,
    Decision,
    Draft,
    JournalEntry,
    Posted,
    Reads,
    Recorded,
    RiderKinds,
    Seen,
    Standing,
    begin,
    close_accounts,
    encode_content,
    reopen_accounts,
    standing_entry,
)
from bezant.ledger.proof import content_hash
from bezant.ledger.reversals.posting import LegBudget, add_reversal, effective_default
from bezant.ledger.schemas import (
    BatchResult,
    BatchResults,
    BatchTransaction,
    Capture,
    HoldState,
    NewBatch,
    NewTransaction,
    Posting,
)

_SALT_BYTES: Final = 16
_STEP_TRANSACTIONS: Final = 200


@RiderKinds.register
class PostTransaction(msgspec.Struct, frozen=True):
    """`POST …/transactions`."""

    new: NewTransaction

    @property
    def weight(self) -> int:
        """Its legs."""
        return self.new.weight

    def reads(self) -> Reads:
        """What it names."""
        return reads_of(self.new)

    def decide(self, seen: Seen) -> Decision:
        """Post it, or find that it stands already."""
        try:
            check_content(self.new.metadata, self.new.reason)
            check_not_kept(seen.draft, self.new)
            posted = post(seen.draft, self.new)
        except Refusal as refusal:
            keep_refusal(seen.draft, self.new, refusal)
            return Decision(Answer.refused(refusal))
        return Decision(Answer.of(posted.view(), status=_status(self.new)))


@RiderKinds.register
class PostBatch(msgspec.Struct, frozen=True):
    """`POST …/transactions/batch`: every item, or chain of linked ones, by itself."""

    new: NewBatch

    @property
    def weight(self) -> int:
        """The legs of all items."""
        return sum(item.weight for item in self.new.transactions)

    def reads(self) -> Reads:
        """What the items name."""
        return reads_of(*self.new.transactions)

    def decide(self, seen: Seen) -> Decision:
        """Post what can be posted, chain by chain."""
        *_, decision = self.steps(seen)
        assert decision is not None
        return decision

    def steps(self, seen: Seen) -> Iterator[Decision | None]:
        """The same, with pauses."""
        draft = seen.draft

        budget = LegBudget(draft, self.weight)

        def carry_out(item: BatchTransaction) -> BatchResult:
            check_content(item.metadata, item.reason)
            check_not_kept(draft, item)
            budget.spend(item)
            stood_before = item.id in draft.recorded
            post(draft, item)
            return BatchResult(status=_status(item), id=item.id, stood_before=stood_before)

        def refused(item: BatchTransaction, refusal: Refusal) -> BatchResult:
            keep_refusal(draft, item, refusal)
            return BatchResult(
                status=refusal.status,
                id=item.id,
                code=refusal.code,
                detail=refusal.detail,
                field=refusal.field,
            )

        results: list[BatchResult] = []
        for portion in _portions(self.new.transactions):
            results.extend(carry_out_chains(draft, portion, carry_out, refused))
            yield None
        yield Decision(Answer.of(BatchResults(results)))


def _portions(items: Sequence[BatchTransaction]) -> Iterator[Sequence[BatchTransaction]]:
    """Items a portion at a time, each chain whole in one."""
    start = 0
    for index, item in enumerate(items, start=1):
        if not item.linked and index - start >= _STEP_TRANSACTIONS:
            yield items[start:index]
            start = index
    yield items[start:]


def reads_of(*items: NewTransaction) -> Reads:
    """The accounts, holds and identifiers that transactions name."""
    return Reads(
        accounts=frozenset(
            account
            for item in items
            for posting in item.postings
            for account in (posting.debit, posting.credit)
        ),
        transactions=frozenset(item.id for item in items if item.id is not None),
        holds=frozenset(
            hold
            for item in items
            if item.captures or item.voids
            for hold in (*(capture.hold for capture in item.captures), *item.voids)
        ),
        originals=frozenset(
            item.reverses.transaction for item in items if item.reverses is not None
        ),
    )


def post(draft: Draft, new: NewTransaction) -> Posted:
    """Post a transaction into a draft, whole or not at all.

    Limits are judged by the transaction's net effect: the order of its legs does not matter. A dry
    run is judged and answered like any other, and leaves the draft as before.

    Raises:
        Refusal: one of the ledger's; the draft is as before.
    """
    if new.id is not None and (recorded := draft.recorded.get(new.id)) is not None:
        field = recorded.difference(new)
        if field is not None:
            raise TransactionIdReused(f"{new.id} was posted with another {field}.", field=field)
        return recorded.posted
    if new.id is not None and (code := draft.book.refused.get(new.id)) is not None:
        raise TransactionIdRefused(
            f"{new.id} was refused before ({code}); ask under a new id.", field="id", reason=code
        )
    before = draft.savepoint()
    try:
        posted, standing = _post(draft, new)
    except Refusal:
        draft.rollback(before)
        draft.is_in_doubt = draft.is_in_doubt or new.id is not None
        raise
    if new.dry_run:
        draft.rollback(before)
        # It never comes to the unique index, which would tell that the id is taken.
        draft.is_in_doubt = draft.is_in_doubt or new.id is not None
    elif new.id is not None:
        draft.name(new.id, Recorded(posted, standing.difference))
    return posted


def keep_refusal(draft: Draft, new: NewTransaction, refusal: Refusal) -> None:
    """Let a client's id stay refused, where the reason might pass before it is asked for again."""
    if new.id is not None and isinstance(refusal, PASSING) and not new.dry_run:
        draft.refuse(new.id, refusal.code)


def _post(draft: Draft, new: NewTransaction) -> tuple[Posted, Standing]:
    """The transaction in the draft, and what to compare a repeat of it with.

    What a draft remembers of a transaction must not lead back to the draft: each batch would be
    garbage in a cycle, and freeing those of some seconds stops a worker for a quarter of one.
    """
    transaction_id = new.id or draft.ids.new()
    effective_at = _utc(new.effective_at) if new.effective_at else effective_default(draft, new)
    if new.imported:
        _check_import(draft, new)
    content = encode_content(new)
    salt = b"" if content is None else os.urandom(_SALT_BYTES)
    entry = begin(
        draft,
        transaction_id,
        effective_at=effective_at,
        commitment=None if content is None else content_hash(salt, content),
    )
    if content is not None:
        draft.contents.append(Content(entry.seq, salt, content))
    holds: list[Hold] = []
    for index, posting in enumerate(new.postings):
        _add_leg(entry, posting, index, holds, is_imported=new.imported)
    for index, capture in enumerate(new.captures):
        _capture(entry, capture, f"captures[{index}]")
    voided = [_void(entry, hold_id, f"voids[{i}]") for i, hold_id in enumerate(new.voids)]
    if new.reverses is not None:
        add_reversal(entry, new.reverses)
    posted = entry.finish()
    for hold in holds:
        close_accounts(draft, hold)
    for hold in voided:
        reopen_accounts(draft, hold)
    return posted, standing_entry(entry, salt, content)


def _add_leg(
    entry: JournalEntry, posting: Posting, index: int, holds: list[Hold], *, is_imported: bool
) -> None:
    place = f"postings[{index}]"
    debit, credit = _sides(entry.draft, posting, place)
    if is_imported:
        _check_opened(entry, debit, f"{place}.debit")
        _check_opened(entry, credit, f"{place}.credit")
    debit.check_open(f"{place}.debit")
    credit.check_open(f"{place}.credit")
    amount = parse_minor_units(posting.amount, field=f"{place}.amount")
    if posting.balancing is not None:
        amount = balancing_amount(debit, credit, amount, posting.balancing)
    kind, hold = Kind.POSTED, None
    if posting.pending:
        kind = Kind.PENDING
        hold = Hold(
            id=entry.next_leg,
            group_id=posting.hold_group or entry.id,
            transaction_id=entry.id,
            seq=entry.seq,
            debit=debit.id,
            credit=credit.id,
            amount=amount,
            captured=0,
            state=HoldState.OPEN,
            code=posting.code,
            closes=posting.closes,
            expires_at=_expiry(entry.recorded_at, posting, place),
        )
        entry.draft.add_hold(hold)
        holds.append(hold)
    try:
        entry.add(
            kind,
            debit,
            credit,
            amount,
            posting.code,
            hold,
            booking_date=posting.booking_date,
            value_date=posting.value_date,
        )
    except AccountingClosed as closed:
        if closed.field == "booking_date":
            closed.field = f"{place}.booking_date"
        raise


def _capture(entry: JournalEntry, capture: Capture, place: str) -> None:
    draft = entry.draft
    hold = _hold(draft, capture.hold, f"{place}.hold")
    hold.check_open(entry.recorded_at, f"{place}.hold")
    for account_id in (hold.debit, hold.credit):
        draft.book.accounts[account_id].check_open(f"{place}.hold")
    asked, field = capture.amount, f"{place}.amount"
    amount = None if asked is None else parse_minor_units(asked, field=field)
    draft.settle(hold)
    entry.settle(Kind.CAPTURED, hold, hold.capture(amount, entry.recorded_at, field))
    if capture.release and hold.state is HoldState.OPEN:
        entry.settle(Kind.VOIDED, hold, hold.void())


def _void(entry: JournalEntry, hold_id: UUID, place: str) -> Hold:
    hold = _hold(entry.draft, hold_id, place)
    hold.check_open(entry.recorded_at, place)
    entry.draft.settle(hold)
    entry.settle(Kind.VOIDED, hold, hold.void())
    return hold


def _hold(draft: Draft, hold_id: UUID, field: str) -> Hold:
    hold = draft.book.holds.get(hold_id)
    if hold is None:
        raise UnknownHold(f"The book has no hold {hold_id}.", field=field)
    return hold


def _status(new: NewTransaction) -> int:
    return 200 if new.dry_run else 201


def _sides(draft: Draft, posting: Posting, place: str) -> tuple[Account, Account]:
    """The accounts of a leg, which fit each other and what the leg asks for."""
    if posting.debit == posting.credit:
        raise SameAccount(f"Account {posting.debit} is on both sides.", field=f"{place}.credit")
    if not posting.pending and (
        posting.expires_in_s is not None
        or posting.hold_group is not None
        or posting.closes is not None
    ):
        names = ("expires_in_s", "hold_group", "closes")
        name = next(name for name in names if getattr(posting, name) is not None)
        raise NotPending(f"{name} is for pending postings.", field=f"{place}.{name}")
    debit = _side(draft, posting.debit, f"{place}.debit")
    credit = _side(draft, posting.credit, f"{place}.credit")
    if debit.asset != credit.asset:
        raise AssetMismatch(
            f"{debit.id} holds {debit.asset}, {credit.id} holds {credit.asset}.",
            field=f"{place}.credit",
        )
    if posting.asset not in draft.book.assets:
        raise UnknownAsset(f"The book has no asset {posting.asset}.", field=f"{place}.asset")
    if debit.asset != posting.asset:
        raise AssetMismatch(
            f"The accounts hold {debit.asset}, not {posting.asset}.", field=f"{place}.asset"
        )
    return debit, credit


def _side(draft: Draft, account_id: str, field: str) -> Account:
    account = draft.book.accounts.get(account_id)
    if account is None:
        raise UnknownAccount(f"The book has no account {account_id!r}.", field=field)
    return account


def _expiry(recorded_at: datetime, posting: Posting, place: str) -> datetime | None:
    if posting.expires_in_s is None:
        return None
    lasts = timedelta(seconds=posting.expires_in_s)
    if lasts > LATEST - recorded_at:
        raise ExpiryOutOfRange(
            f"{posting.expires_in_s} s from now is after the calendar's end.",
            field=f"{place}.expires_in_s",
        )
    return recorded_at + lasts


def _check_import(draft: Draft, new: NewTransaction) -> None:
    if new.effective_at is None:
        raise ImportUndated("Imported history says when it was effective.", field="effective_at")
    if new.effective_at > draft.at:
        raise ImportInFuture(f"{new.effective_at} has not come yet.", field="effective_at")
    for index, posting in enumerate(new.postings):
        if posting.expires_in_s is not None:
            raise ImportExpires(
                "A hold that is imported is captured or voided, and does not expire.",
                field=f"postings[{index}].expires_in_s",
            )


def _check_opened(entry: JournalEntry, account: Account, field: str) -> None:
    if entry.effective_at < account.opened_at:
        raise ImportBeforeAccount(
            f"Account {account.id} was opened at {account.opened_at}.",
            field=field,
            account=account.id,
        )


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise Malformed("An instant carries its offset, such as Z.", field="effective_at")
    if not EARLIEST <= instant <= LATEST:
        raise Malformed("An instant lies in the years 1970 to 9998.", field="effective_at")
    return instant.astimezone(UTC)
