"""Approvals: what one person asks for and another agrees to, before it is done. Used once."""

from bezant.identity.policy.approvals.api import operations
from bezant.identity.policy.approvals.schemas import Approval, Approvals, ApprovalState, NewApproval
from bezant.identity.policy.approvals.service import ApprovalService

__all__ = [
    "Approval",
    "ApprovalService",
    "ApprovalState",
    "Approvals",
    "NewApproval",
    "operations",
]
