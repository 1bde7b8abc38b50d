"""Statements: a period of an account, from one balance to another."""

from bezant.ledger.statements.service import Statements

__all__ = ["Statements"]
