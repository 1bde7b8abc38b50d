"""Asking for a payment back, from bank to bank: camt.056.001.08."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "camt.056.001.08"
_BODY: Final = "FIToFIPmtCxlReq"
_PAYMENT: Final = "Undrlyg/TxInf"

_MESSAGE: Final = Profile(
    f"""
{scheme.ASSIGNMENT}CtrlData *
{_PAYMENT}/CxlId
{_PAYMENT}/Case *
{_PAYMENT}/OrgnlIntrBkSttlmAmt
{_PAYMENT}/OrgnlIntrBkSttlmDt
{_PAYMENT}/OrgnlClrSysRef *
{_PAYMENT}/OrgnlTxRef *
{scheme.below(_PAYMENT, scheme.ORIGINAL + scheme.ORIGINAL_IDS + scheme.reason("CxlRsnInf"))}"""
)


@dataclass(frozen=True, slots=True)
class CancellationRequest:
    """A request to cancel, or give back, one payment.

    Attributes:
        assigner_bic: the bank that asks; `assignee_bic` is the one that is asked.
        reason: a code of `ExternalCancellationReason1Code`, such as `DUPL` or `FRAD`.
        kept: what the scheme lets stand in it besides.
    """

    assignment_id: str
    created_at: datetime
    assigner_bic: str
    assignee_bic: str
    cancellation_id: str
    original_message_id: str
    original_message_name: str
    original_end_to_end_id: str | None
    original_transaction_id: str
    original_amount: int
    currency: str
    original_settlement_date: date | None
    reason: str
    kept: tuple[Kept, ...] = ()


def write_camt056(request: CancellationRequest) -> bytes:
    """Write a request."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    assignment = body.add("Assgnmt")
    assignment.add("Id", request.assignment_id)
    assignment.add("Assgnr/Agt/FinInstnId/BICFI", request.assigner_bic)
    assignment.add("Assgne/Agt/FinInstnId/BICFI", request.assignee_bic)
    assignment.add("CreDtTm", written(request.created_at))
    payment = body.add(_PAYMENT)
    payment.add("CxlId", request.cancellation_id)
    original = payment.add("OrgnlGrpInf")
    original.add("OrgnlMsgId", request.original_message_id)
    original.add("OrgnlMsgNmId", request.original_message_name)
    payment.maybe("OrgnlEndToEndId", request.original_end_to_end_id)
    payment.add("OrgnlTxId", request.original_transaction_id)
    payment.money("OrgnlIntrBkSttlmAmt", request.original_amount, request.currency)
    if request.original_settlement_date is not None:
        payment.add("OrgnlIntrBkSttlmDt", request.original_settlement_date.isoformat())
    payment.add("CxlRsnInf/Rsn/Cd", request.reason)
    body.put_back(request.kept)
    return root.encoded()


def read_camt056(message: bytes) -> CancellationRequest:
    """Read a request about one payment.

    Raises:
        InvalidMessage: not such a message, or it asks for several.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    assignment = body.one("Assgnmt")
    payment = body.one(_PAYMENT)
    amount, currency = payment.money("OrgnlIntrBkSttlmAmt")
    return CancellationRequest(
        assignment_id=assignment.text("Id"),
        created_at=assignment.instant("CreDtTm"),
        assigner_bic=assignment.text("Assgnr/Agt/FinInstnId/BICFI"),
        assignee_bic=assignment.text("Assgne/Agt/FinInstnId/BICFI"),
        cancellation_id=payment.text("CxlId"),
        original_message_id=payment.text("OrgnlGrpInf/OrgnlMsgId"),
        original_message_name=payment.text("OrgnlGrpInf/OrgnlMsgNmId"),
        original_end_to_end_id=payment.text_or_none("OrgnlEndToEndId"),
        original_transaction_id=payment.text("OrgnlTxId"),
        original_amount=amount,
        currency=currency,
        original_settlement_date=(
            payment.date("OrgnlIntrBkSttlmDt") if payment.find("OrgnlIntrBkSttlmDt") else None
        ),
        reason=payment.text("CxlRsnInf/Rsn/Cd"),
        kept=kept,
    )
