"""Mandates: who may act for an account, how many have to sign, and what they signed."""

from bezant.banking.mandates.api import operations
from bezant.banking.mandates.errors import AlreadyApproved, MayNotAct, NotApproved
from bezant.banking.mandates.relation import HoldsMandate
from bezant.banking.mandates.service import MandateService
from bezant.banking.mandates.signing import (
    Signed,
    Signing,
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
    "Signed",
    "Signing",
    "may_act",
    "needed_approvals",
    "operations",
    "reads_of_mandates",
]
