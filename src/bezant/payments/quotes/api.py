"""The routes of quotes to customers, and of payments with them."""

from collections.abc import Sequence
from typing import Final

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.ledger import OF_LANES, OF_POSTINGS, BookNotFound, UnknownAsset, fx
from bezant.payments.checks import PaymentBlocked, PaymentNeedsReview
from bezant.payments.orders import errors as orders
from bezant.payments.orders.api import READ, WRITE, PaymentPath
from bezant.payments.quotes import schemas
from bezant.payments.quotes.errors import QuotedPaymentNotFound
from bezant.payments.quotes.service import QuoteService

_TAG: Final = "payments"
_QUOTES: Final = "/v1/quotes"
_PAYMENTS: Final = "/v1/quoted-payments"
_ANY: Final = "0198c2b4-0000-7000-8000-000000000001"
_OF_PAYING: Final[tuple[type[Refusal], ...]] = tuple(
    dict.fromkeys(
        (
            orders.UnknownDebtorAccount,
            orders.UnknownCreditorAccount,
            orders.CreditorInAnotherBook,
            fx.UnknownQuote,
            fx.QuoteExpired,
            fx.QuoteUsed,
            fx.FxNotSetUp,
            fx.FxAmountOutOfRange,
            banking.SignaturesNeeded,
            banking.MayNotAct,
            banking.SignatureOfAnother,
            banking.LimitExceeded,
            banking.OrderingPartyNeeded,
            banking.CounterpartyDenied,
            PaymentBlocked,
            PaymentNeedsReview,
            banking.AccountNotActive,
            banking.AccountBlocked,
            banking.AssetNotHeld,
            *OF_POSTINGS,
            *OF_LANES,
        )
    )
)


class Routes:
    """The handlers."""

    def __init__(self, quotes: QuoteService) -> None:
        self._quotes = quotes

    async def quote(self, asked: Writing[Nothing, schemas.NewCustomerQuote]) -> Answer:
        """`POST /v1/quotes`."""
        return await self._quotes.quote(asked.call, asked.body)

    async def pay(self, asked: Writing[Nothing, schemas.NewQuotedPayment]) -> Answer:
        """`POST /v1/quoted-payments`."""
        return await self._quotes.pay(asked.call, asked.body)

    async def find(self, asked: Reading[PaymentPath, Nothing]) -> schemas.QuotedPayment:
        """`GET /v1/quoted-payments/{payment}`."""
        return await self._quotes.find(asked.principal.tenant_id, asked.path.payment)


def operations(quotes: QuoteService) -> Sequence[Operation]:
    """The operations on quotes to customers."""
    routes = Routes(quotes)
    return [
        WriteOperation(
            id="quote_payment",
            path=_QUOTES,
            tag=_TAG,
            summary="Quote an exchange to a customer, from the rates of their account's book",
            description="It stands until it expires, and is paid with once.",
            scope=WRITE,
            action="quote.create",
            body_type=schemas.NewCustomerQuote,
            example={"debtor_account": _ANY, "sell": "EUR", "buy": "USD", "sell_amount": "10000"},
            status=201,
            answer_type=fx.Quote,
            refusals=(
                orders.UnknownDebtorAccount,
                BookNotFound,
                UnknownAsset,
                fx.FxNotSetUp,
                fx.SameAsset,
                fx.RateUnknown,
                fx.FxAmountOutOfRange,
            ),
            handler=routes.quote,
        ),
        WriteOperation(
            id="pay_with_quote",
            path=_PAYMENTS,
            tag=_TAG,
            summary="Pay with a quote, from an account to one of another asset",
            description=(
                "What the quote sells leaves the payer, what it buys comes to the payee, and both"
                " positions of the book change, in the commit that takes the order."
            ),
            scope=WRITE,
            action="payment.pay_with_quote",
            body_type=schemas.NewQuotedPayment,
            example={"quote_id": _ANY, "debtor_account": _ANY, "creditor_account": _ANY},
            status=201,
            answer_type=schemas.QuotedPayment,
            refusals=_OF_PAYING,
            handler=routes.pay,
        ),
        ReadOperation(
            id="get_quoted_payment",
            path=f"{_PAYMENTS}/{{payment}}",
            tag=_TAG,
            summary="A payment between two assets",
            scope=READ,
            path_type=PaymentPath,
            answer_type=schemas.QuotedPayment,
            refusals=(QuotedPaymentNotFound,),
            handler=routes.find,
        ),
    ]
