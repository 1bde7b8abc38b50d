"""The routes of mandates of direct debits, and of what payers allow."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.banking import BankAccountNotFound
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES
from bezant.payments.direct_debits import errors, mandates, schemas
from bezant.payments.direct_debits.mandate_service import DebitMandateService

READ: Final = "orders:read"
WRITE: Final = "orders:write"

_TAG: Final = "direct debits"
_MANDATES: Final = "/v1/direct-debit-mandates"
_MANDATE: Final = f"{_MANDATES}/{{mandate}}"
_CONTROLS: Final = "/v1/accounts/{account}/direct-debit-controls"
_PAYER_MANDATES: Final = "/v1/accounts/{account}/payer-mandates"
_CREDITOR: Final = "DE98ZZZ09999999999"


class MandatePath(Struct, frozen=True):
    """A mandate."""

    mandate: UUID


class AccountPath(Struct, frozen=True):
    """A payer's account."""

    account: UUID


class Routes:
    """The handlers."""

    def __init__(self, mandates_of: DebitMandateService) -> None:
        self._mandates = mandates_of

    async def sign(self, asked: Writing[Nothing, schemas.NewDebitMandate]) -> Answer:
        """`POST /v1/direct-debit-mandates`."""
        return await self._mandates.sign(asked.call, asked.body)

    async def amend(self, asked: Writing[MandatePath, schemas.MandateAmendment]) -> Answer:
        """`POST /v1/direct-debit-mandates/{mandate}/amend`."""
        return await self._mandates.amend(asked.call, asked.path.mandate, asked.body)

    async def cancel(self, asked: Writing[MandatePath, Nothing]) -> Answer:
        """`POST /v1/direct-debit-mandates/{mandate}/cancel`."""
        return await self._mandates.cancel(asked.call, asked.path.mandate)

    async def find(self, asked: Reading[MandatePath, Nothing]) -> schemas.DebitMandate:
        """`GET /v1/direct-debit-mandates/{mandate}`."""
        held = await self._mandates.held(asked.principal.tenant_id, asked.path.mandate)
        return mandates.view(held)

    async def page(self, asked: Reading[Nothing, schemas.Paged]) -> schemas.DebitMandates:
        """`GET /v1/direct-debit-mandates`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            _MANDATES,
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._mandates.page(tenant_id, after=after, limit=limit),
        )

    async def set_controls(self, asked: Writing[AccountPath, schemas.NewDebitControls]) -> Answer:
        """`PUT /v1/accounts/{account}/direct-debit-controls`."""
        return await self._mandates.set_controls(asked.call, asked.path.account, asked.body)

    async def controls(self, asked: Reading[AccountPath, Nothing]) -> schemas.DebitControls:
        """`GET /v1/accounts/{account}/direct-debit-controls`."""
        return await self._mandates.controls(asked.principal.tenant_id, asked.path.account)

    async def set_standing(
        self, asked: Writing[AccountPath, schemas.PayerMandateStanding]
    ) -> Answer:
        """`POST /v1/accounts/{account}/payer-mandates`."""
        return await self._mandates.set_payer_mandate(asked.call, asked.path.account, asked.body)

    async def standings(self, asked: Reading[AccountPath, schemas.Paged]) -> schemas.PayerMandates:
        """`GET /v1/accounts/{account}/payer-mandates`."""
        tenant_id, account, query = asked.principal.tenant_id, asked.path.account, asked.query
        return await turn_page(
            f"/v1/accounts/{account}/payer-mandates",
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._mandates.payer_mandates(
                tenant_id, account, after=after, limit=limit
            ),
        )


def mandate_operations(mandates_of: DebitMandateService) -> Sequence[Operation]:
    """The operations on mandates, and on what payers allow."""
    routes = Routes(mandates_of)
    return [
        *_of_creditors(routes),
        *_reading(routes),
        *_controlling(routes),
        *_of_payers_mandates(routes),
    ]


def _of_creditors(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="sign_direct_debit_mandate",
            path=_MANDATES,
            tag=_TAG,
            summary="Keep a mandate that a debtor signed for one of your creditors",
            scope=WRITE,
            action="direct_debit_mandate.sign",
            body_type=schemas.NewDebitMandate,
            example={
                "creditor_account": "0198c2b4-0000-7000-8000-000000000001",
                "creditor_id": _CREDITOR,
                "creditor_name": "Example Power",
                "reference": "M-2026-7",
                "debtor": {"name": "Ada Lovelace", "iban": "GB33BUKB20201555555555"},
                "signed_on": "2026-03-02",
            },
            status=201,
            answer_type=schemas.DebitMandate,
            refusals=(
                BankAccountNotFound,
                errors.CreditorIdentifierInvalid,
                errors.CreditorOfAnother,
                errors.DebtorIbanInvalid,
                errors.DebtorUnreachable,
                errors.DebitMandateExists,
                errors.MandateNotUsable,
                *OF_LANES,
            ),
            handler=routes.sign,
        ),
        WriteOperation(
            id="amend_direct_debit_mandate",
            path=f"{_MANDATE}/amend",
            tag=_TAG,
            summary="Amend a mandate; the next collection carries what it was before",
            scope=WRITE,
            action="direct_debit_mandate.amend",
            path_type=MandatePath,
            body_type=schemas.MandateAmendment,
            example={"reference": "M-2026-8"},
            answer_type=schemas.DebitMandate,
            refusals=(
                errors.DebitMandateNotFound,
                errors.DebitMandateEnded,
                errors.DebitMandateExists,
                errors.CreditorIdentifierInvalid,
                errors.CreditorOfAnother,
                errors.DebtorIbanInvalid,
                errors.DebtorUnreachable,
                *OF_LANES,
            ),
            handler=routes.amend,
        ),
        WriteOperation(
            id="cancel_direct_debit_mandate",
            path=f"{_MANDATE}/cancel",
            tag=_TAG,
            summary="Cancel a mandate: nothing is collected under it any more",
            scope=WRITE,
            action="direct_debit_mandate.cancel",
            path_type=MandatePath,
            body_type=Nothing,
            example={},
            answer_type=schemas.DebitMandate,
            refusals=(errors.DebitMandateNotFound, errors.DebitMandateEnded, *OF_LANES),
            handler=routes.cancel,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_direct_debit_mandates",
            path=_MANDATES,
            tag=_TAG,
            summary="The mandates of your creditors, oldest first",
            scope=READ,
            query_type=schemas.Paged,
            answer_type=schemas.DebitMandates,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_direct_debit_mandate",
            path=_MANDATE,
            tag=_TAG,
            summary="One mandate, without what it says of people",
            scope=READ,
            path_type=MandatePath,
            answer_type=schemas.DebitMandate,
            refusals=(errors.DebitMandateNotFound,),
            handler=routes.find,
        ),
    ]


def _controlling(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="set_direct_debit_controls",
            method="PUT",
            path=_CONTROLS,
            tag=_TAG,
            summary="Say what may be collected from an account",
            description="It replaces what was said before, and holds for what is announced too.",
            scope=WRITE,
            action="direct_debit_controls.set",
            path_type=AccountPath,
            body_type=schemas.NewDebitControls,
            example={"creditors": [{"creditor_id": _CREDITOR, "verdict": "deny"}]},
            answer_type=schemas.DebitControls,
            refusals=(
                BankAccountNotFound,
                errors.CreditorIdentifierInvalid,
                errors.CreditorListedTwice,
                *OF_LANES,
            ),
            handler=routes.set_controls,
        ),
        ReadOperation(
            id="get_direct_debit_controls",
            path=_CONTROLS,
            tag=_TAG,
            summary="What may be collected from an account",
            scope=READ,
            path_type=AccountPath,
            answer_type=schemas.DebitControls,
            refusals=(BankAccountNotFound,),
            handler=routes.controls,
        ),
    ]


def _of_payers_mandates(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="set_payer_mandate",
            path=_PAYER_MANDATES,
            tag=_TAG,
            summary="Confirm or stop a mandate, as its payer",
            description=(
                "Nothing is debited in B2B before its payer has confirmed the mandate, which a"
                " natural person cannot."
            ),
            scope=WRITE,
            action="payer_mandate.set",
            path_type=AccountPath,
            body_type=schemas.PayerMandateStanding,
            example={
                "creditor_id": _CREDITOR,
                "reference": "M-2026-7",
                "scheme": "b2b",
                "standing": "confirmed",
            },
            status=201,
            answer_type=schemas.PayerMandateView,
            refusals=(
                BankAccountNotFound,
                errors.CreditorIdentifierInvalid,
                errors.NotForConsumers,
                *OF_LANES,
            ),
            handler=routes.set_standing,
        ),
        ReadOperation(
            id="list_payer_mandates",
            path=_PAYER_MANDATES,
            tag=_TAG,
            summary="The mandates that an account's bank knows",
            scope=READ,
            path_type=AccountPath,
            query_type=schemas.Paged,
            answer_type=schemas.PayerMandates,
            refusals=(BankAccountNotFound, InvalidCursor),
            handler=routes.standings,
        ),
    ]
