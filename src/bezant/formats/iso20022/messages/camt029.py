"""The refusal of a request to give a payment back: camt.029.001.09."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "camt.029.001.09"
_BODY: Final = "RsltnOfInvstgtn"
_PAYMENT: Final = "CxlDtls/TxInfAndSts"

_MESSAGE: Final = Profile(
    f"""
{scheme.ASSIGNMENT}Sts/Conf
{_PAYMENT}/CxlStsId
{_PAYMENT}/RslvdCase/Id
{_PAYMENT}/RslvdCase/Cretr/Agt/FinInstnId/BICFI
{_PAYMENT}/OrgnlClrSysRef *
{_PAYMENT}/TxCxlSts *
{_PAYMENT}/OrgnlTxRef *
{scheme.below(_PAYMENT, scheme.ORIGINAL + scheme.ORIGINAL_IDS + scheme.reason("CxlStsRsnInf"))}"""
)


@dataclass(frozen=True, slots=True)
class CancellationResolution:
    """The answer to a request about one payment.

    Attributes:
        outcome: of `ExternalInvestigationExecutionConfirmation1Code`; `RJCR`: refused.
        reason: of `ExternalPaymentCancellationRejection1Code`, such as `LEGL` or `CUST`.
        case_id: of the request, where it is repeated.
        case_creator_bic: who made it, where that is not `assignee_bic`.
        kept: what the scheme lets stand in it besides.
    """

    assignment_id: str
    created_at: datetime
    assigner_bic: str
    assignee_bic: str
    outcome: str
    status_id: str
    original_message_id: str
    original_message_name: str
    original_end_to_end_id: str | None
    original_transaction_id: str
    reason: str | None
    case_id: str | None = None
    case_creator_bic: str | None = None
    kept: tuple[Kept, ...] = ()


def write_camt029(resolution: CancellationResolution) -> bytes:
    """Write an answer."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    assignment = body.add("Assgnmt")
    assignment.add("Id", resolution.assignment_id)
    assignment.add("Assgnr/Agt/FinInstnId/BICFI", resolution.assigner_bic)
    assignment.add("Assgne/Agt/FinInstnId/BICFI", resolution.assignee_bic)
    assignment.add("CreDtTm", written(resolution.created_at))
    body.add("Sts/Conf", resolution.outcome)
    payment = body.add(_PAYMENT)
    payment.add("CxlStsId", resolution.status_id)
    if resolution.case_id is not None:
        case = payment.add("RslvdCase")
        case.add("Id", resolution.case_id)
        case.add(
            "Cretr/Agt/FinInstnId/BICFI", resolution.case_creator_bic or resolution.assignee_bic
        )
    original = payment.add("OrgnlGrpInf")
    original.add("OrgnlMsgId", resolution.original_message_id)
    original.add("OrgnlMsgNmId", resolution.original_message_name)
    payment.maybe("OrgnlEndToEndId", resolution.original_end_to_end_id)
    payment.add("OrgnlTxId", resolution.original_transaction_id)
    payment.maybe("CxlStsRsnInf/Rsn/Cd", resolution.reason)
    body.put_back(resolution.kept)
    return root.encoded()


def read_camt029(message: bytes) -> CancellationResolution:
    """Read an answer about one payment.

    Raises:
        InvalidMessage: not such a message, or it answers about several.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    assignment = body.one("Assgnmt")
    assignee = assignment.text("Assgne/Agt/FinInstnId/BICFI")
    payment = body.one(_PAYMENT)
    case = payment.find("RslvdCase")
    creator = None if case is None else case.text("Cretr/Agt/FinInstnId/BICFI")
    return CancellationResolution(
        assignment_id=assignment.text("Id"),
        created_at=assignment.instant("CreDtTm"),
        assigner_bic=assignment.text("Assgnr/Agt/FinInstnId/BICFI"),
        assignee_bic=assignee,
        outcome=body.text("Sts/Conf"),
        status_id=payment.text("CxlStsId"),
        original_message_id=payment.text("OrgnlGrpInf/OrgnlMsgId"),
        original_message_name=payment.text("OrgnlGrpInf/OrgnlMsgNmId"),
        original_end_to_end_id=payment.text_or_none("OrgnlEndToEndId"),
        original_transaction_id=payment.text("OrgnlTxId"),
        reason=payment.text_or_none("CxlStsRsnInf/Rsn/Cd"),
        case_id=None if case is None else case.text("Id"),
        case_creator_bic=None if creator == assignee else creator,
        kept=kept,
    )
