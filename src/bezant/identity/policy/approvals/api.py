"""The routes of approvals."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.policy.approvals.errors import ApprovalNotFound, ApprovalOver, OwnRequest
from bezant.identity.policy.approvals.schemas import (
    Approval,
    Approvals,
    ApprovalState,
    NewApproval,
)
from bezant.identity.policy.approvals.service import ApprovalService, MayDo
from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page

READ: Final = "approvals:read"
WRITE: Final = "approvals:write"

_APPROVALS: Final = "/v1/approvals"
_APPROVAL: Final = f"{_APPROVALS}/{{approval}}"


class ApprovalPath(Struct, frozen=True):
    """An approval."""

    approval: UUID


class Routes:
    """The handlers."""

    def __init__(self, approvals: ApprovalService, may: MayDo) -> None:
        self._approvals = approvals
        self._may = may

    async def request(self, asked: Writing[Nothing, NewApproval]) -> Answer:
        """`POST /v1/approvals`."""
        return await self._approvals.request(asked.call, asked.principal, asked.body)

    async def page(self, asked: Reading[Nothing, Page]) -> Approvals:
        """`GET /v1/approvals`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _APPROVALS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._approvals.page(tenant_id, after=after, limit=limit),
        )

    async def read(self, asked: Reading[ApprovalPath, Nothing]) -> Approval:
        """`GET /v1/approvals/{approval}`."""
        return await self._approvals.find(asked.principal.tenant_id, asked.path.approval)

    async def approve(self, asked: Writing[ApprovalPath, Nothing]) -> Answer:
        """`POST /v1/approvals/{approval}/approve`."""
        return await self._decide(asked, ApprovalState.APPROVED)

    async def refuse(self, asked: Writing[ApprovalPath, Nothing]) -> Answer:
        """`POST /v1/approvals/{approval}/refuse`."""
        return await self._decide(asked, ApprovalState.REFUSED)

    async def _decide(self, asked: Writing[ApprovalPath, Nothing], state: ApprovalState) -> Answer:
        return await self._approvals.decide(
            asked.call, asked.principal, asked.path.approval, state, self._may
        )


def operations(approvals: ApprovalService, may: MayDo) -> Sequence[Operation]:
    """The operations on approvals.

    Args:
        approvals: of every tenant.
        may: whether somebody could do by themselves what they are to approve.
    """
    routes = Routes(approvals, may)
    return [
        _request(routes),
        ReadOperation(
            id="list_approvals",
            path=_APPROVALS,
            tag="approvals",
            summary="Approvals, oldest first",
            scope=READ,
            query_type=Page,
            answer_type=Approvals,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="read_approval",
            path=_APPROVAL,
            tag="approvals",
            summary="An approval",
            scope=READ,
            path_type=ApprovalPath,
            answer_type=Approval,
            refusals=(ApprovalNotFound,),
            handler=routes.read,
        ),
        WriteOperation(
            id="approve_request",
            path=f"{_APPROVAL}/approve",
            tag="approvals",
            summary="Agree to what another asked for",
            description="Only who may do it themselves may approve it.",
            scope=WRITE,
            action="approval.approve",
            path_type=ApprovalPath,
            body_type=Nothing,
            example={},
            answer_type=Approval,
            refusals=(ApprovalNotFound, ApprovalOver, OwnRequest),
            handler=routes.approve,
        ),
        WriteOperation(
            id="refuse_request",
            path=f"{_APPROVAL}/refuse",
            tag="approvals",
            summary="Refuse what another asked for, or withdraw what you asked for",
            scope=WRITE,
            action="approval.refuse",
            path_type=ApprovalPath,
            body_type=Nothing,
            example={},
            answer_type=Approval,
            refusals=(ApprovalNotFound, ApprovalOver),
            handler=routes.refuse,
        ),
    ]


def _request(routes: Routes) -> Operation:
    return WriteOperation(
        id="request_approval",
        path=_APPROVALS,
        tag="approvals",
        summary="Ask somebody else to agree to a request",
        description="Once approved it is sent as `Bezant-Approval`, once, within 24 hours.",
        scope=WRITE,
        action="approval.request",
        body_type=NewApproval,
        example={
            "operation": "create_api_key",
            "scope": "keys:write",
            "method": "POST",
            "path": "/v1/api-keys",
            "body": '{"name": "reporting", "scopes": ["ledger:read"]}',
            "reason": "The new reporting server reads the ledger.",
        },
        status=201,
        answer_type=Approval,
        handler=routes.request,
    )
