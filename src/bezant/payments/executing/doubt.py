"""An instant payment whose answer did not come in time.

The payer has the money back at once. What the scheme may still take is the institution's exposure,
reserved against the settlement account until an answer: nothing is posted of which it is not known
whether it happened.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from bezant.banking import account_of, available_on, check_can_pay, ledger_account
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import derived_id
from bezant.ledger import Seen, keep_holds, open_account, post, transfer_id
from bezant.ledger.schemas import (
    AccountType,
    Capture,
    HoldState,
    NewAccount,
    NewTransaction,
    Posting,
)
from bezant.payments.orders.domain import PAYMENT, Order, settlement_account
from bezant.payments.orders.riders import settle

_IN_DOUBT: Final = keep_holds("in_doubt")
"""The code of what exposures reserve."""

LATE: Final = "accepted_late"
"""Why an order is settled that was in doubt: the payer's account was debited again."""

RECEIVABLE: Final = "receivable"
"""The same, where the account had not the money any more, or takes no debit: the payer owes it."""


def exposure_account(rail: str, asset: str) -> str:
    """The ledger's account of what an institution may have to pay."""
    return f"instant_in_doubt:{rail}:{asset}"


def receivable_account(order_id: UUID) -> str:
    """The ledger's account of what the payer of an order owes for it."""
    return f"receivable:{order_id}"


def exposure_hold(order_id: UUID) -> UUID:
    """The reservation of an order's exposure: known before there is one, so that riders read it."""
    return transfer_id(_transaction(order_id), 0)


def into_doubt(seen: Seen, order: Order) -> Order:
    """Give the payer the money back, and reserve the exposure, in one transaction."""
    assert order.hold_id is not None
    exposure, outside = _sides(order)
    if exposure not in seen.draft.book.accounts:
        open_account(seen.draft, NewAccount(exposure, order.asset, AccountType.ASSET))
    leg = Posting(exposure, outside, order.asset, str(order.amount), _IN_DOUBT, pending=True)
    post(
        seen.draft,
        NewTransaction([leg], id=_transaction(order.id), voids=[order.hold_id]),
    )
    return replace(order, hold_id=exposure_hold(order.id))


def taken(seen: Seen, order: Order) -> str | None:
    """Post what the scheme took, from the payer's reservation; why it went another way, if it did.

    The scheme asks nobody. Where the ledger takes no posting on the payer's account, since somebody
    froze it, say, the payer owes it: nothing that happened outside stays without a posting.
    """
    try:
        settle(seen, order)
    except Refusal:
        _, outside = _sides(order)
        _owe(seen, order, outside, _reserved(seen, order), [])
        return RECEIVABLE
    return None


def taken_late(seen: Seen, order: Order) -> str:
    """Post what the scheme took, at the payer's cost; why the order is settled, as a reason.

    The exposure becomes a posting and passes on in the same transaction: to the payer's account,
    or to what the payer owes, where the account cannot pay (any more).
    """
    assert order.hold_id is not None
    exposure, _ = _sides(order)
    captures = [Capture(order.hold_id)]
    try:
        payer = account_of(seen, order.payer)
        available = available_on(seen, order.payer, order.asset)
        check_can_pay(payer, order.asset, order.amount, available, seen.draft.at)
        leg = _debit(order, ledger_account(order.payer, order.asset), exposure)
        post(seen.draft, NewTransaction([leg], captures=captures))
    except Refusal:
        _owe(seen, order, exposure, [], captures)
        return RECEIVABLE
    return LATE


def _owe(
    seen: Seen, order: Order, outside: str, voids: list[UUID], captures: list[Capture]
) -> None:
    owed = receivable_account(order.id)
    open_account(seen.draft, NewAccount(owed, order.asset, AccountType.ASSET))
    leg = _debit(order, owed, outside)
    post(seen.draft, NewTransaction([leg], captures=captures, voids=voids))


def _debit(order: Order, account: str, outside: str) -> Posting:
    return Posting(account, outside, order.asset, str(order.amount), PAYMENT)


def _reserved(seen: Seen, order: Order) -> list[UUID]:
    """The reservation, as long as it is one."""
    assert order.hold_id is not None
    hold = seen.draft.book.holds.get(order.hold_id)
    is_open = hold is not None and hold.state is HoldState.OPEN
    return [order.hold_id] if is_open else []


def _sides(order: Order) -> tuple[str, str]:
    return (
        exposure_account(order.rail, order.asset),
        settlement_account(order.rail, order.asset),
    )


def _transaction(order_id: UUID) -> UUID:
    return derived_id(b"in doubt" + order_id.bytes)
