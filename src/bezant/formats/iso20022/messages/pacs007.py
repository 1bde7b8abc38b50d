"""Direct debits that their creditor gives back, from bank to bank: pacs.007.001.09."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pacs.007.001.09"
_BODY: Final = "FIToFIPmtRvsl"

_COLLECTION: Final = """
IntrBkSttlmDt *
ReqdColltnDt *
CdtrSchmeId *
SttlmInf *
PmtTpInf *
MndtRltdInf *
RmtInf *
UltmtDbtr *
Dbtr *
DbtrAcct *
DbtrAgt *
CdtrAgt/FinInstnId/BICFI
Cdtr *
CdtrAcct *
UltmtCdtr *
Purp *
"""
_MESSAGE: Final = Profile(
    f"""
{scheme.SETTLEMENT}{scheme.ORIGINAL}GrpHdr/TtlRvsdIntrBkSttlmAmt
GrpHdr/GrpRvsl ~false,0
TxInf/RvslId
TxInf/OrgnlIntrBkSttlmAmt
TxInf/OrgnlIntrBkSttlmDt *
TxInf/RvsdIntrBkSttlmAmt
TxInf/ChrgBr ~SLEV
{scheme.below("TxInf/OrgnlTxRef", _COLLECTION)}
{scheme.below("TxInf", scheme.ORIGINAL_IDS + scheme.AGENTS + scheme.reason("RvslRsnInf"))}"""
)


@dataclass(frozen=True, slots=True)
class PaymentReversal:
    """The reversal of one collection, always in full.

    Attributes:
        amount: minor units of `currency`.
        reason: a code of `ExternalReversalReason1Code`.
        creditor_bic: the bank that collected, where it is named.
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    settlement_date: date
    reversal_id: str
    original_message_id: str
    original_message_name: str
    original_end_to_end_id: str | None
    original_transaction_id: str
    amount: int
    currency: str
    reason: str
    creditor_bic: str | None = None
    kept: tuple[Kept, ...] = ()


def write_pacs007(reversal: PaymentReversal) -> bytes:
    """Write a reversal."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", reversal.message_id)
    header.add("CreDtTm", written(reversal.created_at))
    header.add("NbOfTxs", "1")
    header.money("TtlRvsdIntrBkSttlmAmt", reversal.amount, reversal.currency)
    header.add("IntrBkSttlmDt", reversal.settlement_date.isoformat())
    header.add("SttlmInf/SttlmMtd", "CLRG")
    original = body.add("OrgnlGrpInf")
    original.add("OrgnlMsgId", reversal.original_message_id)
    original.add("OrgnlMsgNmId", reversal.original_message_name)
    payment = body.add("TxInf")
    payment.add("RvslId", reversal.reversal_id)
    payment.maybe("OrgnlEndToEndId", reversal.original_end_to_end_id)
    payment.add("OrgnlTxId", reversal.original_transaction_id)
    payment.money("OrgnlIntrBkSttlmAmt", reversal.amount, reversal.currency)
    payment.money("RvsdIntrBkSttlmAmt", reversal.amount, reversal.currency)
    payment.add("RvslRsnInf/Rsn/Cd", reversal.reason)
    payment.maybe("OrgnlTxRef/CdtrAgt/FinInstnId/BICFI", reversal.creditor_bic)
    body.put_back(reversal.kept)
    return root.encoded()


def read_pacs007(message: bytes) -> PaymentReversal:
    """Read the reversal of one collection.

    Raises:
        InvalidMessage: not such a message, several reversals, or not of all that was collected.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    header = body.one("GrpHdr")
    header.one("SttlmInf/SttlmMtd")
    payment = body.one("TxInf")
    original = body.one("OrgnlGrpInf")
    amount, currency = payment.money("RvsdIntrBkSttlmAmt")
    if header.text("NbOfTxs") != "1":
        raise InvalidMessage(f"{header.path}/NbOfTxs", "It is not the number of reversals.")
    if header.money("TtlRvsdIntrBkSttlmAmt") != (amount, currency):
        path = f"{header.path}/TtlRvsdIntrBkSttlmAmt"
        raise InvalidMessage(path, "It is not the reversals' sum.")
    if payment.money("OrgnlIntrBkSttlmAmt") != (amount, currency) or amount == 0:
        raise InvalidMessage(f"{payment.path}/RvsdIntrBkSttlmAmt", "It is not what was collected.")
    return PaymentReversal(
        message_id=header.text("MsgId"),
        created_at=header.instant("CreDtTm"),
        settlement_date=header.date("IntrBkSttlmDt"),
        reversal_id=payment.text("RvslId"),
        original_message_id=original.text("OrgnlMsgId"),
        original_message_name=original.text("OrgnlMsgNmId"),
        original_end_to_end_id=payment.text_or_none("OrgnlEndToEndId"),
        original_transaction_id=payment.text("OrgnlTxId"),
        amount=amount,
        currency=currency,
        reason=payment.text("RvslRsnInf/Rsn/Cd"),
        creditor_bic=payment.text_or_none("OrgnlTxRef/CdtrAgt/FinInstnId/BICFI"),
        kept=kept,
    )
