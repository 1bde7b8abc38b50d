"""The routes of payments."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.kernel.sealed import SubjectRestricted
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.checks import PaymentBlocked, PaymentNeedsReview
from bezant.payments.orders import errors, schemas
from bezant.payments.orders.records import view
from bezant.payments.orders.service import PaymentService
from bezant.payments.rails import NotForRail
from bezant.payments.states import OrderState
from bezant.payments.vop import OF_PROOFS

READ: Final = "orders:read"
WRITE: Final = "orders:write"
REVIEW: Final = "banking:blocks"
"""Who may place blocks may also say that a payment goes, or does not: never who orders it."""

_TAG: Final = "payments"
_PAYMENTS: Final = "/v1/payments"
_PAYMENT: Final = f"{_PAYMENTS}/{{payment}}"
_ANY: Final = "0198c2b4-0000-7000-8000-000000000001"
OF_PAYING: Final[tuple[type[Refusal], ...]] = tuple(
    dict.fromkeys(
        (
            banking.AccountNotActive,
            banking.AccountBlocked,
            banking.AssetNotHeld,
            banking.LimitExceeded,
            banking.OrderingPartyNeeded,
            banking.CounterpartyDenied,
            PaymentBlocked,
            PaymentNeedsReview,
            *OF_POSTINGS,
            *OF_LANES,
        )
    )
)

OF_WAYS: Final[tuple[type[Refusal], ...]] = (
    errors.UnknownDebtorAccount,
    errors.UnknownCreditorAccount,
    errors.CreditorInAnotherBook,
    errors.CreditorIbanInvalid,
    errors.SameAccounts,
    errors.UnknownRail,
    errors.RailUnfit,
    NotForRail,
)

Begin = Callable[[UUID, UUID], None]


class PaymentPath(Struct, frozen=True):
    """A payment."""

    payment: UUID


class Routes:
    """The handlers."""

    def __init__(self, payments: PaymentService, begin: Begin) -> None:
        self._payments = payments
        self._begin = begin

    async def create(self, asked: Writing[Nothing, schemas.NewPayment]) -> Answer:
        """`POST /v1/payments`."""
        answer = await self._payments.create(asked.call, asked.body)
        return self._begun(asked.principal.tenant_id, answer)

    async def page(self, asked: Reading[Nothing, schemas.OfAccount]) -> schemas.Payments:
        """`GET /v1/payments`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            f"{_PAYMENTS}?{query.debtor_account}&{query.direction}",
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._payments.page(
                tenant_id,
                query.debtor_account,
                after=after,
                limit=limit,
                direction=query.direction,
            ),
        )

    async def find(self, asked: Reading[PaymentPath, Nothing]) -> schemas.Payment:
        """`GET /v1/payments/{payment}`."""
        return view(await self._payments.order(asked.principal.tenant_id, asked.path.payment))

    async def transitions(self, asked: Reading[PaymentPath, Nothing]) -> schemas.Transitions:
        """`GET /v1/payments/{payment}/transitions`."""
        return await self._payments.transitions(asked.principal.tenant_id, asked.path.payment)

    async def approvals(self, asked: Reading[PaymentPath, Nothing]) -> schemas.Approvals:
        """`GET /v1/payments/{payment}/approvals`."""
        return await self._payments.approvals(asked.principal.tenant_id, asked.path.payment)

    async def read(self, asked: Reading[PaymentPath, schemas.Reading]) -> schemas.PaymentContent:
        """`GET /v1/payments/{payment}/content`."""
        call = asked.call("payment.read", asked.query.purpose)
        return await self._payments.read(call, asked.path.payment)

    async def approve(self, asked: Writing[PaymentPath, schemas.Signature]) -> Answer:
        """`POST /v1/payments/{payment}/approve`."""
        answer = await self._payments.approve(asked.call, asked.path.payment, asked.body)
        return self._begun(asked.principal.tenant_id, answer)

    def _begun(self, tenant_id: UUID, answer: Answer) -> Answer:
        """The answer, with what it tells of under way."""
        if not (answer.is_refusal or answer.is_replay):
            payment = answer.value(schemas.Payment)
            if payment.state is OrderState.SENDING:
                self._begin(tenant_id, payment.id)
        return answer

    async def withdraw(self, asked: Writing[PaymentPath, schemas.Signature]) -> Answer:
        """`POST /v1/payments/{payment}/withdraw`."""
        return await self._payments.withdraw(asked.call, asked.path.payment, asked.body)

    async def release(self, asked: Writing[PaymentPath, Nothing]) -> Answer:
        """`POST /v1/payments/{payment}/release`."""
        answer = await self._payments.release(asked.call, asked.path.payment)
        return self._begun(asked.principal.tenant_id, answer)

    async def reject(self, asked: Writing[PaymentPath, schemas.Rejection]) -> Answer:
        """`POST /v1/payments/{payment}/reject`."""
        return await self._payments.reject(asked.call, asked.path.payment, asked.body)

    async def cancel(self, asked: Writing[PaymentPath, schemas.Cancellation]) -> Answer:
        """`POST /v1/payments/{payment}/cancel`."""
        return await self._payments.cancel(asked.call, asked.path.payment, asked.body)


def operations(payments: PaymentService, begin: Begin) -> Sequence[Operation]:
    """The operations on payments.

    Args:
        payments: what they do.
        begin: sends the attempt of a tenant's order, beside the request.
    """
    routes = Routes(payments, begin)
    return [*_ordering(routes), *_signing(routes), *_reviewing(routes), *_reading(routes)]


