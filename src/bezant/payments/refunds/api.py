"""The routes of refunds and disputes."""

from collections.abc import Sequence
from typing import Final

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.captures.errors import RefundAboveCaptured
from bezant.payments.orders.api import READ, WRITE, PaymentPath
from bezant.payments.orders.errors import PaymentNotFound
from bezant.payments.orders.schemas import Payment
from bezant.payments.refunds import errors, schemas
from bezant.payments.refunds.service import RefundService

_TAG: Final = "payments"
_PAYMENT: Final = "/v1/payments/{payment}"
_OF_PAYING_BACK: Final[tuple[type[Refusal], ...]] = tuple(
    dict.fromkeys(
        (
            PaymentNotFound,
            errors.PaymentNotRefundable,
            RefundAboveCaptured,
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

    def __init__(self, refunds: RefundService) -> None:
        self._refunds = refunds

    async def refund(self, asked: Writing[PaymentPath, schemas.NewRefund]) -> Answer:
        """`POST …/refunds`."""
        return await self._refunds.refund(asked.call, asked.path.payment, asked.body)

    async def dispute(self, asked: Writing[PaymentPath, schemas.NewDispute]) -> Answer:
        """`POST …/dispute`."""
        return await self._refunds.dispute(asked.call, asked.path.payment, asked.body)

    async def resolve(self, asked: Writing[PaymentPath, schemas.DisputeResolution]) -> Answer:
        """`POST …/dispute/resolve`."""
        return await self._refunds.resolve(asked.call, asked.path.payment, asked.body)

    async def page(self, asked: Reading[PaymentPath, Page]) -> schemas.Refunds:
        """`GET …/refunds`."""
        tenant_id, order_id = asked.principal.tenant_id, asked.path.payment
        return await turn_page(
            f"/v1/payments/{order_id}/refunds",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._refunds.page(tenant_id, order_id, after=after, limit=limit),
        )


def operations(refunds: RefundService) -> Sequence[Operation]:
    """The operations on refunds and disputes."""
    routes = Routes(refunds)
    return [*_refunding(routes), *_disputing(routes)]


def _refunding(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="refund_payment",
            path=f"{_PAYMENT}/refunds",
            tag=_TAG,
            summary="Pay the payer back, in full or in part",
            description=(
                "All refunds of a payment come to what was captured of it at the most. The payee"
                " pays them; fees and shares of others are not given back."
            ),
            scope=WRITE,
            action="payment.refund",
            path_type=PaymentPath,
            body_type=schemas.NewRefund,
            example={"amount": "1000", "reason": "goods_returned"},
            status=201,
            answer_type=schemas.Refund,
            refusals=(*_OF_PAYING_BACK, errors.PaymentDisputed),
            handler=routes.refund,
        ),
        ReadOperation(
            id="list_refunds",
            path=f"{_PAYMENT}/refunds",
            tag=_TAG,
            summary="What was paid back of a payment, oldest first",
            scope=READ,
            path_type=PaymentPath,
            query_type=Page,
            answer_type=schemas.Refunds,
            refusals=(PaymentNotFound, InvalidCursor),
            handler=routes.page,
        ),
    ]


def _disputing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="dispute_payment",
            path=f"{_PAYMENT}/dispute",
            tag=_TAG,
            summary="Mark a payment as disputed by its payer",
            description="Nothing of it is refunded until the dispute is resolved.",
            scope=WRITE,
            action="payment.dispute",
            path_type=PaymentPath,
            body_type=schemas.NewDispute,
            example={"reason": "not_delivered"},
            answer_type=Payment,
            refusals=(
                PaymentNotFound,
                errors.PaymentDisputed,
                errors.PaymentNotDisputable,
                *OF_LANES,
            ),
            handler=routes.dispute,
        ),
        WriteOperation(
            id="resolve_payment_dispute",
            path=f"{_PAYMENT}/dispute/resolve",
            tag=_TAG,
            summary="Resolve a dispute, for the payee or for the payer",
            description="A dispute that is lost pays back all that was not paid back before.",
            scope=WRITE,
            action="payment.resolve_dispute",
            path_type=PaymentPath,
            body_type=schemas.DisputeResolution,
            example={"outcome": "won", "reason": "proof_of_delivery"},
            answer_type=Payment,
            refusals=(errors.PaymentNotDisputed, *_OF_PAYING_BACK),
            handler=routes.resolve,
        ),
    ]
