"""Wire models of approvals."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

BODY_CHARACTERS_MAX = 4096


class ApprovalState(StrEnum):
    """What was decided. `used` and `refused` are final."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


class NewApproval(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/approvals`: the request that is to be made, exactly as it will be.

    Attributes:
        operation: its `operationId`.
        scope: that it needs.
        body: its body, byte for byte.
        reason: why, for who approves. No personal data.
    """

    operation: Annotated[str, Meta(min_length=1, max_length=100)]
    scope: Annotated[str, Meta(min_length=1, max_length=100)]
    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Meta(pattern="^/", max_length=500)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    body: Annotated[str, Meta(max_length=BODY_CHARACTERS_MAX)] = ""


class Approval(Struct, frozen=True):
    """An approval.

    Attributes:
        body: of the request; kept until it is decided on.
        requested_by: who asked, as the audit log calls them.
        expires_at: after that it can neither be decided on nor used.
    """

    id: UUID
    operation: str
    scope: str
    method: str
    path: str
    reason: str
    state: ApprovalState
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    body: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    used_at: datetime | None = None


class Approvals(Struct, frozen=True):
    """A page of approvals, oldest first."""

    approvals: list[Approval]
    next: str | None
