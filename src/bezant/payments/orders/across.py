"""A payment between accounts of two books: one commit in both, or none.

Each book has an account for what it has to do with the other. Both are of type asset and move by
the same amount in opposite directions, so that over the two books they sum to zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from bezant.banking import ledger_account
from bezant.ledger import Decision, Draft, Reads, Rider, Seen, open_account, post
from bezant.ledger.schemas import AccountType, NewAccount, NewTransaction, Posting
from bezant.payments.orders.domain import PAYMENT, Order
from bezant.payments.orders.errors import CreditorInAnotherBook


def between(other_book: UUID, asset: str) -> str:
    """The account of a book for what it is owed by another, below zero where it owes."""
    return f"interbook:{other_book}:{asset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAcross(Seen):
    """What a rider of the payer's book decides from where the payee's is another.

    Attributes:
        payee: the payee's book.
    """

    payee: Seen


@dataclass(frozen=True, slots=True)
class AcrossBooks:
    """A rider that carries an order out, over the books of its two sides; a `JointRider`.

    Attributes:
        rider: as it would be in the payer's book alone.
    """

    rider: Rider
    payer_book: UUID
    payee_book: UUID
    creditor_account: UUID
    asset: str

    def reads(self) -> Mapping[UUID, Reads]:
        """What the rider looks at; in the payee's book, their account."""
        payers = self.rider.reads()
        payee = frozenset(
            {
                ledger_account(self.creditor_account, self.asset),
                between(self.payer_book, self.asset),
            }
        )
        accounts = payers.accounts | {between(self.payee_book, self.asset)}
        return {
            self.payer_book: replace(payers, accounts=accounts),
            self.payee_book: Reads(payee),
        }

    def decide(self, seen: Mapping[UUID, Seen]) -> Decision:
        """Decide as the rider does; what it posts, it posts in both."""
        payer = seen[self.payer_book]
        across = SeenAcross(payer.draft, payer.rows, payer.results, payee=seen[self.payee_book])
        return self.rider.decide(across)


def payee_side(seen: Seen) -> Seen:
    """The book of who is paid."""
    return seen.payee if isinstance(seen, SeenAcross) else seen


def move(seen: Seen, order: Order) -> None:
    """Pay an order between two accounts of ours, which may be of two books.

    Raises:
        CreditorInAnotherBook: where an amount of the asset means something else.
    """
    payer, payee = seen.draft, payee_side(seen).draft
    debit = ledger_account(order.payer, order.asset)
    credit = ledger_account(order.payee, order.asset)
    if payer is payee:
        _post(payer, order, debit, credit)
        return
    if payer.book.assets.get(order.asset) != payee.book.assets.get(order.asset):
        raise CreditorInAnotherBook(f"There {order.asset} has another scale.", field="creditor")
    _post(payer, order, debit, _opened(payer, between(payee.book.book_id, order.asset), order))
    _post(payee, order, _opened(payee, between(payer.book.book_id, order.asset), order), credit)


def _opened(draft: Draft, account: str, order: Order) -> str:
    if account not in draft.book.accounts:
        open_account(draft, NewAccount(account, order.asset, AccountType.ASSET))
    return account


def _post(draft: Draft, order: Order, debit: str, credit: str) -> None:
    leg = Posting(debit, credit, order.asset, str(order.amount), PAYMENT)
    post(draft, NewTransaction([leg], id=order.id))
