"""Approvals that another asked for."""

from bezant.identity.policy.approvals import Approval, ApprovalService, NewApproval
from bezant.kernel.calls import Call, Principal
from bezant.kernel.clock import SystemClock
from bezant.kernel.ids import TimeOrderedIds
from fixtures_api import Tenant

REVOKE = NewApproval(
    operation="revoke_api_key",
    scope="keys:write",
    method="POST",
    path="/v1/api-keys/0198c2b4-0000-7000-8000-000000000001/revoke",
    reason="It is not used any more.",
    body="{}",
)


async def asked_by_another(tenant: Tenant) -> str:
    """A new approval; its identifier."""
    ids = TimeOrderedIds()
    call = Call(
        ids.new(), tenant.id, "key:another", "approval.request", "/v1/approvals", "http",
        idempotency_key=f"approval-{ids.new()}", fingerprint=bytes(32),
    )  # fmt: skip
    another = Principal(tenant.id, call.actor, frozenset())
    service = ApprovalService(tenant.database, SystemClock())
    return str((await service.request(call, another, REVOKE)).value(Approval).id)
