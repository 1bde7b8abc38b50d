"""Giving an authorisation, raising it, and ending it: each in one commit with the reservation."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    SignaturesNeeded,
    account_of,
    available_on,
    check_can_pay,
    check_can_receive,
    check_signer,
    ledger_account,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger import Decision, Reads, RiderKinds, Seen, transfer_id
from bezant.payments.captures.domain import INCREMENTS_MAX, Totals, check_authorized, way_to
from bezant.payments.captures.errors import AuthorizationNotOpen
from bezant.payments.captures.holding import (
    LEGS_MAX,
    RowKeys,
    give_back,
    increment_asked,
    increment_id,
    reads_of,
    reads_of_spendings,
    release_spendings,
    reserve,
)
from bezant.payments.captures.jobs import expiry_job
from bezant.payments.captures.records import authorization_view, totals_of, totals_row
from bezant.payments.checks import Checks
from bezant.payments.orders.domain import Order
from bezant.payments.orders.records import content_row, order_of, went
from bezant.payments.orders.terms import Terms
from bezant.payments.states import OrderState

_ALONE = 1


class Ended(StrEnum):
    """What came of asking for an authorisation to expire."""

    DONE = "done"
    EARLY = "early"


@RiderKinds.register
class AuthorizePayment(msgspec.Struct, frozen=True):
    """`POST /v1/authorizations`: the order, and the reservation that it stands for."""

    terms: Terms
    expires_in_s: int
    content_id: UUID
    content: bytes
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The accounts, limits and signatures that it depends on."""
        terms = self.terms
        rows = (*bank_accounts(terms), *Checks.reads(terms.asked), *terms.signing.reads())
        return Reads(sides(terms), rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Reserve the amount.

        Raises:
            SignaturesNeeded: more than the one of who orders it.
            LimitExceeded: or whatever else forbids the payment; nothing of it is kept.
        """
        terms, at = self.terms, seen.draft.at
        _check_parties(seen, terms, terms.amount)
        judged = Checks.judge(seen, terms.asked)
        signatures = self._signed(seen)
        reserve(seen, terms, terms.id, terms.amount)
        order = replace(terms.order(seen, self.actor), hold_id=transfer_id(terms.id, 0))
        order, rows = went(
            seen, order, OrderState.RECEIVED, OrderState.AUTHORIZED, actor=self.actor
        )
        expires_at = at + timedelta(seconds=self.expires_in_s)
        totals = Totals(order.id, order.amount, 0, 0, 0, 0, expires_at)
        tenant_id = seen.draft.book.tenant_id
        further = (
            content_row(order.id, self.content_id, "order", self.content, at),
            totals_row(seen, totals),
            expiry_job(seen.draft.ids.new(), tenant_id, order.id, at, expires_at),
        )
        answer = Answer.of(authorization_view(order, totals), 201)
        return Decision(answer, (*judged.rows, *rows, *signatures, *further))

    def _signed(self, seen: Seen) -> tuple[Row, ...]:
        terms = self.terms
        if terms.party_id is not None:
            signed = terms.signing.approve(seen, terms.party_id, self.actor)
            _check_signed(signed.given, signed.needed)
            return signed.rows
        # A server that orders by its scope alone stands for one signature, and for no more.
        _check_signed(_ALONE, terms.signing.standing(seen).needed)
        return ()


@RiderKinds.register
class IncrementAuthorization(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/increment`: reserve more under the same order."""

    terms: Terms
    amount: int
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The order with its totals, and what a payment of the amount depends on."""
        terms = self.terms
        spendings = (
            key
            for no in range(1, INCREMENTS_MAX + 1)
            for key in Checks.reads(increment_asked(terms, no, self.amount))
        )
        rows = (*bank_accounts(terms), *terms.signing.reads(), *dict.fromkeys(spendings))
        return reads_of(terms, *rows, accounts=sides(terms))

    def decide(self, seen: Seen) -> Decision:
        """Raise it.

        Raises:
            AuthorizationNotOpen: nothing remains of it.
            AuthorizationExpired: its time is over.
            IncrementsExhausted: it was raised too often.
            SignaturesNeeded: the whole amount needs more than one.
            MayNotAct: the party who signed it has no mandate any more.
            SignatureOfAnother: the actor is a person, and not that party.
            LimitExceeded: or whatever else forbids a payment of the amount.
        """
        order, before = authorized(seen, self.terms.id)
        terms = self.terms
        if terms.party_id is not None:
            check_signer(seen, terms.debtor_account, terms.party_id, self.actor)
        totals = before.increment(self.amount, seen.draft.at)
        _check_parties(seen, terms, self.amount)
        whole = msgspec.structs.replace(terms, amount=totals.authorized)
        _check_signed(_ALONE, whole.signing.standing(seen).needed)
        no = totals.increments
        judged = Checks.judge(seen, increment_asked(terms, no, self.amount))
        reserve(seen, terms, increment_id(terms.id, no), self.amount)
        answer = Answer.of(authorization_view(order, totals))
        return Decision(answer, (*judged.rows, totals_row(seen, totals)))


@RiderKinds.register
class VoidAuthorization(msgspec.Struct, frozen=True):
    """`POST /v1/payments/{payment}/void`: what remains is the payer's again."""

    terms: Terms
    reason: str
    actor: str
    weight: int = LEGS_MAX

    def reads(self) -> Reads:
        """The order with its totals and reservations, and what it spent."""
        return reads_of(self.terms, *reads_of_spendings(self.terms), accounts=frozenset())

    def decide(self, seen: Seen) -> Decision:
        """Give back what remains.

        Raises:
            AuthorizationNotOpen: nothing does.
        """
        order, before = authorized(seen, self.terms.id)
        order, totals, rows = _end(
            seen, self.terms, order, before, OrderState.VOIDED, self.reason, self.actor
        )
        return Decision(Answer.of(authorization_view(order, totals)), rows)


@RiderKinds.register
class ExpireAuthorization(msgspec.Struct, frozen=True):
    """An authorisation whose time may be over; nothing happens to one that ended otherwise."""

    terms: Terms
    expires_at: datetime
    actor: str
    weight: int = LEGS_MAX

    def reads(self) -> Reads:
        """As of voiding."""
        return reads_of(self.terms, *reads_of_spendings(self.terms), accounts=frozenset())

    def decide(self, seen: Seen) -> Decision:
        """Give back what remains, if its time is over; the answer says whether it was."""
        order = order_of(seen, self.terms.id)
        totals = totals_of(seen, self.terms.id)
        if totals is None or not totals.remaining:
            return Decision(Answer.of(Ended.DONE))
        if not totals.is_expired(seen.draft.at):
            return Decision(Answer.of(Ended.EARLY))
        *_, rows = _end(seen, self.terms, order, totals, OrderState.EXPIRED, "expired", self.actor)
        return Decision(Answer.of(Ended.DONE), rows)


def authorized(seen: Seen, order_id: UUID) -> tuple[Order, Totals]:
    """An order that can be captured, with its totals.

    Raises:
        PaymentNotFound: the tenant has no such, or it is of another book.
        AuthorizationNotOpen: it cannot.
    """
    order = order_of(seen, order_id)
    check_authorized(order)
    totals = totals_of(seen, order_id)
    if totals is None:
        raise AuthorizationNotOpen("It is authorised elsewhere.", state=order.state)
    return order, totals


def sides(terms: Terms) -> frozenset[str]:
    """The ledger's accounts of the payer and the payee."""
    assert terms.creditor_account is not None
    accounts = (terms.debtor_account, terms.creditor_account)
    return frozenset(ledger_account(account, terms.asset) for account in accounts)


def bank_accounts(terms: Terms) -> RowKeys:
    """The payer's account and the payee's, for a rider's reads."""
    return ((BANK_ACCOUNT, terms.debtor_account), (BANK_ACCOUNT, terms.creditor_account))


def _end(
    seen: Seen,
    terms: Terms,
    order: Order,
    before: Totals,
    state: OrderState,
    reason: str,
    actor: str,
) -> tuple[Order, Totals, tuple[Row, ...]]:
    """Give back what remains.

    An order of which something was captured is captured by that, and not voided: what the payee was
    paid can be refunded and disputed, which nothing that is voided can.
    """
    give_back(seen, order.id)
    totals = before.release()
    released: tuple[Row, ...] = ()
    if totals.captured:
        states = way_to(order, totals.state)
    else:
        states = (state,)
        released = release_spendings(seen, terms)
    order, rows = went(seen, order, *states, actor=actor, reason=reason)
    return order, totals, (*rows, *released, totals_row(seen, totals))


def _check_parties(seen: Seen, terms: Terms, amount: int) -> None:
    assert terms.creditor_account is not None
    at = seen.draft.at
    payer = account_of(seen, terms.debtor_account)
    available = 0
    if terms.asset in payer.assets:
        available = available_on(seen, terms.debtor_account, terms.asset)
    check_can_pay(payer, terms.asset, amount, available, at)
    check_can_receive(account_of(seen, terms.creditor_account), terms.asset, at)


def _check_signed(given: int, needed: int) -> None:
    if given < needed:
        raise SignaturesNeeded(f"It needs {needed} signatures.", needed=needed)