def _ordering(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="create_payment",
            path=_PAYMENTS,
            tag=_TAG,
            summary="Order a payment",
            description=(
                "Limits, blocks and the balance are judged in the commit that takes the order and"
                " moves or reserves the money. Between accounts of this platform it is settled by"
                " then."
            ),
            scope=WRITE,
            action="payment.create",
            body_type=schemas.NewPayment,
            example={
                "debtor_account": _ANY,
                "creditor": {"account_id": "0198c2b4-0000-7000-8000-000000000002"},
                "asset": "EUR",
                "amount": "1250",
            },
            status=201,
            answer_type=schemas.Payment,
            refusals=(
                *OF_WAYS,
                errors.DayOutOfReach,
                banking.MayNotAct,
                banking.SignatureOfAnother,
                *OF_PROOFS,
                *OF_PAYING,
            ),
            handler=routes.create,
        ),
        WriteOperation(
            id="cancel_payment",
            path=f"{_PAYMENT}/cancel",
            tag=_TAG,
            summary="Cancel a payment that waits for signatures, a review or its day",
            description="What it had spent of limits is given back.",
            scope=WRITE,
            action="payment.cancel",
            path_type=PaymentPath,
            body_type=schemas.Cancellation,
            example={"reason": "customer_wish"},
            answer_type=schemas.Payment,
            refusals=(errors.PaymentNotFound, errors.PaymentNotWaiting, *OF_LANES),
            handler=routes.cancel,
        ),
    ]


def _signing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="approve_payment",
            path=f"{_PAYMENT}/approve",
            tag=_TAG,
            summary="Sign a payment for a party who may act for the account",
            description=(
                "With the last signature that its amount needs it is carried out. A person signs as"
                " the party that they are; a server's key vouches for the party that it names."
            ),
            scope=WRITE,
            action="payment.approve",
            path_type=PaymentPath,
            body_type=schemas.Signature,
            example={"party_id": _ANY},
            answer_type=schemas.Payment,
            refusals=(
                errors.PaymentNotFound,
                errors.PaymentNotWaiting,
                banking.MayNotAct,
                banking.SignatureOfAnother,
                banking.AlreadyApproved,
                *OF_PAYING,
            ),
            handler=routes.approve,
        ),
        WriteOperation(
            id="withdraw_payment_signature",
            path=f"{_PAYMENT}/withdraw",
            tag=_TAG,
            summary="Withdraw a signature before the payment is carried out",
            scope=WRITE,
            action="payment.withdraw",
            path_type=PaymentPath,
            body_type=schemas.Signature,
            example={"party_id": _ANY},
            answer_type=schemas.Payment,
            refusals=(
                errors.PaymentNotFound,
                errors.PaymentNotWaiting,
                banking.SignatureOfAnother,
                banking.NotApproved,
                *OF_LANES,
            ),
            handler=routes.withdraw,
        ),
    ]


def _reviewing(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="release_payment",
            path=f"{_PAYMENT}/release",
            tag=_TAG,
            summary="Release a payment that a check wanted looked at",
            description="It is carried out, unless a check forbids it or money is missing by now.",
            scope=REVIEW,
            action="payment.release",
            path_type=PaymentPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.Payment,
            refusals=(
                errors.PaymentNotFound,
                errors.PaymentNotWaiting,
                errors.PaymentOwnReview,
                banking.SignaturesNeeded,
                *OF_PAYING,
            ),
            handler=routes.release,
        ),
        WriteOperation(
            id="reject_payment",
            path=f"{_PAYMENT}/reject",
            tag=_TAG,
            summary="Reject a payment that a check wanted looked at",
            description="What it had spent of limits is given back.",
            scope=REVIEW,
            action="payment.reject",
            path_type=PaymentPath,
            body_type=schemas.Rejection,
            example={"reason": "not_plausible"},
            answer_type=schemas.Payment,
            refusals=(
                errors.PaymentNotFound,
                errors.PaymentNotWaiting,
                errors.PaymentOwnReview,
                *OF_LANES,
            ),
            handler=routes.reject,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_payments",
            path=_PAYMENTS,
            tag=_TAG,
            summary="Your payments, or those from one account, oldest first",
            scope=READ,
            query_type=schemas.OfAccount,
            answer_type=schemas.Payments,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_payment",
            path=_PAYMENT,
            tag=_TAG,
            summary="One payment, without what it says of people",
            scope=READ,
            path_type=PaymentPath,
            answer_type=schemas.Payment,
            refusals=(errors.PaymentNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_payment_transitions",
            path=f"{_PAYMENT}/transitions",
            tag=_TAG,
            summary="How a payment came to its state",
            scope=READ,
            path_type=PaymentPath,
            answer_type=schemas.Transitions,
            refusals=(errors.PaymentNotFound,),
            handler=routes.transitions,
        ),
        ReadOperation(
            id="list_payment_approvals",
            path=f"{_PAYMENT}/approvals",
            tag=_TAG,
            summary="Who signed a payment, and who says so",
            scope=READ,
            path_type=PaymentPath,
            answer_type=schemas.Approvals,
            refusals=(errors.PaymentNotFound,),
            handler=routes.approvals,
        ),
        ReadOperation(
            id="read_payment_content",
            path=f"{_PAYMENT}/content",
            tag=_TAG,
            summary="What a payment says: names, number, reference and text",
            description="The audit log has an entry before the answer is sent.",
            scope="orders:content",
            path_type=PaymentPath,
            query_type=schemas.Reading,
            answer_type=schemas.PaymentContent,
            refusals=(errors.PaymentNotFound, SubjectRestricted),
            handler=routes.read,
        ),
    ]
