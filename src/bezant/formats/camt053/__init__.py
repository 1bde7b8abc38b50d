"""Bank-to-customer statements (ISO 20022 camt.053): reading them, and whether they add up."""

from bezant.formats.camt053.audit import AuditedStatement, audit_statements, entry_digest
from bezant.formats.camt053.balances import (
    Basis,
    Book,
    Explanation,
    closing_balance,
    explain,
    is_available,
    is_starting,
    opening_balance,
)
from bezant.formats.camt053.errors import StatementError
from bezant.formats.camt053.model import (
    Amount,
    Balance,
    BankAccount,
    BankTransactionCode,
    CreditLine,
    Detail,
    Direction,
    Entry,
    MessageHeader,
    Party,
    StatementHeader,
    Summary,
    Total,
)
from bezant.formats.camt053.reader import read_statements

__all__ = [
    "Amount",
    "AuditedStatement",
    "Balance",
    "BankAccount",
    "BankTransactionCode",
    "Basis",
    "Book",
    "CreditLine",
    "Detail",
    "Direction",
    "Entry",
    "Explanation",
    "MessageHeader",
    "Party",
    "StatementError",
    "StatementHeader",
    "Summary",
    "Total",
    "audit_statements",
    "closing_balance",
    "entry_digest",
    "explain",
    "is_available",
    "is_starting",
    "opening_balance",
    "read_statements",
]
