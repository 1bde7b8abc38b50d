"""The money of a collection: taken once, and given back once at the most."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from bezant.banking import (
    AccountBlocked,
    AccountNotActive,
    AssetNotHeld,
    account_of,
    available_on,
    check_can_pay,
    check_can_receive,
    ledger_account,
)
from bezant.kernel.ids import derived_id
from bezant.ledger import Seen, open_account, post
from bezant.ledger.schemas import (
    AccountType,
    MetadataValue,
    NewAccount,
    NewTransaction,
    Posting,
)
from bezant.payments.direct_debits.collecting import Debit

_UNFIT: Final = (AccountNotActive, AccountBlocked, AssetNotHeld)


def ledger_accounts(debit: Debit) -> frozenset[str]:
    """What moving it back or forth may touch."""
    touched = {debit.debtor_side, debit.creditor_side, debit.unapplied}
    if debit.creditor_account is not None:
        touched.add(debit.receivable)
    return frozenset(touched)


def take(seen: Seen, debit: Debit) -> Debit:
    """Take it from the debtor's side and give it to the creditor's; the collection afterwards.

    What a scheme has settled is here, whatever became of the creditor's account since it was
    presented: where that takes no money, it waits.

    Raises:
        Refusal: the ledger's, such as that there is not enough.
    """
    _open_outside(seen, debit)
    to = _where(seen, debit, debit.creditor_account, debit.creditor_side)
    leg = Posting(debit.debtor_side, to, debit.asset, str(debit.amount), "direct_debit")
    post(seen.draft, NewTransaction([leg], id=debit.id, metadata=_named(debit)))
    return replace(debit, is_unapplied=to == debit.unapplied)


def give_back(seen: Seen, debit: Debit, code: str) -> Debit:
    """Give it back to the debtor's side; the collection afterwards.

    The debtor's side never waits for the creditor's money: what a creditor lacks, or may not move,
    is the institution's claim on them. Nor does it wait for the debtor's account, which may have
    closed: then the money waits.

    Raises:
        Refusal: the ledger's.
    """
    _open_outside(seen, debit)
    source, is_owed = _source(seen, debit)
    to = _where(seen, debit, debit.debtor_account, debit.debtor_side)
    leg = Posting(source, to, debit.asset, str(debit.amount), code)
    post(seen.draft, NewTransaction([leg], id=back_id(debit.id), metadata=_named(debit)))
    return replace(debit, is_owed=is_owed, is_unapplied=to == debit.unapplied)


def _where(seen: Seen, debit: Debit, account_id: UUID | None, side: str) -> str:
    """Where money goes that is for a side: to its account, or to wait, if that takes none."""
    if account_id is None or may_receive(seen, account_id, debit.asset):
        return side
    if debit.unapplied not in seen.draft.book.accounts:
        open_account(seen.draft, NewAccount(debit.unapplied, debit.asset, AccountType.LIABILITY))
    return debit.unapplied


def _source(seen: Seen, debit: Debit) -> tuple[str, bool]:
    """What is given back from: what waits, the creditor's side, or a claim; whether it is one."""
    waiting = seen.draft.book.accounts.get(debit.unapplied)
    # Somebody may have applied it since.
    if debit.is_unapplied and waiting is not None and waiting.available >= debit.amount:
        return debit.unapplied, False
    creditor = debit.creditor_account
    if creditor is None or _may_take(seen, creditor, debit.asset, debit.amount):
        return debit.creditor_side, False
    if debit.receivable not in seen.draft.book.accounts:
        open_account(seen.draft, NewAccount(debit.receivable, debit.asset, AccountType.ASSET))
    return debit.receivable, True


def _named(debit: Debit) -> dict[str, MetadataValue] | None:
    """What a statement of the rail's account calls a collection of ours, for reconciliation.

    What another bank calls its own is sealed with all else that it says.
    """
    if debit.is_on_us or debit.creditor_account is None:
        return None
    return {"servicer_reference": debit.id.hex}


def back_id(debit_id: UUID) -> UUID:
    """The ledger's transaction that gives a collection back."""
    return derived_id(b"direct debit back" + debit_id.bytes)


def may_receive(seen: Seen, account_id: UUID, asset: str) -> bool:
    """Whether an account may be credited."""
    try:
        check_can_receive(account_of(seen, account_id), asset, seen.draft.at)
    except _UNFIT:
        return False
    return True


def _may_take(seen: Seen, account_id: UUID, asset: str, amount: int) -> bool:
    account = account_of(seen, account_id)
    if asset not in account.assets:
        return False
    available = available_on(seen, account_id, asset)
    try:
        check_can_pay(account, asset, amount, available, seen.draft.at)
    except _UNFIT:
        return False
    kept = seen.draft.book.accounts[ledger_account(account_id, asset)]
    floor = kept.bounds.floor
    return floor is None or available - amount >= floor


def _open_outside(seen: Seen, debit: Debit) -> None:
    """The settlement account of a rail, at its first use in a book."""
    if debit.is_on_us:
        return
    outside = debit.creditor_side if debit.creditor_account is None else debit.debtor_side
    if outside not in seen.draft.book.accounts:
        open_account(seen.draft, NewAccount(outside, debit.asset, AccountType.ASSET))
