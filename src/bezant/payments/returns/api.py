"""The routes of recalls and claims."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.direct_debits.errors import ReasonUnfit
from bezant.payments.orders.errors import PaymentNotFound
from bezant.payments.returns import errors, schemas
from bezant.payments.returns.claims import ClaimService
from bezant.payments.returns.recalls import RecallService
from bezant.payments.returns.records import view

_READ: Final = "orders:read"
_WRITE: Final = "orders:write"
_TAG: Final = "payments"
_PAYMENT: Final = "/v1/payments/{payment}"
_RECALLS: Final = "/v1/recalls"
_RECALL: Final = f"{_RECALLS}/{{recall}}"


class PaymentPath(Struct, frozen=True):
    """A payment."""

    payment: UUID


class RecallPath(Struct, frozen=True):
    """A recall."""

    recall: UUID


class Routes:
    """The handlers."""

    def __init__(self, recalls: RecallService, claims: ClaimService) -> None:
        self._recalls = recalls
        self._claims = claims

    async def ask(self, asked: Writing[PaymentPath, schemas.NewRecall]) -> Answer:
        """`POST /v1/payments/{payment}/recall`."""
        return await self._recalls.ask(asked.call, asked.path.payment, asked.body)

    async def claim(self, asked: Writing[PaymentPath, schemas.NewClaim]) -> Answer:
        """`POST /v1/payments/{payment}/unauthorised`."""
        return await self._claims.claim(asked.call, asked.path.payment, asked.body)

    async def answer(self, asked: Writing[RecallPath, schemas.RecallAnswer]) -> Answer:
        """`POST /v1/recalls/{recall}/answer`."""
        return await self._recalls.answer(asked.call, asked.path.recall, asked.body)

    async def find(self, asked: Reading[RecallPath, Nothing]) -> schemas.RecallCase:
        """`GET /v1/recalls/{recall}`."""
        return view(await self._recalls.case(asked.principal.tenant_id, asked.path.recall))

    async def page(self, asked: Reading[Nothing, schemas.RecallsAsked]) -> schemas.Recalls:
        """`GET /v1/recalls`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            _RECALLS,
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._recalls.page(tenant_id, after=after, limit=limit),
        )


def operations(recalls: RecallService, claims: ClaimService) -> Sequence[Operation]:
    """The operations on recalls and claims."""
    routes = Routes(recalls, claims)
    return [*_asking(routes), *_answering(routes)]


def _asking(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="recall_payment",
            path=f"{_PAYMENT}/recall",
            tag=_TAG,
            summary="Ask the payee's bank for the money of a payment",
            description=(
                "Duplicates and technical errors within ten business days; fraud, a wrong account,"
                " a wrong amount and the payer's own wish within 13 months. The money comes back as"
                " a return, or a refusal comes."
            ),
            scope=_WRITE,
            action="payment.recall",
            path_type=PaymentPath,
            body_type=schemas.NewRecall,
            example={"reason": "DUPL"},
            status=201,
            answer_type=schemas.RecallCase,
            refusals=(
                PaymentNotFound,
                errors.RailReturnsNothing,
                errors.PaymentNotRecallable,
                errors.RecallTooLate,
                errors.RecallOpen,
                *OF_LANES,
            ),
            handler=routes.ask,
        ),
        WriteOperation(
            id="claim_payment_unauthorised",
            path=f"{_PAYMENT}/unauthorised",
            tag=_TAG,
            summary="Refund a payment that the payer did not authorise",
            description=(
                "At once, or by itself as the next business day begins: what was paid of it and"
                " neither refunded nor returned. What comes back of the payment later, or is"
                " refunded, is the institution's, up to what it refunded. An authorisation of which"
                " more can be captured is voided first."
            ),
            scope=_WRITE,
            action="payment.claim",
            path_type=PaymentPath,
            body_type=schemas.NewClaim,
            example={"refund": "now"},
            status=201,
            answer_type=schemas.Claim,
            refusals=(
                PaymentNotFound,
                errors.PaymentNotRecallable,
                errors.PaymentClaimed,
                banking.BankAccountNotFound,
                *OF_POSTINGS,
                *OF_LANES,
            ),
            handler=routes.claim,
        ),
    ]


def _answering(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_recalls",
            path=_RECALLS,
            tag=_TAG,
            summary="Recalls, ours and other banks'",
            scope=_READ,
            query_type=schemas.RecallsAsked,
            answer_type=schemas.Recalls,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_recall",
            path=_RECALL,
            tag=_TAG,
            summary="One recall, and by when it is to be answered",
            scope=_READ,
            path_type=RecallPath,
            answer_type=schemas.RecallCase,
            refusals=(errors.RecallNotFound,),
            handler=routes.find,
        ),
        WriteOperation(
            id="answer_recall",
            path=f"{_RECALL}/answer",
            tag=_TAG,
            summary="Give the money of a credit back, or refuse to",
            description=(
                "The money leaves the account with this answer; the other bank is told. A refusal"
                " says why in a code of the scheme."
            ),
            scope=_WRITE,
            action="recall.answer",
            path_type=RecallPath,
            body_type=schemas.RecallAnswer,
            example={"answer": "refuse", "code": "CUST"},
            answer_type=schemas.RecallCase,
            refusals=(
                errors.RecallNotFound,
                errors.RecallNotWaiting,
                errors.RailReturnsNothing,
                errors.PaymentNotRecallable,
                ReasonUnfit,
                *OF_POSTINGS,
                *OF_LANES,
            ),
            handler=routes.answer,
        ),
    ]
