"""What happens to money that comes in, in the lane of the institution's book."""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    BankAccount,
    BankAccountNotFound,
    Channel,
    account_of,
    check_can_receive,
    ledger_account,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.kernel.outbox import event
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen, open_account, post
from bezant.ledger import transfer_id as hold_of
from bezant.ledger.schemas import AccountType, NewAccount, NewTransaction, Posting
from bezant.payments.checks import (
    REGULATORY,
    ArrivalKind,
    Arrivals,
    Arriving,
    Judgement,
    Verdict,
)
from bezant.payments.incoming import store
from bezant.payments.incoming.domain import DUPLICATE, NO_SUCH_ACCOUNT, code_of
from bezant.payments.orders.domain import PAYMENT, Direction, Order, settlement_account
from bezant.payments.orders.records import ORDER, content_row, order_of, view, went
from bezant.payments.orders.riders import give_back, settle
from bezant.payments.states import OrderState
from bezant.payments.unapplied.domain import Origin
from bezant.payments.unapplied.records import Waits

INCOMING: Final = ReadKind("payment_incoming", store.READ_INCOMING)
"""What became of an offer, by its identifier."""

_TAKEN: Final = RowKind("payment_incoming", store.INSERT_INCOMING)
# By themselves: a batch's refusals may come before its first order, to which the others refer.
_REFUSED: Final = RowKind("payment_incoming refused", store.INSERT_INCOMING)


class Offered(msgspec.Struct, frozen=True):
    """What became of an offer: an order, or why there is none."""

    order_id: UUID | None
    refused: str | None


class Offer(msgspec.Struct, frozen=True):
    """What is offered, by what it is known by.

    Attributes:
        digest: a keyed fingerprint of its substance.
    """

    id: UUID
    institution_id: UUID
    rail: str
    sender_bic: str
    transaction_id: str
    digest: bytes


class Said(msgspec.Struct, frozen=True):
    """What it says, and the message that said so: both sealed."""

    content_id: UUID
    content: bytes
    message_id: UUID
    message: bytes


