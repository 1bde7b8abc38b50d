"""Money sent back, from bank to bank: pacs.004.001.09."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pacs.004.001.09"
_BODY: Final = "PmtRtr"

_MESSAGE: Final = Profile(
    f"""
{scheme.SETTLEMENT}{scheme.ORIGINAL}GrpHdr/TtlRtrdIntrBkSttlmAmt
TxInf/RtrId
TxInf/OrgnlIntrBkSttlmAmt
TxInf/OrgnlIntrBkSttlmDt *
TxInf/RtrdIntrBkSttlmAmt
TxInf/RtrdInstdAmt *
TxInf/ChrgBr ~SLEV
TxInf/ChrgsInf *
TxInf/OrgnlTxRef *
{scheme.below("TxInf", scheme.ORIGINAL_IDS + scheme.AGENTS + scheme.reason("RtrRsnInf"))}"""
)


@dataclass(frozen=True, slots=True)
class PaymentReturn:
    """The return of one payment.

    Attributes:
        original_amount: minor units that the payment moved; `amount` is what comes back of it.
        reason: a code of `ExternalReturnReason1Code`.
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    settlement_date: date
    return_id: str
    original_message_id: str
    original_message_name: str
    original_end_to_end_id: str | None
    original_transaction_id: str
    original_amount: int
    amount: int
    currency: str
    reason: str
    kept: tuple[Kept, ...] = ()


def write_pacs004(returned: PaymentReturn) -> bytes:
    """Write a return."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", returned.message_id)
    header.add("CreDtTm", written(returned.created_at))
    header.add("NbOfTxs", "1")
    header.money("TtlRtrdIntrBkSttlmAmt", returned.amount, returned.currency)
    header.add("IntrBkSttlmDt", returned.settlement_date.isoformat())
    header.add("SttlmInf/SttlmMtd", "CLRG")
    original = body.add("OrgnlGrpInf")
    original.add("OrgnlMsgId", returned.original_message_id)
    original.add("OrgnlMsgNmId", returned.original_message_name)
    payment = body.add("TxInf")
    payment.add("RtrId", returned.return_id)
    payment.maybe("OrgnlEndToEndId", returned.original_end_to_end_id)
    payment.add("OrgnlTxId", returned.original_transaction_id)
    payment.money("OrgnlIntrBkSttlmAmt", returned.original_amount, returned.currency)
    payment.money("RtrdIntrBkSttlmAmt", returned.amount, returned.currency)
    payment.add("RtrRsnInf/Rsn/Cd", returned.reason)
    body.put_back(returned.kept)
    return root.encoded()


def read_pacs004(message: bytes) -> PaymentReturn:
    """Read the return of one payment.

    Raises:
        InvalidMessage: not such a message, several returns, or amounts that do not fit together.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    header = body.one("GrpHdr")
    header.one("SttlmInf/SttlmMtd")
    payment = body.one("TxInf")
    original = body.one("OrgnlGrpInf")
    amount, currency = payment.money("RtrdIntrBkSttlmAmt")
    original_amount, original_currency = payment.money("OrgnlIntrBkSttlmAmt")
    if header.text("NbOfTxs") != "1":
        raise InvalidMessage(f"{header.path}/NbOfTxs", "It is not the number of returns.")
    if header.money("TtlRtrdIntrBkSttlmAmt") != (amount, currency):
        raise InvalidMessage(f"{header.path}/TtlRtrdIntrBkSttlmAmt", "It is not the returns' sum.")
    if currency != original_currency or not 0 < amount <= original_amount:
        raise InvalidMessage(f"{payment.path}/RtrdIntrBkSttlmAmt", "It is more than was paid.")
    return PaymentReturn(
        message_id=header.text("MsgId"),
        created_at=header.instant("CreDtTm"),
        settlement_date=header.date("IntrBkSttlmDt"),
        return_id=payment.text("RtrId"),
        original_message_id=original.text("OrgnlMsgId"),
        original_message_name=original.text("OrgnlMsgNmId"),
        original_end_to_end_id=payment.text_or_none("OrgnlEndToEndId"),
        original_transaction_id=payment.text("OrgnlTxId"),
        original_amount=original_amount,
        amount=amount,
        currency=currency,
        reason=payment.text("RtrRsnInf/Rsn/Cd"),
        kept=kept,
    )
