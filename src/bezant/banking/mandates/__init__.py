"""Mandates: who may act for an account, how many have to sign, and what they signed."""

from bezant.banking.mandates.api import operations
from bezant.banking.mandates.errors import (
    AlreadyApproved,
    MayNotAct,
    NotApproved,
    SignatureOfAnother,
    SignaturesNeeded,
)
from bezant.banking.mandates.relation import HoldsMandate
from bezant.banking.mandates.schemas import OrderApproval
from bezant.banking.mandates.service import MandateService, find_approvals
from bezant.banking.mandates.signing import (
    Signed,
    Signing,
    check_signer,
    may_act,
    needed_approvals,
    reads_of_mandates,
)

__all__ = [
    "AlreadyApproved",
    "HoldsMandate",
    "MandateService",
    "MayNotAct",
    "NotApproved",
    "OrderApproval",
    "SignatureOfAnother",
    "SignaturesNeeded",
    "Signed",
    "Signing",
    "check_signer",
    "find_approvals",
    "may_act",
    "needed_approvals",
    "operations",
    "reads_of_mandates",
]
