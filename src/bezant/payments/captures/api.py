"""The routes of authorisations and captures."""

from collections.abc import Sequence
from typing import Final

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.captures import errors, schemas
from bezant.payments.captures.service import CaptureService
from bezant.payments.checks import PaymentBlocked, PaymentNeedsReview
from bezant.payments.fees import errors as fees
from bezant.payments.orders import errors as orders
from bezant.payments.orders.api import READ, WRITE, PaymentPath
from bezant.payments.orders.schemas import Cancellation

_TAG: Final = "payments"
_AUTHORIZATIONS: Final = "/v1/authorizations"
_PAYMENT: Final = "/v1/payments/{payment}"
_PAYER: Final = "0198c2b4-0000-7000-8000-000000000001"
_PAYEE: Final = "0198c2b4-0000-7000-8000-000000000002"
_OF_MOVING: Final[tuple[type[Refusal], ...]] = tuple(
    dict.fromkeys(
        (
            banking.AccountNotActive,
            banking.AccountBlocked,
            banking.AssetNotHeld,
            *OF_POSTINGS,
            *OF_LANES,
        )
    )
)
_OF_OPEN: Final[tuple[type[Refusal], ...]] = (
    orders.PaymentNotFound,
    errors.AuthorizationNotFound,
    errors.AuthorizationNotOpen,
)
_OF_RESERVING: Final[tuple[type[Refusal], ...]] = (
    banking.SignaturesNeeded,
    banking.MayNotAct,
    banking.SignatureOfAnother,
    banking.LimitExceeded,
    banking.OrderingPartyNeeded,
    banking.CounterpartyDenied,
    PaymentBlocked,
    PaymentNeedsReview,
    *_OF_MOVING,
)


class Routes:
    """The handlers."""

    def __init__(self, captures: CaptureService) -> None:
        self._captures = captures

    async def authorize(self, asked: Writing[Nothing, schemas.NewAuthorization]) -> Answer:
        """`POST /v1/authorizations`."""
        return await self._captures.authorize(asked.call, asked.body)

    async def capture(self, asked: Writing[PaymentPath, schemas.NewCapture]) -> Answer:
        """`POST …/captures`."""
        return await self._captures.capture(asked.call, asked.path.payment, asked.body)

    async def increment(self, asked: Writing[PaymentPath, schemas.Increment]) -> Answer:
        """`POST …/increment`."""
        return await self._captures.increment(asked.call, asked.path.payment, asked.body)

    async def void(self, asked: Writing[PaymentPath, Cancellation]) -> Answer:
        """`POST …/void`."""
        return await self._captures.void(asked.call, asked.path.payment, asked.body)

    async def find(self, asked: Reading[PaymentPath, Nothing]) -> schemas.Authorization:
        """`GET /v1/authorizations/{payment}`."""
        return await self._captures.find(asked.principal.tenant_id, asked.path.payment)

    async def page(self, asked: Reading[PaymentPath, Page]) -> schemas.Captures:
        """`GET …/captures`."""
        tenant_id, order_id = asked.principal.tenant_id, asked.path.payment
        return await turn_page(
            f"/v1/payments/{order_id}/captures",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._captures.page(tenant_id, order_id, after=after, limit=limit),
        )


def operations(captures: CaptureService) -> Sequence[Operation]:
    """The operations on authorisations and captures."""
    routes = Routes(captures)
    return [*_authorizing(routes), *_capturing(routes), *_reading(routes)]


def _authorizing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="authorize_payment",
            path=_AUTHORIZATIONS,
            tag=_TAG,
            summary="Reserve a payer's money for a payee, who captures it later",
            description=(
                "Limits, blocks and the balance are judged in the commit that reserves the money."
                " What is not captured in time is the payer's again."
            ),
            scope=WRITE,
            action="payment.authorize",
            body_type=schemas.NewAuthorization,
            example={
                "debtor_account": _PAYER,
                "creditor_account": _PAYEE,
                "asset": "EUR",
                "amount": "10000",
            },
            status=201,
            answer_type=schemas.Authorization,
            refusals=(
                orders.UnknownDebtorAccount,
                orders.UnknownCreditorAccount,
                orders.CreditorInAnotherBook,
                orders.SameAccounts,
                *_OF_RESERVING,
            ),
            handler=routes.authorize,
        ),
        WriteOperation(
            id="increment_authorization",
            path=f"{_PAYMENT}/increment",
            tag=_TAG,
            summary="Reserve more under an authorisation",
            description="It expires when it would have. It can be raised ten times.",
            scope=WRITE,
            action="payment.increment",
            path_type=PaymentPath,
            body_type=schemas.Increment,
            example={"amount": "2500"},
            answer_type=schemas.Authorization,
            refusals=(
                *_OF_OPEN,
                errors.AuthorizationExpired,
                errors.IncrementsExhausted,
                *_OF_RESERVING,
            ),
            handler=routes.increment,
        ),
        WriteOperation(
            id="void_authorization",
            path=f"{_PAYMENT}/void",
            tag=_TAG,
            summary="Give back what was not captured",
            description="A payment of which something was captured is captured by that.",
            scope=WRITE,
            action="payment.void",
            path_type=PaymentPath,
            body_type=Cancellation,
            example={"reason": "out_of_stock"},
            answer_type=schemas.Authorization,
            refusals=(*_OF_OPEN, *_OF_MOVING),
            handler=routes.void,
        ),
    ]


def _capturing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="capture_payment",
            path=f"{_PAYMENT}/captures",
            tag=_TAG,
            summary="Capture an authorised payment, in full or in part",
            description=(
                "The fee, the tax on it and the shares of others leave the payee in the same"
                " transaction: the amount is the sum of these and of what the payee keeps."
            ),
            scope=WRITE,
            action="payment.capture",
            path_type=PaymentPath,
            body_type=schemas.NewCapture,
            example={"amount": "6000"},
            status=201,
            answer_type=schemas.Capture,
            refusals=(
                *_OF_OPEN,
                errors.AuthorizationExpired,
                errors.CaptureAboveAuthorized,
                fees.UnknownFeeSchedule,
                fees.UnknownShareAccount,
                fees.FeeAboveCapture,
                fees.SharesAboveCapture,
                *_OF_MOVING,
            ),
            handler=routes.capture,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="get_authorization",
            path=f"{_AUTHORIZATIONS}/{{payment}}",
            tag=_TAG,
            summary="An authorised payment, with what was captured and refunded of it",
            scope=READ,
            path_type=PaymentPath,
            answer_type=schemas.Authorization,
            refusals=(orders.PaymentNotFound, errors.AuthorizationNotFound),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_captures",
            path=f"{_PAYMENT}/captures",
            tag=_TAG,
            summary="What was captured of a payment, oldest first",
            scope=READ,
            path_type=PaymentPath,
            query_type=Page,
            answer_type=schemas.Captures,
            refusals=(orders.PaymentNotFound, InvalidCursor),
            handler=routes.page,
        ),
    ]
