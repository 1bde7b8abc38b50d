"""Closing entries: income and expenses brought to zero, into equity, at the end of a period."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bezant.ledger.domain import Account, Kind
from bezant.ledger.errors import TooManyPostings, UnknownAccount
from bezant.ledger.history import BookSums
from bezant.ledger.lane import Draft, JournalEntry, begin
from bezant.ledger.months import Month
from bezant.ledger.periods.errors import ClosingAccountMismatch
from bezant.ledger.schemas import POSTINGS_MAX, AccountType

CODE: Final = "closing"
"""The code of closing entries, and of what takes them back."""

RESULTS: Final = frozenset({AccountType.INCOME, AccountType.EXPENSE})


class ClosingLeg(msgspec.Struct, frozen=True):
    """One leg of closing entries, amounts in minor units."""

    debit: str
    credit: str
    amount: str


def balances_at(
    accounts: Iterable[Account], sums: BookSums, draft: Draft, until: datetime
) -> dict[int, int]:
    """Debits less credits of accounts at an instant, by number, as far as the draft has come.

    Args:
        accounts: whose.
        sums: of the book at the instant, before the draft.
        draft: what its items posted that counts by then is added.
        until: included.
    """
    moved: dict[int, int] = {}
    for transfer in draft.transfers:
        if transfer.effective_at <= until and transfer.kind in {Kind.POSTED, Kind.CAPTURED}:
            for no, amount in (
                (transfer.debit_no, transfer.amount),
                (transfer.credit_no, -transfer.amount),
            ):
                moved[no] = moved.get(no, 0) + amount
    balances = {}
    for account in accounts:
        known = sums.get(account.no)
        before = 0 if known is None else known.debits_posted - known.credits_posted
        balances[account.no] = before + moved.get(account.no, 0)
    return balances


def post_closing(draft: Draft, month: Month, sums: BookSums, to: str) -> UUID | None:
    """Post the closing entries of a period as one transaction, dated at its last instant.

    Args:
        draft: of a book that has every account of income, expense and equity in memory.
        month: which is still open.
        sums: of the book at its end, before the draft.
        to: the accounts that take the results, without their assets.

    Returns:
        The transaction's id; None where every result is zero.

    Raises:
        Refusal: an account takes no postings, or its limits do not allow it.
    """
    until = month.last_instant(draft.book.time_zone)
    results = sorted(
        (account for account in draft.book.accounts.values() if account.type in RESULTS),
        key=lambda account: account.no,
    )
    balances = balances_at(results, sums, draft, until)
    left = [(account, balances[account.no]) for account in results if balances[account.no]]
    if not left:
        return None
    if len(left) > POSTINGS_MAX:
        raise TooManyPostings(
            f"{len(left)} accounts of income and expense have balances; at most {POSTINGS_MAX}.",
            field="closing_entries",
        )
    targets = {account.asset: _target(draft, to, account.asset) for account, _ in left}
    entry = begin(draft, draft.ids.new(), effective_at=until)
    for account, balance in left:
        account.check_open("closing_entries")
        target = targets[account.asset]
        debit, credit = (target, account) if balance > 0 else (account, target)
        _add(entry, month, debit, credit, abs(balance))
    return entry.finish().id


def reverse_closing(
    draft: Draft, transaction_id: UUID, month: Month, legs: Iterable[ClosingLeg]
) -> None:
    """Take closing entries back by postings at their own date.

    Args:
        draft: of a book that has their accounts in memory.
        transaction_id: of the transaction that takes them back.
        month: the period, which is open again.
        legs: of the closing entries.

    Raises:
        Refusal: as `post_closing`.
    """
    accounts: Mapping[str, Account] = draft.book.accounts
    until = month.last_instant(draft.book.time_zone)
    entry = begin(draft, transaction_id, effective_at=until)
    for leg in legs:
        debit, credit = accounts[leg.credit], accounts[leg.debit]
        debit.check_open("period")
        credit.check_open("period")
        _add(entry, month, debit, credit, int(leg.amount))
    entry.finish()


def _add(entry: JournalEntry, month: Month, debit: Account, credit: Account, amount: int) -> None:
    day = month.last_day
    entry.add(Kind.POSTED, debit, credit, amount, CODE, booking_date=day, value_date=day)


def _target(draft: Draft, to: str, asset: str) -> Account:
    account_id, field = f"{to}:{asset}", "closing_entries.to"
    account = draft.book.accounts.get(account_id)
    if account is None:
        raise UnknownAccount(f"The book has no account {account_id!r}.", field=field)
    if (account.type, account.asset) != (AccountType.EQUITY, asset):
        raise ClosingAccountMismatch(
            f"{account_id} is of the type {account.type} and holds {account.asset}.", field=field
        )
    account.check_open(field)
    return account
