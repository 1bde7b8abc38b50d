"""Accounts: a product's instance for a customer, with its number, its status and its blocks."""

from bezant.banking.accounts.api import operations
from bezant.banking.accounts.domain import (
    AccountPlace,
    AccountStatus,
    BankAccount,
    account_behind,
    check_can_pay,
    check_can_receive,
    ledger_account,
)
from bezant.banking.accounts.errors import (
    AccountBlocked,
    AccountNotActive,
    AssetNotHeld,
    BankAccountNotFound,
)
from bezant.banking.accounts.records import (
    ACCOUNT_PRODUCT,
    ACCOUNT_TERMS,
    BANK_ACCOUNT,
    account_of,
    available_on,
    product_of,
)
from bezant.banking.accounts.schemas import Account, NewBankAccount
from bezant.banking.accounts.service import AccountService

__all__ = [
    "ACCOUNT_PRODUCT",
    "ACCOUNT_TERMS",
    "BANK_ACCOUNT",
    "Account",
    "AccountBlocked",
    "AccountNotActive",
    "AccountPlace",
    "AccountService",
    "AccountStatus",
    "AssetNotHeld",
    "BankAccount",
    "BankAccountNotFound",
    "NewBankAccount",
    "account_behind",
    "account_of",
    "available_on",
    "check_can_pay",
    "check_can_receive",
    "ledger_account",
    "operations",
    "product_of",
]
