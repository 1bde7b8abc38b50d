"""A bank that keeps accounts and tells what happened on them: camt.052, camt.053 and camt.054."""

from bezant.payments.sandbox.statements.accounts import Account, Booked, Misbehaviour
from bezant.payments.sandbox.statements.bank import StatementBank
from bezant.payments.sandbox.statements.desk import Desk

__all__ = ["Account", "Booked", "Desk", "Misbehaviour", "StatementBank"]
