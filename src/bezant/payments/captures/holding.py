"""The reservations of an authorisation: one at first, and one more each time that it is raised.

They are one group of the ledger's, named after the order. None expires by itself: the order's state
has to follow in the same commit, which the ledger knows nothing of.
"""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import ledger_account, reads_of_release, release
from bezant.kernel.database import Row
from bezant.kernel.ids import derived_id
from bezant.ledger import ReadKind, Reads, Seen, post, transfer_id
from bezant.ledger.schemas import Capture, HoldState, NewTransaction, Posting
from bezant.payments.captures.domain import INCREMENTS_MAX
from bezant.payments.captures.records import TOTALS
from bezant.payments.checks import Asked
from bezant.payments.orders.domain import PAYMENT
from bezant.payments.orders.records import ORDER
from bezant.payments.orders.terms import Terms

RowKeys = tuple[tuple[ReadKind, object], ...]

LEGS_MAX: Final = 2 * (1 + INCREMENTS_MAX)
"""Of settling every reservation of an order: what a capture leaves is given back by its own leg."""


def increment_id(order_id: UUID, no: int) -> UUID:
    """What the n-th increment of an order reserves and spends under."""
    return derived_id(b"payment.increment" + order_id.bytes + no.to_bytes(2, "big"))


def reads_of(terms: Terms, *rows: tuple[ReadKind, object], accounts: frozenset[str]) -> Reads:
    """An order's reservations and totals, with whatever else a rider looks at."""
    return Reads(
        accounts,
        hold_groups_of=frozenset({transfer_id(terms.id, 0)}),
        rows=((ORDER, terms.id), (TOTALS, terms.id), *rows),
    )


def reserve(seen: Seen, terms: Terms, transaction_id: UUID, amount: int) -> None:
    """Reserve an amount of the payer's money for the payee."""
    assert terms.creditor_account is not None
    leg = Posting(
        ledger_account(terms.debtor_account, terms.asset),
        ledger_account(terms.creditor_account, terms.asset),
        terms.asset,
        str(amount),
        PAYMENT,
        pending=True,
        hold_group=terms.id,
    )
    post(seen.draft, NewTransaction([leg], id=transaction_id))


def capturing(
    seen: Seen, order_id: UUID, amount: int, *, is_final: bool
) -> tuple[list[Capture], list[UUID]]:
    """What to capture of an order's reservations, oldest first, and which of them to void."""
    captures, voids, left = [], [], amount
    for hold_id, remaining in _open(seen, order_id):
        taken = min(left, remaining)
        left -= taken
        if taken:
            captures.append(Capture(hold_id, str(taken), release=is_final))
        elif is_final:
            voids.append(hold_id)
    assert left == 0, "totals and reservations agree"
    return captures, voids


def give_back(seen: Seen, order_id: UUID) -> None:
    """Give back whatever of an order's reservations remains."""
    voids = [hold_id for hold_id, _ in _open(seen, order_id)]
    post(seen.draft, NewTransaction(voids=voids))


def increment_asked(terms: Terms, no: int, amount: int) -> Asked:
    """An increment as checks see it: an order of its own."""
    order_id = increment_id(terms.id, no)
    return msgspec.structs.replace(terms.asked, order_id=order_id, amount=amount)


def reads_of_spendings(terms: Terms) -> RowKeys:
    """The rows that `release_spendings` looks at."""
    return tuple(
        key
        for spent_under in _spent_under(terms.id)
        for key in reads_of_release(terms.debtor_account, spent_under)
    )


def release_spendings(seen: Seen, terms: Terms) -> tuple[Row, ...]:
    """Give back what an order and its increments spent of limits, since nothing was captured."""
    return tuple(
        row
        for spent_under in _spent_under(terms.id)
        for row in release(seen, terms.debtor_account, spent_under)
    )


def _spent_under(order_id: UUID) -> list[UUID]:
    return [order_id, *(increment_id(order_id, no) for no in range(1, INCREMENTS_MAX + 1))]


def _open(seen: Seen, order_id: UUID) -> list[tuple[UUID, int]]:
    """An order's open reservations with what remains of each, oldest first."""
    book = seen.draft.book
    holds = sorted(
        (book.holds[hold_id] for hold_id in book.hold_groups.get(order_id, ())),
        key=lambda hold: (hold.seq, hold.id),
    )
    return [(hold.id, hold.remaining) for hold in holds if hold.state is HoldState.OPEN]
