"""Returns and recalls as rows of a commit, and who gets what comes back."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bezant.banking import account_of, check_can_receive, ledger_account
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.outbox import event
from bezant.ledger import ReadKind, Seen, open_account, post
from bezant.ledger.schemas import AccountType, NewAccount, NewTransaction, Posting
from bezant.payments.orders.domain import Order
from bezant.payments.returns import store
from bezant.payments.returns.domain import (
    Case,
    RecallDirection,
    RecallState,
    before_payer,
)
from bezant.payments.returns.schemas import RecallCase
from bezant.payments.unapplied.domain import Origin
from bezant.payments.unapplied.records import Waits

RETURN: Final = ReadKind("payment_return", store.READ_RETURNS)
"""A return, by its identifier."""

RETURNED: Final = ReadKind("payment_returned", store.READ_RETURNED)
"""What came back of an order, or was given back, by the order."""

RECALL: Final = ReadKind("payment_recall", store.READ_RECALLS)
"""A recall, by its identifier."""

UNDER_WAY: Final = ReadKind("payment_recall under way", store.READ_UNDER_WAY)
"""The recall by which an order's money is asked for by us, or given back, by the order."""

_RETURN: Final = RowKind("payment_return", store.INSERT_RETURNS)
_RECALL: Final = RowKind("payment_recall", store.SAVE_RECALLS, key_columns=1)


def returned_of(seen: Seen, order_id: UUID) -> int:
    """How much of an order has come back, or was given back; minor units."""
    row = seen.row(RETURNED, order_id)
    return 0 if row is None else int(row["amount"])


def returned_row(seen: Seen, return_id: UUID, order_id: UUID, amount: int, code: str) -> Row:
    """A return, which the items after this one see."""
    known: Mapping[str, object] = {
        "key": return_id, "order_id": order_id, "amount": amount, "code": code,
    }  # fmt: skip
    seen.amend(RETURN, return_id, known)
    total = returned_of(seen, order_id) + amount
    seen.amend(RETURNED, order_id, {"key": order_id, "amount": total})
    return Row(_RETURN, (return_id, order_id, amount, code, seen.draft.at))


def under_way(seen: Seen, order_id: UUID) -> Case | None:
    """Our recall of an order that is open, or the one by which its money is given back."""
    row = seen.row(UNDER_WAY, order_id)
    case = None if row is None else Case.of(row)
    return case if case is not None and _is_under_way(case) else None


def became(seen: Seen, case: Case) -> tuple[Row, Row]:
    """A recall as it stands now, and the event of it."""
    seen.amend(RECALL, case.id, {"key": case.id, "standing": case})
    before = under_way(seen, case.order_id)
    if _is_under_way(case) or (before is not None and before.id == case.id):
        seen.amend(UNDER_WAY, case.order_id, {"key": case.order_id, "standing": case})
    values = (
        case.id,
        case.order_id,
        case.direction,
        case.case_id,
        case.original,
        case.counterparty_bic,
        case.code,
        case.state,
        case.refusal,
        case.due_on,
        case.created_at,
        case.created_by,
        case.answered_at,
        case.answered_by,
    )
    facts = {"payment": f"/v1/payments/{case.order_id}", "code": case.code}
    facts |= {"direction": case.direction, "due_on": case.due_on.isoformat()}
    told = event(
        seen.draft.ids.new(), f"recall.{case.state}", f"/v1/recalls/{case.id}", seen.draft.at, facts
    )
    return Row(_RECALL, values), told


def _is_under_way(case: Case) -> bool:
    is_ours = case.direction is RecallDirection.SENT and case.state is RecallState.OPEN
    return is_ours or case.state is RecallState.RETURNING


def view(case: Case) -> RecallCase:
    """The wire form."""
    return RecallCase(
        case.id,
        case.order_id,
        case.direction,
        case.code,
        case.state,
        case.due_on,
        case.created_at,
        case.answered_at,
        case.refusal,
    )


def credit_back(seen: Seen, order: Order, source: str, amount: int) -> tuple[Row, ...]:
    """Post what comes back of an order to whoever bore it; the rows of what then waits, if any.

    First to what the institution has paid, or is owed, in the payer's place.
    """
    borne = borne_of(seen, order.id, amount)
    legs = [_leg(source, bearer, order, part) for bearer, part in borne]
    left = amount - sum(part for _, part in borne)
    if left:
        return refund(seen, order, source, left, legs)
    post(seen.draft, NewTransaction(legs))
    return ()


def borne_of(seen: Seen, order_id: UUID, amount: int) -> list[tuple[str, int]]:
    """Who gets what of an amount before the payer does: accounts of the ledger with their parts."""
    borne = []
    for bearer in before_payer(order_id):
        known = seen.draft.book.accounts.get(bearer)
        part = 0 if known is None else min(known.posted, amount)
        if part > 0:
            borne.append((bearer, part))
            amount -= part
    return borne


def refund(
    seen: Seen, order: Order, source: str, amount: int, legs: Sequence[Posting] = ()
) -> tuple[Row, ...]:
    """Post money to the payer of an order, beside other legs; the rows of what then waits, if any.

    What it does not take waits on an account of its own: the money is here, and is not ours.
    """
    payer = ledger_account(order.payer, order.asset)
    try:
        check_can_receive(account_of(seen, order.payer), order.asset, seen.draft.at)
        post(seen.draft, NewTransaction([*legs, _leg(source, payer, order, amount)]))
    except Refusal:
        waits = Waits(order.id, order.institution_id, Origin.PAYMENT_RETURN, order.asset)
        if waits.account not in seen.draft.book.accounts:
            open_account(seen.draft, NewAccount(waits.account, order.asset, AccountType.LIABILITY))
        post(seen.draft, NewTransaction([*legs, _leg(source, waits.account, order, amount)]))
        return (*waits.noted(seen), _told(seen, order, waits, amount))
    return ()


def _told(seen: Seen, order: Order, waits: Waits, amount: int) -> Row:
    facts = {"account": waits.account, "amount": str(amount)}
    path, at = f"/v1/payments/{order.id}", seen.draft.at
    return event(seen.draft.ids.new(), "payment.return_unapplied", path, at, facts)


def _leg(source: str, to: str, order: Order, amount: int) -> Posting:
    return Posting(source, to, order.asset, str(amount), "return")
