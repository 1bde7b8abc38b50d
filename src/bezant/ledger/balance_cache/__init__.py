"""Accounts kept in the cache, and the proof that they are the newest, which is kept elsewhere."""

from bezant.ledger.balance_cache.balances import BalanceEntries, CachedAccounts
from bezant.ledger.balance_cache.claims import Claims
from bezant.ledger.balance_cache.domain import Domain, clear_run_folder
from bezant.ledger.balance_cache.view import ACCOUNT, BALANCE, View, balance_of

__all__ = [
    "ACCOUNT",
    "BALANCE",
    "BalanceEntries",
    "CachedAccounts",
    "Claims",
    "Domain",
    "View",
    "balance_of",
    "clear_run_folder",
]
