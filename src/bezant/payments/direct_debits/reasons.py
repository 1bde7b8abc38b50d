"""The reasons of R-transactions, as the EPC's rulebooks of SEPA direct debits list them.

Kept as data: each code with what may be said with it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Back(StrEnum):
    """What can happen to a collection besides being settled (the rulebooks' R-transactions).

    Before settlement a bank rejects, the debtor refuses, the creditor cancels. After it the
    debtor's bank returns, the debtor is refunded, the creditor reverses.
    """

    REJECT = "reject"
    REFUSAL = "refusal"
    CANCELLATION = "cancellation"
    RETURN = "return"
    REFUND = "refund"
    REVERSAL = "reversal"


_BANKS: Final = frozenset({Back.REJECT, Back.RETURN})

CODES: Final[Mapping[str, frozenset[Back]]] = {
    "AC01": _BANKS,  # The number is not one of an account.
    "AC04": _BANKS,  # The account is closed.
    "AC06": _BANKS,  # The account is blocked.
    "AC13": _BANKS,  # A consumer's account, in B2B.
    "AG01": _BANKS,  # Not on this kind of account.
    "AG02": _BANKS,  # Sequence or kind of message is wrong.
    "AM04": _BANKS,  # Not enough money.
    "AGNT": frozenset({Back.CANCELLATION}),  # A bank between made a mistake.
    "AM05": _BANKS | {Back.CANCELLATION, Back.REVERSAL},  # Collected twice.
    "BE05": _BANKS,  # The creditor is not known.
    "CNOR": _BANKS,  # The creditor's bank takes no part.
    "CURR": frozenset({Back.CANCELLATION}),  # The currency is wrong.
    "CUST": frozenset({Back.CANCELLATION}),  # The creditor wishes it.
    "CUTA": frozenset({Back.CANCELLATION}),  # Asked for, and nobody answered.
    "DNOR": frozenset({Back.REJECT}),  # The debtor's bank takes no part.
    "DT01": frozenset({Back.REJECT}),  # The due date is wrong.
    "DUPL": frozenset({Back.CANCELLATION}),  # Sent twice.
    "ED05": frozenset({Back.REJECT}),  # Settlement failed.
    "FF01": frozenset({Back.REJECT}),  # The message is malformed.
    "FF05": _BANKS,  # The kind of direct debit is wrong.
    "FRAD": frozenset({Back.CANCELLATION}),  # Fraud.
    "MD01": _BANKS | {Back.REFUND},  # No mandate, or none that is in force.
    "MD02": _BANKS,  # Data of the mandate are missing.
    "MD06": frozenset({Back.REFUND}),  # The debtor wants an authorised debit back.
    "MD07": _BANKS,  # The debtor has died.
    "MS02": _BANKS | {Back.REFUSAL, Back.REFUND, Back.REVERSAL},  # The customer did not say why.
    "MS03": _BANKS | {Back.REVERSAL},  # The bank does not say why.
    "RC01": _BANKS,  # The bank's identifier is wrong.
    "RR01": _BANKS,  # Regulation: the debtor's account is missing.
    "RR02": _BANKS,  # Regulation: the debtor's name or address is missing.
    "RR03": _BANKS,  # Regulation: the creditor's name or address is missing.
    "RR04": _BANKS,  # Regulation.
    "SL01": _BANKS,  # What the debtor has told the bank to let through forbids it.
    "SL11": _BANKS,  # The debtor lists creditors, and this is none of them.
    "SL12": _BANKS,  # The debtor has listed this creditor to be kept out.
    "SL13": _BANKS,  # More collections in a time than the debtor lets through.
    "SL14": _BANKS,  # A larger amount than the debtor lets through.
    "TECH": frozenset({Back.CANCELLATION}),  # Technical problems.
    "TM01": frozenset({Back.REJECT}),  # It came after the cut-off.
    "UPAY": frozenset({Back.CANCELLATION}),  # It is not owed.
}


def back_of_money(code: str) -> Back:
    """Whether money that comes back with a code (pacs.004) is the debtor's refund or a return.

    A message does not say which. A missing mandate may be either, and the longer time is allowed.
    """
    return Back.REFUND if code in {"MD01", "MD06"} else Back.RETURN


def fits(code: str, back: Back) -> bool:
    """Whether a code is among those that may be given for it."""
    return back in CODES.get(code, frozenset())
