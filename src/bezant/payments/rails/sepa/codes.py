"""The codes of the SEPA schemes, and what each means for a payment. Kept as data.

A code is one of ISO 20022's external code sets; which of them a scheme allows, the EPC's guidance
on reason codes of R-transactions says (ADR 68). One that stands here under no use is not lost: it
is kept with the payment as it came, and means what its message means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bezant.payments.states import OrderState


class Use(StrEnum):
    """Where a code stands."""

    STATUS = "status"
    REJECT = "reject"
    RETURN = "return"
    RECALL = "recall"
    RECALL_REFUSED = "recall_refused"


SETS: Final[Mapping[Use, str]] = {
    Use.STATUS: "ExternalPaymentTransactionStatus1Code",
    Use.REJECT: "ExternalStatusReason1Code",
    Use.RETURN: "ExternalReturnReason1Code",
    Use.RECALL: "ExternalCancellationReason1Code",
    Use.RECALL_REFUSED: "ExternalPaymentCancellationRejection1Code",
}
"""The set of the standard that the codes of a use are taken from."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says of the payment.

    Attributes:
        state: where the payment stands then; None where the code alone moves it nowhere.
        schemes: that allow it: `sct`, `sct_inst`, `sdd`.
        is_known: False for a code that no scheme here allows, kept as it came.
    """

    use: Use
    code: str
    state: OrderState | None
    schemes: frozenset[str]
    is_known: bool = True


_STATUSES: Final[Mapping[str, OrderState | None]] = {
    "ACSC": OrderState.SETTLED,
    "ACCC": OrderState.SETTLED,
    # An instant payment's positive answer; of another, that it was taken.
    "ACCP": OrderState.PENDING,
    "ACSP": OrderState.PENDING,
    "ACTC": OrderState.PENDING,
    "ACWC": OrderState.PENDING,
    "RCVD": OrderState.PENDING,
    "PDNG": OrderState.PENDING,
    "RJCT": OrderState.REJECTED,
}

_ACCEPTED_AT_ONCE: Final = "ACCP"

_ALLOWED: Final[Mapping[Use, Mapping[str, str]]] = {
    Use.REJECT: {
        "sct": (
            "AC01 AC03 AC04 AC06 AG01 AG02 AM02 AM05 BE04 CERI CNOR DNOR DT01 ED05 ERIN FF01 FOCR"
            " MD07 MS02 MS03 RC01 RR01 RR02 RR03 RR04 TM01"
        ),
        "sct_inst": (
            "AB05 AB06 AB07 AB08 AB09 AB10 AC01 AC03 AC04 AC06 AG01 AG02 AG09 AG10 AG11 AM04"
            " AM05 AM23 BE04 CNOR DNOR DT01 ED05 FF01 MD07 MS02 MS03 RC01 RC04 RR01 RR02 RR03"
            " RR04 TM01"
        ),
        "sdd": (
            "AC01 AC04 AC06 AC13 AG01 AG02 AM04 AM05 BE05 CNOR DNOR DT01 ED05 FF01 FF05 MD01 MD02"
            " MD07 MS02 MS03 RC01 RR01 RR02 RR03 RR04 SL01 SL11 SL12 SL13 SL14 TM01"
        ),
    },
    Use.RETURN: {
        "sct": (
            "AC01 AC03 AC04 AC06 AG01 AG02 AM05 BE04 CNOR DNOR ED05 ERIN FOCR MD07 MS02 MS03 RC01"
            " RR01 RR02 RR03 RR04 TM01"
        ),
        "sct_inst": "FOCR",
        "sdd": (
            "AC01 AC04 AC06 AC13 AG01 AG02 AM04 AM05 BE05 CNOR FF05 MD01 MD02 MD06 MD07 MS02"
            " MS03 RC01 RR01 RR02 RR03 RR04 SL01 SL11 SL12 SL13 SL14"
        ),
    },
    Use.RECALL: {
        "sct": "AC03 AM09 CUST DUPL FRAD TECH",
        "sct_inst": "AC03 AM09 CUST DUPL FRAD TECH",
        "sdd": "AGNT CURR CUST CUTA DUPL FRAD TECH UPAY",
    },
    Use.RECALL_REFUSED: {
        "sct": "AC04 AGNT AM04 ARDT CUST INDM LEGL NOAS NOOR RR04",
        "sct_inst": "AC04 AGNT AM04 ARDT CUST INDM LEGL NOAS NOOR RR04",
    },
}

_STATES: Final[Mapping[Use, OrderState | None]] = {
    Use.REJECT: OrderState.REJECTED,
    Use.RETURN: OrderState.RETURNED,
    Use.RECALL: None,
    # What the other side keeps was, and stays, paid.
    Use.RECALL_REFUSED: OrderState.SETTLED,
}

TIMEOUTS: Final = frozenset({"AB05", "AB06"})
"""The clearing system's own time limit: final rejections, not doubts."""

DUPLICATES: Final = frozenset({"AM05", "DUPL"})
"""How a clearing system may refuse the repeat of what it has."""

REFUSED: Final = "RJCR"
"""How a camt.029 says that what was paid is kept; whatever else it says is no end."""

UNSAID: Final = "MS03"
"""A bank that does not say why."""

NOT_THERE: Final = "NOOR"
"""How the clearing system says that it has nothing of what it is asked about."""


def meaning_of(use: Use, code: str, scheme: str) -> Meaning:
    """What a code means; one that is not allowed means what its message means, and is kept."""
    if use is Use.STATUS:
        state = _STATUSES.get(code)
        if scheme == "sct_inst" and code == _ACCEPTED_AT_ONCE:
            state = OrderState.SETTLED
        return Meaning(use, code, state, _ALL, is_known=code in _STATUSES)
    schemes = frozenset(each for each, codes in _ALLOWED[use].items() if code in codes.split())
    return Meaning(use, code, _STATES[use], schemes, is_known=scheme in schemes)


def fit(use: Use, code: str, scheme: str) -> str:
    """A code as we tell it: one that the scheme does not allow there is not told as one of its."""
    return code if meaning_of(use, code, scheme).is_known else UNSAID


def allowed(use: Use, scheme: str) -> tuple[str, ...]:
    """Every code that a scheme allows in a use."""
    if use is Use.STATUS:
        return tuple(_STATUSES)
    return tuple(_ALLOWED[use].get(scheme, "").split())


_ALL: Final = frozenset({"sct", "sct_inst", "sdd"})
