"""The routes of verifications of payees."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.sealed import SubjectRestricted
from bezant.payments.vop import errors, schemas
from bezant.payments.vop.service import VerificationService

WRITE: Final = "orders:write"
CONTENT: Final = "orders:content"

_TAG: Final = "payees"
_VERIFICATIONS: Final = "/v1/payee-verifications"
_ANY: Final = "0198c2b4-0000-7000-8000-000000000001"
_IBAN: Final = "DE89370400440532013000"


class VerificationPath(Struct, frozen=True):
    """A verification."""

    verification: UUID


class Routes:
    """The handlers."""

    def __init__(self, payees: VerificationService) -> None:
        self._payees = payees

    async def verify(self, asked: Writing[Nothing, schemas.NewVerification]) -> Answer:
        """`POST /v1/payee-verifications`."""
        return await self._payees.verify(asked.call, asked.body)

    async def verify_all(self, asked: Writing[Nothing, schemas.NewVerifications]) -> Answer:
        """`POST /v1/payee-verifications/batch`."""
        return await self._payees.verify_all(asked.call, asked.body)

    async def read(
        self, asked: Reading[VerificationPath, schemas.Reading]
    ) -> schemas.VerificationRecord:
        """`GET /v1/payee-verifications/{verification}`."""
        call = asked.call("payee_verification.read", asked.query.purpose)
        return await self._payees.read(call, asked.path.verification)


def operations(payees: VerificationService) -> Sequence[Operation]:
    """The operations on verifications of payees."""
    routes = Routes(payees)
    return [
        WriteOperation(
            id="verify_payee",
            path=_VERIFICATIONS,
            tag=_TAG,
            summary="Ask whether a name belongs to an account, before paying to it",
            description=(
                "The payee's bank is asked, for five seconds at most. Show the payer what it says,"
                " the name at a close match included, before they order the payment."
            ),
            scope=WRITE,
            action="payee.verify",
            body_type=schemas.NewVerification,
            example={"debtor_account": _ANY, "iban": _IBAN, "name": "Ada Lovelace"},
            status=201,
            answer_type=schemas.Verification,
            refusals=(errors.UnknownPayerAccount, errors.PayeeIbanInvalid),
            handler=routes.verify,
        ),
        WriteOperation(
            id="verify_payees",
            path=f"{_VERIFICATIONS}/batch",
            tag=_TAG,
            summary="The same of several payees at once",
            description="Who does not answer within 15 seconds is `not_possible`.",
            scope=WRITE,
            action="payee.verify_all",
            body_type=schemas.NewVerifications,
            example={"debtor_account": _ANY, "payees": [{"iban": _IBAN, "name": "Ada Lovelace"}]},
            status=201,
            answer_type=schemas.Verifications,
            refusals=(errors.UnknownPayerAccount, errors.PayeeIbanInvalid),
            handler=routes.verify_all,
        ),
        ReadOperation(
            id="read_payee_verification",
            path=f"{_VERIFICATIONS}/{{verification}}",
            tag=_TAG,
            summary="What was asked, what the payer was shown, and what they ordered on it",
            description="The audit log has an entry before the answer is sent.",
            scope=CONTENT,
            path_type=VerificationPath,
            query_type=schemas.Reading,
            answer_type=schemas.VerificationRecord,
            refusals=(errors.VerificationNotFound, SubjectRestricted),
            handler=routes.read,
        ),
    ]
