"""Asking what became of a payment: pacs.028.001.03."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pacs.028.001.03"
_BODY: Final = "FIToFIPmtStsReq"

_MESSAGE: Final = Profile(
    f"""
GrpHdr/MsgId
GrpHdr/CreDtTm
{scheme.below("GrpHdr", scheme.AGENTS)}{scheme.ORIGINAL}OrgnlGrpInf/OrgnlNbOfTxs *
OrgnlGrpInf/OrgnlCtrlSum *
TxInf/StsReqId
TxInf/AccptncDtTm *
TxInf/ClrSysRef *
TxInf/OrgnlTxRef *
{scheme.below("TxInf", scheme.ORIGINAL_IDS + scheme.AGENTS)}"""
)


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """A question about one payment, sent when its answer did not come in time.

    Attributes:
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    request_id: str
    original_message_id: str
    original_message_name: str
    original_end_to_end_id: str | None
    original_transaction_id: str
    kept: tuple[Kept, ...] = ()


def write_pacs028(request: StatusRequest) -> bytes:
    """Write a question."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", request.message_id)
    header.add("CreDtTm", written(request.created_at))
    original = body.add("OrgnlGrpInf")
    original.add("OrgnlMsgId", request.original_message_id)
    original.add("OrgnlMsgNmId", request.original_message_name)
    payment = body.add("TxInf")
    payment.add("StsReqId", request.request_id)
    payment.maybe("OrgnlEndToEndId", request.original_end_to_end_id)
    payment.add("OrgnlTxId", request.original_transaction_id)
    body.put_back(request.kept)
    return root.encoded()


def read_pacs028(message: bytes) -> StatusRequest:
    """Read a question about one payment.

    Raises:
        InvalidMessage: not such a message, or it asks about several.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    payment = body.one("TxInf")
    original = body.one("OrgnlGrpInf")
    return StatusRequest(
        message_id=body.text("GrpHdr/MsgId"),
        created_at=body.instant("GrpHdr/CreDtTm"),
        request_id=payment.text("StsReqId"),
        original_message_id=original.text("OrgnlMsgId"),
        original_message_name=original.text("OrgnlMsgNmId"),
        original_end_to_end_id=payment.text_or_none("OrgnlEndToEndId"),
        original_transaction_id=payment.text("OrgnlTxId"),
        kept=kept,
    )
