"""The routes of settlement batches."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant import banking
from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.ledger import OF_LANES, OF_POSTINGS
from bezant.payments.checks import PaymentBlocked, PaymentNeedsReview
from bezant.payments.settlements import errors, schemas
from bezant.payments.settlements.service import SettlementService

_TAG: Final = "payments"
_SEQ: Final = re.compile(r"[0-9]{1,18}")
_OF_ACCOUNT: Final = "/v1/accounts/{account}/settlement-batches"
_BATCH: Final = "/v1/settlement-batches/{batch}"
_OF_SETTLING: Final[tuple[type[Refusal], ...]] = tuple(
    dict.fromkeys(
        (
            banking.BankAccountNotFound,
            errors.NothingToSettle,
            errors.SettledMeanwhile,
            errors.PeriodNotSettleable,
            errors.UnknownPayoutAccount,
            banking.SignaturesNeeded,
            banking.MayNotAct,
            banking.SignatureOfAnother,
            PaymentBlocked,
            PaymentNeedsReview,
            banking.LimitExceeded,
            banking.OrderingPartyNeeded,
            banking.CounterpartyDenied,
            banking.AccountNotActive,
            banking.AccountBlocked,
            banking.AssetNotHeld,
            *OF_POSTINGS,
            *OF_LANES,
        )
    )
)


class AccountPath(Struct, frozen=True):
    """An account whose captures and refunds are settled."""

    account: UUID


class BatchPath(Struct, frozen=True):
    """A settlement batch."""

    batch: UUID


class Routes:
    """The handlers."""

    def __init__(self, settlements: SettlementService) -> None:
        self._settlements = settlements

    async def settle(self, asked: Writing[AccountPath, schemas.NewSettlementBatch]) -> Answer:
        """`POST /v1/accounts/{account}/settlement-batches`."""
        return await self._settlements.settle(asked.call, asked.path.account, asked.body)

    async def page(self, asked: Reading[AccountPath, Page]) -> schemas.SettlementBatches:
        """`GET /v1/accounts/{account}/settlement-batches`."""
        tenant_id, account_id = asked.principal.tenant_id, asked.path.account
        return await turn_page(
            f"/v1/accounts/{account_id}/settlement-batches",
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._settlements.page(
                tenant_id, account_id, after=after, limit=limit
            ),
        )

    async def find(self, asked: Reading[BatchPath, Nothing]) -> schemas.SettlementBatch:
        """`GET /v1/settlement-batches/{batch}`."""
        return await self._settlements.find(asked.principal.tenant_id, asked.path.batch)

    async def items(self, asked: Reading[BatchPath, Page]) -> schemas.SettlementItems:
        """`GET /v1/settlement-batches/{batch}/items`."""
        tenant_id, batch_id = asked.principal.tenant_id, asked.path.batch
        return await turn_page(
            f"/v1/settlement-batches/{batch_id}/items",
            asked.query,
            _SEQ,
            lambda after, limit: self._settlements.items(
                tenant_id, batch_id, after=after, limit=limit
            ),
        )


def operations(settlements: SettlementService) -> Sequence[Operation]:
    """The operations on settlement batches."""
    routes = Routes(settlements)
    return [
        WriteOperation(
            id="settle_account",
            path=_OF_ACCOUNT,
            tag=_TAG,
            summary="Settle what was captured and refunded for an account",
            description=(
                "Every capture and refund is in exactly one batch, in the ledger's order. The net"
                " is paid out in the commit that makes the batch, if every check allows it."
            ),
            scope="orders:write",
            action="settlement_batch.create",
            path_type=AccountPath,
            body_type=schemas.NewSettlementBatch,
            example={"asset": "EUR"},
            status=201,
            answer_type=schemas.SettlementBatch,
            refusals=_OF_SETTLING,
            handler=routes.settle,
        ),
        ReadOperation(
            id="list_settlement_batches",
            path=_OF_ACCOUNT,
            tag=_TAG,
            summary="An account's settlement batches, oldest first",
            scope="orders:read",
            path_type=AccountPath,
            query_type=Page,
            answer_type=schemas.SettlementBatches,
            refusals=(banking.BankAccountNotFound, InvalidCursor),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_settlement_batch",
            path=_BATCH,
            tag=_TAG,
            summary="One settlement batch",
            scope="orders:read",
            path_type=BatchPath,
            answer_type=schemas.SettlementBatch,
            refusals=(errors.SettlementBatchNotFound,),
            handler=routes.find,
        ),
        ReadOperation(
            id="list_settlement_items",
            path=f"{_BATCH}/items",
            tag=_TAG,
            summary="The statement of a settlement batch: its captures and refunds",
            scope="orders:read",
            path_type=BatchPath,
            query_type=Page,
            answer_type=schemas.SettlementItems,
            refusals=(errors.SettlementBatchNotFound, InvalidCursor),
            handler=routes.items,
        ),
    ]
