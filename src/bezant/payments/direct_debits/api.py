"""The routes of direct debits."""

from collections.abc import Sequence
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
from bezant.payments.direct_debits import errors, schemas
from bezant.payments.direct_debits.creditor_api import creditor_operations
from bezant.payments.direct_debits.creditors import CreditorService
from bezant.payments.direct_debits.mandate_api import mandate_operations
from bezant.payments.direct_debits.records import view
from bezant.payments.direct_debits.service import DirectDebitService
from bezant.payments.rails import NotForRail

READ: Final = "orders:read"
WRITE: Final = "orders:write"

_TAG: Final = "direct debits"
_DEBITS: Final = "/v1/direct-debits"
_DEBIT: Final = f"{_DEBITS}/{{debit}}"
_OF_ENDING: Final[tuple[type[Refusal], ...]] = (
    errors.DirectDebitNotFound,
    errors.DirectDebitState,
    *OF_LANES,
)
_OF_BACK: Final[tuple[type[Refusal], ...]] = tuple(
    dict.fromkeys((*_OF_ENDING, banking.BankAccountNotFound, *OF_POSTINGS))
)


class DebitPath(Struct, frozen=True):
    """A direct debit."""

    debit: UUID


class Routes:
    """The handlers."""

    def __init__(self, debits: DirectDebitService) -> None:
        self._debits = debits

    async def create(self, asked: Writing[Nothing, schemas.NewDebit]) -> Answer:
        """`POST /v1/direct-debits`."""
        return await self._debits.create(asked.call, asked.body)

    async def cancel(self, asked: Writing[DebitPath, schemas.DebitReason]) -> Answer:
        """`POST /v1/direct-debits/{debit}/cancel`."""
        return await self._debits.cancel(asked.call, asked.path.debit, asked.body)

    async def refuse(self, asked: Writing[DebitPath, Nothing]) -> Answer:
        """`POST /v1/direct-debits/{debit}/refuse`."""
        return await self._debits.refuse(asked.call, asked.path.debit)

    async def refund(self, asked: Writing[DebitPath, schemas.RefundAsked]) -> Answer:
        """`POST /v1/direct-debits/{debit}/refund`."""
        return await self._debits.refund(asked.call, asked.path.debit, asked.body)

    async def give_back(self, asked: Writing[DebitPath, schemas.DebitReason]) -> Answer:
        """`POST /v1/direct-debits/{debit}/return`."""
        return await self._debits.give_back(asked.call, asked.path.debit, asked.body)

    async def reverse(self, asked: Writing[DebitPath, schemas.DebitReason]) -> Answer:
        """`POST /v1/direct-debits/{debit}/reverse`."""
        return await self._debits.reverse(asked.call, asked.path.debit, asked.body)

    async def page(self, asked: Reading[Nothing, schemas.DebitsOf]) -> schemas.DirectDebits:
        """`GET /v1/direct-debits`."""
        tenant_id, query = asked.principal.tenant_id, asked.query
        return await turn_page(
            f"{_DEBITS}?{query.debtor_account}&{query.creditor_account}",
            Page(query.cursor, query.limit),
            UUID_POSITION,
            lambda after, limit: self._debits.page(tenant_id, query, after=after, limit=limit),
        )

    async def find(self, asked: Reading[DebitPath, Nothing]) -> schemas.DirectDebit:
        """`GET /v1/direct-debits/{debit}`."""
        return view(await self._debits.debit(asked.principal.tenant_id, asked.path.debit))

    async def steps(self, asked: Reading[DebitPath, Nothing]) -> schemas.DebitSteps:
        """`GET /v1/direct-debits/{debit}/steps`."""
        return await self._debits.steps(asked.principal.tenant_id, asked.path.debit)

    async def read(self, asked: Reading[DebitPath, schemas.Reading]) -> schemas.DebitContent:
        """`GET /v1/direct-debits/{debit}/content`."""
        call = asked.call("direct_debit.read", asked.query.purpose)
        return await self._debits.read(call, asked.path.debit)


def operations(debits: DirectDebitService, creditors: CreditorService) -> Sequence[Operation]:
    """The operations on creditors, mandates, collections, and what payers allow."""
    routes = Routes(debits)
    return [
        *creditor_operations(creditors),
        *mandate_operations(debits.mandates),
        _announcing(routes),
        *_before_settlement(routes),
        *_after_settlement(routes),
        *_reading(routes),
    ]


