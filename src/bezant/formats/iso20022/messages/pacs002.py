"""What became of a payment, from bank to bank: pacs.002.001.10."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import Built, Node, new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pacs.002.001.10"
_BODY: Final = "FIToFIPmtStsRpt"

_GROUP: Final = Profile(
    f"""
GrpHdr/MsgId
GrpHdr/CreDtTm
{scheme.below("GrpHdr", scheme.AGENTS)}
OrgnlGrpInfAndSts/OrgnlMsgId
OrgnlGrpInfAndSts/OrgnlMsgNmId
OrgnlGrpInfAndSts/OrgnlCreDtTm *
OrgnlGrpInfAndSts/OrgnlNbOfTxs *
OrgnlGrpInfAndSts/OrgnlCtrlSum *
OrgnlGrpInfAndSts/GrpSts *
OrgnlGrpInfAndSts/StsRsnInf *
OrgnlGrpInfAndSts/NbOfTxsPerSts *
TxInfAndSts +"""
)
_PAYMENT: Final = Profile(
    f"""
StsId *
TxSts
StsRsnInf/Rsn/Prtry
AccptncDtTm
FctvIntrBkSttlmDt *
ClrSysRef *
OrgnlTxRef/IntrBkSttlmAmt
OrgnlTxRef/DbtrAgt/FinInstnId/BICFI
{scheme.ORIGINAL_IDS}{scheme.AGENTS}{scheme.reason("StsRsnInf")}
{scheme.below("OrgnlTxRef", scheme.REPEATED)}"""
)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The status of one payment.

    Attributes:
        original_message_name: the kind of message reported on, such as `pacs.008.001.08`.
        status: a code of `ExternalPaymentTransactionStatus1Code`: `ACCP`, `ACSC`, `RJCT` …
        reason: a code of `ExternalStatusReason1Code`, on a rejection.
        proprietary_reason: the clearing system's own, where the standard has no code.
        amount: of the payment reported on, minor units of `currency`, where it is repeated.
        accepted_at: of the payment, where it is repeated.
        debtor_bic: the bank that sent the payment, where it is named.
        kept: what the scheme lets stand beside it of the payment.
        kept_of_message: the same of the whole message.
    """

    message_id: str
    created_at: datetime
    original_message_id: str
    original_message_name: str
    original_end_to_end_id: str | None
    original_transaction_id: str
    status: str
    reason: str | None
    proprietary_reason: str | None = None
    amount: int | None = None
    currency: str | None = None
    accepted_at: datetime | None = None
    debtor_bic: str | None = None
    kept: tuple[Kept, ...] = ()
    kept_of_message: tuple[Kept, ...] = ()


def write_pacs002(*reports: StatusReport) -> bytes:
    """Write a report on one payment, or on several of one message."""
    first = reports[0]
    assert len({(each.message_id, each.original_message_id) for each in reports}) == 1
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", first.message_id)
    header.add("CreDtTm", written(first.created_at))
    original = body.add("OrgnlGrpInfAndSts")
    original.add("OrgnlMsgId", first.original_message_id)
    original.add("OrgnlMsgNmId", first.original_message_name)
    for report in reports:
        payment = body.add("TxInfAndSts")
        payment.maybe("OrgnlEndToEndId", report.original_end_to_end_id)
        payment.add("OrgnlTxId", report.original_transaction_id)
        payment.add("TxSts", report.status)
        payment.maybe("StsRsnInf/Rsn/Cd", report.reason)
        payment.maybe("StsRsnInf/Rsn/Prtry", report.proprietary_reason)
        if report.accepted_at is not None:
            payment.add("AccptncDtTm", written(report.accepted_at))
        _write_original(payment, report)
        payment.put_back(report.kept)
    body.put_back(first.kept_of_message)
    return root.encoded()


def read_pacs002(message: bytes) -> StatusReport:
    """Read a report on one payment.

    Raises:
        InvalidMessage: not such a message, or it reports on several.
        NotInProfile: it says what the schemes have no place for.
    """
    reports = read_reports(message)
    if len(reports) != 1:
        raise InvalidMessage(f"{_BODY}/TxInfAndSts", "It reports on several.")
    return reports[0]


def read_reports(message: bytes) -> tuple[StatusReport, ...]:
    """Read a report on payments of one message, each by itself.

    Raises:
        InvalidMessage: not such a message, or it reports on none.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_GROUP)
    payments = list(body.all("TxInfAndSts"))
    if not payments:
        raise InvalidMessage(f"{_BODY}/TxInfAndSts", "It reports on nothing.")
    return tuple(_read(body, each, kept) for each in payments)


def _read(body: Node, payment: Node, kept: tuple[Kept, ...]) -> StatusReport:
    original = body.one("OrgnlGrpInfAndSts")
    amount = currency = None
    if payment.find("OrgnlTxRef/IntrBkSttlmAmt"):
        amount, currency = payment.money("OrgnlTxRef/IntrBkSttlmAmt")
    return StatusReport(
        message_id=body.text("GrpHdr/MsgId"),
        created_at=body.instant("GrpHdr/CreDtTm"),
        original_message_id=original.text("OrgnlMsgId"),
        original_message_name=original.text("OrgnlMsgNmId"),
        original_end_to_end_id=payment.text_or_none("OrgnlEndToEndId"),
        original_transaction_id=payment.text("OrgnlTxId"),
        status=payment.text("TxSts"),
        reason=payment.text_or_none("StsRsnInf/Rsn/Cd"),
        proprietary_reason=payment.text_or_none("StsRsnInf/Rsn/Prtry"),
        amount=amount,
        currency=currency,
        accepted_at=payment.instant("AccptncDtTm") if payment.find("AccptncDtTm") else None,
        debtor_bic=payment.text_or_none("OrgnlTxRef/DbtrAgt/FinInstnId/BICFI"),
        kept=payment.kept(_PAYMENT),
        kept_of_message=kept,
    )


def _write_original(payment: Built, report: StatusReport) -> None:
    if report.amount is None and report.debtor_bic is None:
        return
    original = payment.add("OrgnlTxRef")
    if report.amount is not None:
        assert report.currency is not None, "an amount has its currency"
        original.money("IntrBkSttlmAmt", report.amount, report.currency)
    original.maybe("DbtrAgt/FinInstnId/BICFI", report.debtor_bic)
