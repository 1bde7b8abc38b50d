"""Holders: which users own which ledger accounts, and what follows from it for policies."""

from bezant.banking.holders.api import operations
from bezant.banking.holders.holding import HolderHolding
from bezant.banking.holders.relation import OwnsAccount
from bezant.banking.holders.schemas import Holder, NewHolder
from bezant.banking.holders.service import HolderService

__all__ = [
    "Holder",
    "HolderHolding",
    "HolderService",
    "NewHolder",
    "OwnsAccount",
    "operations",
]
