"""Paying with a quote: the order and the exchange in one commit."""

from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    FeeEvent,
    SignaturesNeeded,
    account_of,
    available_on,
    charge_payment,
    check_can_pay,
    check_can_receive,
    reads_of_payment_fees,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.ledger.fx import ConvertCurrency, Quote
from bezant.payments.checks import Checks
from bezant.payments.orders.domain import Order
from bezant.payments.orders.records import content_row, went
from bezant.payments.orders.terms import Terms
from bezant.payments.quotes import store
from bezant.payments.quotes.schemas import QuotedPayment
from bezant.payments.states import OrderState

EXCHANGE: Final = "exchange"
"""The rail between two accounts of one book in two assets."""

_ALONE: Final = 1
_EXCHANGE: Final = RowKind("payment_exchange", store.INSERT_EXCHANGES)
_FIELDS: Final = {
    "quote": "quote_id",
    "from_account": "debtor_account",
    "to_account": "creditor_account",
}
"""What the conversion's own fields are named here."""


@RiderKinds.register
class PayWithQuote(msgspec.Struct, frozen=True):
    """`POST /v1/quoted-payments`.

    Attributes:
        terms: the amount is what the quote sells.
        quote: as it stands, which never changes.
        conversion: what carries it out, once.
    """

    terms: Terms
    quote: Quote
    conversion: ConvertCurrency
    content_id: UUID
    content: bytes
    actor: str

    @property
    def weight(self) -> int:
        """The conversion's."""
        return self.conversion.weight

    def reads(self) -> Reads:
        """Both accounts, limits and signatures, and what the conversion looks at."""
        terms, exchange = self.terms, self.conversion.reads()
        fees = reads_of_payment_fees(terms.debtor_account, terms.asset)
        rows = (
            (BANK_ACCOUNT, terms.debtor_account),
            (BANK_ACCOUNT, terms.creditor_account),
            *Checks.reads(terms.asked),
            *terms.signing.reads(),
            *fees.rows,
        )
        return Reads(exchange.accounts | fees.accounts, exchange.transactions, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Exchange and pay.

        Raises:
            QuoteExpired: its time is over.
            QuoteUsed: it was paid with, or converted.
            SignaturesNeeded: more than the one of who orders it.
            LimitExceeded: or whatever else forbids the payment; the quote can be used again.
        """
        terms, at = self.terms, seen.draft.at
        self._check_parties(seen)
        judged = Checks.judge(seen, terms.asked)
        signatures = self._signed(seen)
        try:
            exchanged = self.conversion.decide(seen)
        except Refusal as refusal:
            refusal.field = None if refusal.field is None else _FIELDS.get(refusal.field)
            raise
        order = terms.order(seen, self.actor)
        order, rows = went(seen, order, OrderState.RECEIVED, OrderState.SETTLED, actor=self.actor)
        bought = (self.quote.buy, int(self.quote.buy_amount))
        further = (
            content_row(order.id, self.content_id, "order", self.content, at),
            Row(_EXCHANGE, (order.id, self.quote.id, *bought)),
            *charge_payment(seen, order.payer, order.asset, FeeEvent.PAYMENT_EXCHANGE, order.id),
        )
        answer = Answer.of(view(order, self.quote.id, *bought), 201)
        return Decision(answer, (*judged.rows, *rows, *signatures, *exchanged.rows, *further))

    def _check_parties(self, seen: Seen) -> None:
        terms, at = self.terms, seen.draft.at
        assert terms.creditor_account is not None
        payer = account_of(seen, terms.debtor_account)
        available = 0
        if terms.asset in payer.assets:
            available = available_on(seen, payer.id, terms.asset)
        check_can_pay(payer, terms.asset, terms.amount, available, at)
        check_can_receive(account_of(seen, terms.creditor_account), self.quote.buy, at)

    def _signed(self, seen: Seen) -> tuple[Row, ...]:
        signing, party = self.terms.signing, self.terms.party_id
        signed = (
            signing.standing(seen) if party is None else signing.approve(seen, party, self.actor)
        )
        given = _ALONE if party is None else signed.given
        if given < signed.needed:
            raise SignaturesNeeded(f"It needs {signed.needed} signatures.", needed=signed.needed)
        return signed.rows


def view(order: Order, quote_id: UUID, bought_asset: str, bought: int) -> QuotedPayment:
    """The wire form."""
    assert order.creditor_account is not None
    return QuotedPayment(
        id=order.id,
        quote_id=quote_id,
        state=order.state,
        debtor_account=order.payer,
        creditor_account=order.creditor_account,
        asset=order.asset,
        amount=str(order.amount),
        bought_asset=bought_asset,
        bought=str(bought),
        created_at=order.created_at,
    )
