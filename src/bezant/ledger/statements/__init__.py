"""Statements: a period of an account, from one balance to another."""

from bezant.ledger.statements import schemas
from bezant.ledger.statements.collating import BatchesOf
from bezant.ledger.statements.domain import Period, Printed
from bezant.ledger.statements.errors import StatementNotRepresentable, StatementTooLong
from bezant.ledger.statements.pages import Asked
from bezant.ledger.statements.places import PATTERN
from bezant.ledger.statements.service import Part, Statements

__all__ = [
    "PATTERN",
    "Asked",
    "BatchesOf",
    "Part",
    "Period",
    "Printed",
    "StatementNotRepresentable",
    "StatementTooLong",
    "Statements",
    "schemas",
]