@RiderKinds.register
class TakeCredit(msgspec.Struct, frozen=True):
    """A credit that is offered, or that the scheme has settled already.

    What a check wants somebody to look at is under review, and its money waits until they have.

    Attributes:
        order_id: of the order that it becomes.
        account_id: whose number it names; None where nobody here has it.
        counterparty: a keyed fingerprint of who pays.
        is_settled: whether it is credited at once; else the money is expected, and the account
            cannot be closed under it.
    """

    offer: Offer
    said: Said
    order_id: UUID
    account_id: UUID | None
    counterparty: bytes
    asset: str
    amount: int
    is_settled: bool
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """Whether it was offered before, the account, and what checks look at."""
        known = (INCOMING, self.offer.id)
        if self.account_id is None:
            return Reads(rows=(known,))
        accounts = {
            ledger_account(self.account_id, self.asset),
            settlement_account(self.offer.rail, self.asset),
        }
        if self.is_settled:
            accounts.add(self._waits.account)
        checked = Arrivals.reads(self._arriving(self.account_id))
        return Reads(frozenset(accounts), rows=(known, (BANK_ACCOUNT, self.account_id), *checked))

    def decide(self, seen: Seen) -> Decision:
        """Take it, or not; the same again is answered the same, even if all else has changed."""
        known = seen.row(INCOMING, self.offer.id)
        if known is not None:
            if known["digest"] != self.offer.digest:
                return Decision(Answer.of(Offered(None, DUPLICATE)))
            return Decision(Answer.of(Offered(known["order_id"], known["refused"])))
        account = self._account(seen)
        if account is None:
            return self._refused(seen, NO_SUCH_ACCOUNT)
        code, judged = self._tried(seen, account)
        if code is not None:
            return self._refused(seen, code, *judged.rows)
        return self._taken(seen, judged)

    def _tried(self, seen: Seen, account: BankAccount) -> tuple[str | None, Judgement]:
        """Post it; the code of why not, and what checks say of what the account would take."""
        judged = Judgement(Verdict.ALLOW)
        try:
            check_can_receive(account, self.asset, seen.draft.at)
            judged = Arrivals.judge(seen, self._arriving(account.id))
            if judged.verdict is Verdict.BLOCK:
                return REGULATORY, judged
            self._post(seen, account.id, judged)
        except Refusal as refusal:
            return code_of(refusal, account), judged
        return None, judged

    def _account(self, seen: Seen) -> BankAccount | None:
        """The account that it is for, of the institution that is offered it."""
        if self.account_id is None:
            return None
        try:
            account = account_of(seen, self.account_id)
        except BankAccountNotFound:
            return None
        return account if account.institution_id == self.offer.institution_id else None

    def _arriving(self, account_id: UUID) -> Arriving:
        return Arriving(
            self.order_id,
            ArrivalKind.CREDIT,
            self.offer.institution_id,
            self.offer.rail,
            account_id,
            self.counterparty,
            self.asset,
            self.amount,
            can_wait=self.is_settled,
        )

    @property
    def _waits(self) -> Waits:
        return Waits(self.order_id, self.offer.institution_id, Origin.CREDIT, self.asset)

    def _post(self, seen: Seen, account_id: UUID, judged: Judgement) -> None:
        outside, to = settlement_account(self.offer.rail, self.asset), self._waits.account
        if outside not in seen.draft.book.accounts:
            open_account(seen.draft, NewAccount(outside, self.asset, AccountType.ASSET))
        if judged.verdict is Verdict.REVIEW:
            open_account(seen.draft, NewAccount(to, self.asset, AccountType.LIABILITY))
        else:
            to = ledger_account(account_id, self.asset)
        leg = Posting(
            outside, to, self.asset, str(self.amount), PAYMENT, pending=not self.is_settled
        )
        post(seen.draft, NewTransaction([leg], id=self.order_id))

    def _taken(self, seen: Seen, judged: Judgement) -> Decision:
        state, reason = OrderState.PENDING, None
        if judged.verdict is Verdict.REVIEW:
            state, reason = OrderState.UNDER_REVIEW, judged.reason
        elif self.is_settled:
            state = OrderState.SETTLED
        order, rows = went(
            seen, self._order(seen), OrderState.RECEIVED, state, actor=self.actor, reason=reason
        )
        at, said = seen.draft.at, self.said
        further = (
            content_row(order.id, said.content_id, "order", said.content, at),
            content_row(order.id, said.message_id, "message", said.message, at),
            *self._waits.noted(seen),
            *judged.rows,
        )
        answer = Offered(order.id, None)
        return Decision(Answer.of(answer), (*rows, *further, self._recorded(seen, _TAKEN, answer)))

    def _refused(self, seen: Seen, code: str, *rows: Row) -> Decision:
        answer = Offered(None, code)
        return Decision(Answer.of(answer), (*rows, self._recorded(seen, _REFUSED, answer)))

    def _recorded(self, seen: Seen, kind: RowKind, answer: Offered) -> Row:
        offer = self.offer
        standing = {
            "key": offer.id,
            "digest": offer.digest,
            "order_id": answer.order_id,
            "refused": answer.refused,
        }
        seen.amend(INCOMING, offer.id, standing)
        values = (
            offer.id,
            offer.institution_id,
            offer.rail,
            offer.sender_bic,
            offer.transaction_id,
            offer.digest,
            answer.order_id,
            answer.refused,
            seen.draft.at,
        )
        return Row(kind, values)

    def _order(self, seen: Seen) -> Order:
        return Order(
            id=self.order_id,
            book_id=seen.draft.book.book_id,
            institution_id=self.offer.institution_id,
            direction=Direction.IN,
            rail=self.offer.rail,
            state=OrderState.RECEIVED,
            seq=0,
            debtor_account=None,
            creditor_account=self.account_id,
            party_id=None,
            channel=Channel.API,
            counterparty=self.counterparty,
            asset=self.asset,
            amount=self.amount,
            hold_id=None if self.is_settled else hold_of(self.order_id, 0),
            attempt=None,
            reason=None,
            created_at=seen.draft.at,
            created_by=self.actor,
        )


@RiderKinds.register
class ConcludeCredit(msgspec.Struct, frozen=True):
    """What the scheme made of a credit that was taken.

    Attributes:
        is_settled: otherwise the scheme cancelled it.
        reason: how people know, where it is not the scheme that says so.
    """

    order_id: UUID
    creditor_account: UUID
    asset: str
    rail: str
    is_settled: bool
    actor: str
    reason: str | None = None
    weight: int = 1

    def reads(self) -> Reads:
        """The order, and what is expected on the account."""
        accounts = frozenset(
            {
                ledger_account(self.creditor_account, self.asset),
                settlement_account(self.rail, self.asset),
            }
        )
        holds = frozenset({hold_of(self.order_id, 0)})
        return Reads(accounts, holds=holds, rows=((ORDER, self.order_id),))

    def decide(self, seen: Seen) -> Decision:
        """Credit it, or expect it no longer. What was concluded before stays as it is."""
        order = order_of(seen, self.order_id)
        if order.state is not OrderState.PENDING:
            return Decision(Answer.of(view(order)), self._contradicted(seen, order))
        if self.is_settled:
            settle(seen, order)
            order, rows = went(
                seen, order, OrderState.SETTLED, actor=self.actor, reason=self.reason
            )
        else:
            give_back(seen, order)
            reason = self.reason or "cancelled_by_scheme"
            order, rows = went(seen, order, OrderState.REJECTED, actor=self.actor, reason=reason)
        return Decision(Answer.of(view(order)), rows)

    def _contradicted(self, seen: Seen, order: Order) -> tuple[Row, ...]:
        """What somebody has to look at: the scheme has said the opposite before."""
        if self.is_settled is not (order.state is OrderState.REJECTED):
            return ()
        said = "settled" if self.is_settled else "cancelled"
        facts = {"amount": str(order.amount), "direction": order.direction, "said": said}
        path, at = f"/v1/payments/{order.id}", seen.draft.at
        return (event(seen.draft.ids.new(), "payment.contradicted", path, at, facts),)
