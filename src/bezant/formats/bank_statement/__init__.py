"""What a bank says of an account, whatever the format: statements, their lines and balances."""

from bezant.formats.bank_statement.camt import read_camt
from bezant.formats.bank_statement.checking import checked
from bezant.formats.bank_statement.errors import StatementUnreadable, Unbalanced
from bezant.formats.bank_statement.model import (
    Part,
    StatedBalance,
    StatementClosed,
    StatementLine,
    StatementOpened,
    known_reference,
)

__all__ = [
    "Part",
    "StatedBalance",
    "StatementClosed",
    "StatementLine",
    "StatementOpened",
    "StatementUnreadable",
    "Unbalanced",
    "checked",
    "known_reference",
    "read_camt",
]