def _announcing(routes: Routes) -> Operation:
    return WriteOperation(
        id="create_direct_debit",
        path=_DEBITS,
        tag=_TAG,
        summary="Announce a collection under a mandate",
        description=(
            "The payer sees it at once. It settles on its due date, or on the next day that"
            " TARGET is open; its debtor's bank is given it one business day before."
        ),
        scope=WRITE,
        action="direct_debit.create",
        body_type=schemas.NewDebit,
        example={
            "mandate_id": "0198c2b4-0000-7000-8000-000000000001",
            "asset": "EUR",
            "amount": "1999",
            "due_on": "2027-01-04",
        },
        status=201,
        answer_type=schemas.DirectDebit,
        refusals=(
            errors.DebitMandateNotFound,
            errors.DebitMandateEnded,
            errors.MandateNotUsable,
            errors.CreditorUnregistered,
            errors.CreditorOfAnother,
            errors.NoticeTooShort,
            NotForRail,
            banking.BankAccountNotFound,
            banking.AccountNotActive,
            banking.AccountBlocked,
            banking.AssetNotHeld,
            *OF_LANES,
        ),
        handler=routes.create,
    )


def _before_settlement(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="cancel_direct_debit",
            path=f"{_DEBIT}/cancel",
            tag=_TAG,
            summary="Cancel a collection before it settles, as its creditor",
            description=(
                "What the debtor's bank has is stopped by the scheme, which is asked: it stays"
                " `presented` until there is an answer, and settles where it is too late."
            ),
            scope=WRITE,
            action="direct_debit.cancel",
            path_type=DebitPath,
            body_type=schemas.DebitReason,
            example={"code": "CUST"},
            answer_type=schemas.DirectDebit,
            refusals=(errors.NotTheCreditor, errors.ReasonUnfit, *_OF_ENDING),
            handler=routes.cancel,
        ),
        WriteOperation(
            id="refuse_direct_debit",
            path=f"{_DEBIT}/refuse",
            tag=_TAG,
            summary="Refuse a collection before it is debited, as its debtor",
            scope=WRITE,
            action="direct_debit.refuse",
            path_type=DebitPath,
            body_type=Nothing,
            example={},
            answer_type=schemas.DirectDebit,
            refusals=(errors.NotTheDebtor, *_OF_ENDING),
            handler=routes.refuse,
        ),
    ]


def _after_settlement(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="refund_direct_debit",
            path=f"{_DEBIT}/refund",
            tag=_TAG,
            summary="Refund a collection to its debtor",
            description=(
                "In Core for eight weeks without a reason, and for thirteen months where there was"
                " no mandate. The debtor has the money at once; what the creditor lacks of it is a"
                " receivable of the institution."
            ),
            scope=WRITE,
            action="direct_debit.refund",
            path_type=DebitPath,
            body_type=schemas.RefundAsked,
            example={"unauthorised": False},
            answer_type=schemas.DirectDebit,
            refusals=(errors.NotTheDebtor, errors.RefundNotDue, errors.ReasonUnfit, *_OF_BACK),
            handler=routes.refund,
        ),
        WriteOperation(
            id="return_direct_debit",
            path=f"{_DEBIT}/return",
            tag=_TAG,
            summary="Return a collection, as its debtor's bank",
            scope=WRITE,
            action="direct_debit.return",
            path_type=DebitPath,
            body_type=schemas.DebitReason,
            example={"code": "MD07"},
            answer_type=schemas.DirectDebit,
            refusals=(errors.NotTheDebtor, errors.BackTooLate, errors.ReasonUnfit, *_OF_BACK),
            handler=routes.give_back,
        ),
        WriteOperation(
            id="reverse_direct_debit",
            path=f"{_DEBIT}/reverse",
            tag=_TAG,
            summary="Reverse a collection, as its creditor",
            scope=WRITE,
            action="direct_debit.reverse",
            path_type=DebitPath,
            body_type=schemas.DebitReason,
            example={"code": "AM05"},
            answer_type=schemas.DirectDebit,
            refusals=(errors.NotTheCreditor, errors.BackTooLate, errors.ReasonUnfit, *_OF_BACK),
            handler=routes.reverse,
        ),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_direct_debits",
            path=_DEBITS,
            tag=_TAG,
            summary="Your collections, or those from one account, or to one",
            description="Those from an account tell its payer what will be debited, and when.",
            scope=READ,
            query_type=schemas.DebitsOf,
            answer_type=schemas.DirectDebits,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_direct_debit",
            path=_DEBIT,
            tag=_TAG,
            summary="One collection, without what it says of people",
            scope=READ,
            path_type=DebitPath,
            answer_type=schemas.DirectDebit,
            refusals=(errors.DirectDebitNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_direct_debit_steps",
            path=f"{_DEBIT}/steps",
            tag=_TAG,
            summary="How a collection came to its state",
            scope=READ,
            path_type=DebitPath,
            answer_type=schemas.DebitSteps,
            refusals=(errors.DirectDebitNotFound,),
            handler=routes.steps,
        ),
        ReadOperation(
            id="read_direct_debit_content",
            path=f"{_DEBIT}/content",
            tag=_TAG,
            summary="What a collection says: names, numbers, mandate and text",
            description="The audit log has an entry before the answer is sent.",
            scope="orders:content",
            path_type=DebitPath,
            query_type=schemas.Reading,
            answer_type=schemas.DebitContent,
            refusals=(errors.DirectDebitNotFound, SubjectRestricted),
            handler=routes.read,
        ),
    ]
