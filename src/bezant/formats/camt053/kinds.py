"""The three messages in which a bank tells of an account: one shape, three names."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A message of bank-to-customer cash management.

    Attributes:
        message: such as `camt.053`.
        body: its element below the `Document`.
        group: an account's entries, of which it holds some.
        information: of a group, behind the entries.
        has_balances: whether a group without a balance is no sound one.
    """

    message: str
    body: str
    group: str
    information: str
    has_balances: bool = False


STATEMENT: Final = Kind("camt.053", "BkToCstmrStmt", "Stmt", "AddtlStmtInf", has_balances=True)
"""A day, or another period, that has ended: opening, entries, closing."""

REPORT: Final = Kind("camt.052", "BkToCstmrAcctRpt", "Rpt", "AddtlRptInf")
"""A day that has not: what is booked, and may be pending, by now."""

NOTIFICATION: Final = Kind("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", "AddtlNtfctnInf")
"""Single debits and credits, or the payments of an entry that a statement has as one. No
balances."""

KINDS: Final = {each.message: each for each in (STATEMENT, REPORT, NOTIFICATION)}
