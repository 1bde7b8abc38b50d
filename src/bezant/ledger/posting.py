"""Posting: a transaction's legs against the accounts of a book."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Malformed, Refusal
from bezant.kernel.instants import EARLIEST, LATEST
from bezant.kernel.money import parse_minor_units
from bezant.ledger.domain import Account
from bezant.ledger.errors import (
    AssetMismatch,
    SameAccount,
    TransactionIdReused,
    UnknownAccount,
    UnknownAsset,
)
from bezant.ledger.lane import (
    Content,
    Decision,
    Draft,
    Posted,
    Reads,
    Recorded,
    RiderKinds,
    Seen,
    Transfer,
    encode_content,
)
from bezant.ledger.proof import PostingLeaf, TransactionLeaf, content_hash
from bezant.ledger.schemas import (
    BatchResult,
    BatchResults,
    NewBatch,
    NewTransaction,
    Posting,
)

POSTED: Final = "posted"
_SALT_BYTES: Final = 16
_STEP_TRANSACTIONS: Final = 200


@RiderKinds.register
class PostTransaction(msgspec.Struct, frozen=True):
    """`POST …/transactions`."""

    new: NewTransaction

    @property
    def weight(self) -> int:
        """Its postings."""
        return len(self.new.postings)

    def reads(self) -> Reads:
        """The accounts of its legs, and its id."""
        return Reads(frozenset(_accounts(self.new)), _ids(self.new))

    def decide(self, seen: Seen) -> Decision:
        """Post it, or find that it stands already."""
        posted = post(seen.draft, self.new)
        return Decision(Answer.of(posted.view(), status=_status(self.new)))


@RiderKinds.register
class PostBatch(msgspec.Struct, frozen=True):
    """`POST …/transactions/batch`: every item stands or falls by itself."""

    new: NewBatch

    @property
    def weight(self) -> int:
        """The postings of all items."""
        return sum(len(item.postings) for item in self.new.transactions)

    def reads(self) -> Reads:
        """The accounts and ids of all items."""
        items = self.new.transactions
        return Reads(
            frozenset(account for item in items for account in _accounts(item)),
            frozenset(item.id for item in items),
        )

    def decide(self, seen: Seen) -> Decision:
        """Post what can be posted, item by item."""
        *_, decision = self.steps(seen)
        assert decision is not None
        return decision

    def steps(self, seen: Seen) -> Iterator[Decision | None]:
        """The same, with pauses."""
        results: list[BatchResult] = []
        for item in self.new.transactions:
            results.append(self._result(seen, item))
            if not len(results) % _STEP_TRANSACTIONS:
                yield None
        yield Decision(Answer.of(BatchResults(results)))

    @staticmethod
    def _result(seen: Seen, item: NewTransaction) -> BatchResult:
        try:
            post(seen.draft, item)
        except Refusal as refusal:
            return BatchResult(
                status=refusal.status,
                id=item.id,
                code=refusal.code,
                detail=refusal.detail,
                field=refusal.field,
            )
        return BatchResult(status=_status(item), id=item.id)


def post(draft: Draft, new: NewTransaction) -> Posted:
    """Post a transaction into a draft, whole or not at all.

    Limits are judged by the transaction's net effect: the order of its legs does not matter. A dry
    run is judged and answered like any other, and leaves the draft as before.

    Raises:
        Refusal: one of the ledger's; the draft is as before.
    """
    if new.id is not None and (recorded := draft.recorded.get(new.id)) is not None:
        if not recorded.matches(new):
            raise TransactionIdReused(f"{new.id} was posted with other content.", field="id")
        return recorded.posted
    before = draft.savepoint()
    try:
        posted = _post(draft, new)
    except Refusal:
        draft.rollback(before)
        raise
    if new.dry_run:
        draft.rollback(before)
    elif new.id is not None:
        draft.name(new.id, Recorded(posted, new.__eq__))
    return posted


def _post(draft: Draft, new: NewTransaction) -> Posted:
    transaction_id = new.id or draft.ids.new()
    seq, recorded_at = draft.advance()
    effective_at = _utc(new.effective_at) if new.effective_at else recorded_at
    commitment = _keep_content(draft, seq, new)
    today, value_day = draft.book.local_date(recorded_at), draft.book.local_date(effective_at)
    touched: dict[int, Account] = {}
    leaves: list[PostingLeaf] = []
    for leg, posting in enumerate(new.postings):
        debit, credit = _sides(draft, posting, leg)
        amount = parse_minor_units(posting.amount, field=f"postings[{leg}].amount")
        if amount == 0:
            raise Malformed("An amount is more than zero.", field=f"postings[{leg}].amount")
        draft.touch(debit)
        draft.touch(credit)
        debit.debits_posted += amount
        credit.credits_posted += amount
        for account in (debit, credit):
            account.version += 1
            account.as_of = recorded_at
            touched[account.no] = account
        booking_date = posting.booking_date or today
        value_date = posting.value_date or value_day
        draft.transfers.append(
            Transfer(
                seq,
                leg,
                transaction_id,
                POSTED,
                debit.no,
                credit.no,
                amount,
                posting.code,
                booking_date,
                value_date,
                effective_at,
                recorded_at,
                commitment,
            )
        )
        text = str(amount)
        leaves.append(
            PostingLeaf(
                text,
                debit.asset,
                booking_date,
                posting.code,
                credit.id,
                debit.id,
                POSTED,
                value_date,
            )
        )
    for account in touched.values():
        account.check_limits()
    leaf = TransactionLeaf(
        draft.book.book_id,
        commitment.hex() if commitment else None,
        effective_at,
        transaction_id,
        "transaction",
        leaves,
        recorded_at,
        str(seq),
    )
    draft.leaves.append(leaf.encode())
    return Posted(transaction_id, seq, recorded_at, [leaf.amount for leaf in leaves])


def _status(new: NewTransaction) -> int:
    return 200 if new.dry_run else 201


def _accounts(new: NewTransaction) -> list[str]:
    return [account for posting in new.postings for account in (posting.debit, posting.credit)]


def _ids(new: NewTransaction) -> frozenset[UUID]:
    return frozenset() if new.id is None else frozenset({new.id})


def _sides(draft: Draft, posting: Posting, leg: int) -> tuple[Account, Account]:
    """The accounts of a leg, found fit for it."""
    if posting.asset not in draft.book.assets:
        raise UnknownAsset(
            f"The book has no asset {posting.asset}.", field=f"postings[{leg}].asset"
        )
    if posting.debit == posting.credit:
        raise SameAccount(
            f"Account {posting.debit} is on both sides.", field=f"postings[{leg}].credit"
        )
    return (
        _side(draft, posting.debit, posting.asset, f"postings[{leg}].debit"),
        _side(draft, posting.credit, posting.asset, f"postings[{leg}].credit"),
    )


def _side(draft: Draft, account_id: str, asset: str, field: str) -> Account:
    account = draft.book.accounts.get(account_id)
    if account is None:
        raise UnknownAccount(f"The book has no account {account_id!r}.", field=field)
    if account.asset != asset:
        raise AssetMismatch(
            f"Account {account_id} holds {account.asset}, not {asset}.", field=field
        )
    account.check_open(field)
    return account


def _keep_content(draft: Draft, seq: int, new: NewTransaction) -> bytes | None:
    content = encode_content(new)
    if content is None:
        return None
    salt = os.urandom(_SALT_BYTES)
    draft.contents.append(Content(seq, salt, content))
    return content_hash(salt, content)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise Malformed("An instant carries its offset, such as Z.", field="effective_at")
    if not EARLIEST <= instant <= LATEST:
        raise Malformed("An instant lies in the years 1970 to 9998.", field="effective_at")
    return instant.astimezone(UTC)
