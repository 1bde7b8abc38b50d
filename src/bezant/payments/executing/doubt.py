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
from bezant.ledger import Seen, open_account, post, transfer_id
from bezant.ledger.schemas import AccountType, Capture, NewAccount, NewTransaction, Posting
from bezant.payments.orders.domain import Order, settlement_account

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
    leg = Posting(exposure, outside, order.asset, str(order.amount), "in_doubt", pending=True)
    post(
        seen.draft,
        NewTransaction([leg], id=_transaction(order.id), voids=[order.hold_id]),
    )
    return replace(order, hold_id=exposure_hold(order.id))


def taken_late(seen: Seen, order: Order) -> str:
    """Post what the scheme took, at the payer's cost; why the order is settled, as a reason.

    The exposure becomes a posting and passes on in the same transaction: to the payer's account,
    or to what the payer owes, where the account cannot pay (any more).
    """
    assert order.hold_id is not None
    exposure, _ = _sides(order)
    taken = [Capture(order.hold_id)]

    def pass_on(to: str) -> None:
        leg = Posting(to, exposure, order.asset, str(order.amount), "payment")
        post(seen.draft, NewTransaction([leg], captures=taken))

    try:
        payer = account_of(seen, order.payer)
        available = available_on(seen, order.payer, order.asset)
        check_can_pay(payer, order.asset, order.amount, available, seen.draft.at)
        pass_on(ledger_account(order.payer, order.asset))
    except Refusal:
        owed = receivable_account(order.id)
        open_account(seen.draft, NewAccount(owed, order.asset, AccountType.ASSET))
        pass_on(owed)
        return RECEIVABLE
    return LATE


def _sides(order: Order) -> tuple[str, str]:
    return (
        exposure_account(order.rail, order.asset),
        settlement_account(order.rail, order.asset),
    )


def _transaction(order_id: UUID) -> UUID:
    return derived_id(b"in doubt" + order_id.bytes)
