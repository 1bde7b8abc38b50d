"""The route of what people find out."""

from collections.abc import Sequence
from typing import Final

from bezant.kernel.calls import Answer
from bezant.kernel.http import Operation, WriteOperation, Writing
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.executing.resolving import Resolution, ResolutionService
from bezant.payments.orders import errors, schemas
from bezant.payments.orders.api import REVIEW, PaymentPath

_PATH: Final = "/v1/payments/{payment}/resolve"


def operations(resolutions: ResolutionService) -> Sequence[Operation]:
    """Ending what no scheme answers."""

    async def resolve(asked: Writing[PaymentPath, Resolution]) -> Answer:
        return await resolutions.resolve(asked.call, asked.path.payment, asked.body)

    return [
        WriteOperation(
            id="resolve_payment",
            path=_PATH,
            tag="payments",
            summary="Say what became of a payment that has no answer",
            description=(
                "For those that are `pending`, `unknown` or `in_doubt`: a rail's reservation ends"
                " with the scheme's answer, or so. For people it takes two."
            ),
            scope=REVIEW,
            action="payment.resolve",
            path_type=PaymentPath,
            body_type=Resolution,
            example={"outcome": "rejected", "reason": "not_on_the_statement"},
            answer_type=schemas.Payment,
            refusals=(
                errors.PaymentNotFound,
                errors.PaymentNotWaiting,
                errors.PaymentOwnReview,
                *OF_POSTINGS,
                *OF_LANES,
            ),
            handler=resolve,
        )
    ]
