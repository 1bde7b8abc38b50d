"""What became of customers' transfers, to the customer: pain.002.001.10."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bezant.formats.iso20022.nodes import Built, Node, new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pain.002.001.10"
_BODY: Final = "CstmrPmtStsRpt"

_MESSAGE: Final = Profile(
    """
GrpHdr/MsgId
GrpHdr/CreDtTm
GrpHdr/InitgPty *
GrpHdr/DbtrAgt *
GrpHdr/CdtrAgt *
OrgnlGrpInfAndSts/OrgnlMsgId
OrgnlGrpInfAndSts/OrgnlMsgNmId
OrgnlGrpInfAndSts/OrgnlCreDtTm *
OrgnlGrpInfAndSts/OrgnlNbOfTxs
OrgnlGrpInfAndSts/OrgnlCtrlSum *
OrgnlGrpInfAndSts/GrpSts
OrgnlGrpInfAndSts/StsRsnInf *
OrgnlGrpInfAndSts/NbOfTxsPerSts *
OrgnlPmtInfAndSts +
"""
)
_BATCH: Final = Profile(
    """
OrgnlPmtInfId
OrgnlNbOfTxs *
OrgnlCtrlSum *
PmtInfSts *
StsRsnInf *
NbOfTxsPerSts *
TxInfAndSts +
"""
)
_TRANSFER: Final = Profile(
    """
StsId *
OrgnlInstrId
OrgnlEndToEndId
OrgnlUETR *
TxSts
AccptncDtTm *
AcctSvcrRef *
ClrSysRef *
OrgnlTxRef *
StsRsnInf/Orgtr *
StsRsnInf/Rsn/Cd
StsRsnInf/Rsn/Prtry
StsRsnInf/AddtlInf +
"""
)
_LINE_LENGTH_MAX: Final = 105
_CODE_LENGTH_MAX: Final = 4
_OWN_REASON_LENGTH_MAX: Final = 35


@dataclass(frozen=True, slots=True)
class TransferStatus:
    """The status of one transfer.

    Attributes:
        status: a code of `ExternalPaymentTransactionStatus1Code`: `ACSC`, `PDNG`, `RJCT` …
        reason: a code of `ExternalStatusReason1Code`, or a longer one of the bank's own.
        is_own: whether it is the bank's own although it is no longer than a code.
        words: more about it, such as the name of a payee that matches closely; lines of at most
            105 characters.
        kept: what the scheme lets stand in it besides.
    """

    instruction_id: str | None
    end_to_end_id: str
    status: str
    reason: str | None
    is_own: bool = False
    words: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """The transfers of one `PmtInf`.

    Attributes:
        kept: what the scheme lets stand in it besides.
    """

    payment_information_id: str
    transfers: tuple[TransferStatus, ...]
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkStatus:
    """A report on one file.

    Attributes:
        original_message_name: the kind of message reported on, such as `pain.001.001.09`.
        count: of its transfers, where it is told.
        status: of the whole, where it is told: `ACSC`, `ACSP`, `PART`, `PDNG` or `RJCT`.
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    original_message_id: str
    original_message_name: str
    count: int | None
    status: str | None
    batches: tuple[BatchStatus, ...]
    kept: tuple[Kept, ...] = ()


def in_lines(words: str | None) -> tuple[str, ...]:
    """Words as lines of a report."""
    text = words or ""
    return tuple(text[at : at + _LINE_LENGTH_MAX] for at in range(0, len(text), _LINE_LENGTH_MAX))


def write_pain002(report: BulkStatus) -> bytes:
    """Write a report."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", report.message_id)
    header.add("CreDtTm", written(report.created_at))
    original = body.add("OrgnlGrpInfAndSts")
    original.add("OrgnlMsgId", report.original_message_id)
    original.add("OrgnlMsgNmId", report.original_message_name)
    original.maybe("OrgnlNbOfTxs", None if report.count is None else str(report.count))
    original.maybe("GrpSts", report.status)
    for batch in report.batches:
        built = body.add("OrgnlPmtInfAndSts")
        built.add("OrgnlPmtInfId", batch.payment_information_id)
        for each in batch.transfers:
            _write(built.add("TxInfAndSts"), each)
        built.put_back(batch.kept)
    body.put_back(report.kept)
    return root.encoded()


def read_pain002(message: bytes, version: str = VERSION) -> BulkStatus:
    """Read a report.

    Raises:
        InvalidMessage: not such a message.
        NotInProfile: it says what is not said about transfers of SEPA.
    """
    body = read_root(message, version, _BODY)
    kept = body.kept(_MESSAGE)
    original = body.one("OrgnlGrpInfAndSts")
    return BulkStatus(
        message_id=body.text("GrpHdr/MsgId"),
        created_at=body.instant("GrpHdr/CreDtTm"),
        original_message_id=original.text("OrgnlMsgId"),
        original_message_name=original.text("OrgnlMsgNmId"),
        count=original.count("OrgnlNbOfTxs") if original.find("OrgnlNbOfTxs") else None,
        status=original.text_or_none("GrpSts"),
        batches=tuple(
            BatchStatus(
                each.text("OrgnlPmtInfId"),
                tuple(_read(one) for one in each.all("TxInfAndSts")),
                each.kept(_BATCH),
            )
            for each in body.all("OrgnlPmtInfAndSts")
        ),
        kept=kept,
    )


def _write(built: Built, transfer: TransferStatus) -> None:
    built.maybe("OrgnlInstrId", transfer.instruction_id)
    built.add("OrgnlEndToEndId", transfer.end_to_end_id)
    built.add("TxSts", transfer.status)
    if transfer.reason is not None or transfer.words:
        why = built.add("StsRsnInf")
        if transfer.reason is not None:
            is_code = len(transfer.reason) <= _CODE_LENGTH_MAX and not transfer.is_own
            place = "Rsn/Cd" if is_code else "Rsn/Prtry"
            why.add(place, transfer.reason[:_OWN_REASON_LENGTH_MAX])
        for line in transfer.words:
            why.add("AddtlInf", line)
    built.put_back(transfer.kept)


def _read(node: Node) -> TransferStatus:
    why = node.find("StsRsnInf")
    own = node.text_or_none("StsRsnInf/Rsn/Prtry")
    return TransferStatus(
        instruction_id=node.text_or_none("OrgnlInstrId"),
        end_to_end_id=node.text("OrgnlEndToEndId"),
        status=node.text("TxSts"),
        reason=own or node.text_or_none("StsRsnInf/Rsn/Cd"),
        is_own=own is not None and len(own) <= _CODE_LENGTH_MAX,
        words=() if why is None else tuple(each.value() for each in why.all("AddtlInf")),
        kept=node.kept(_TRANSFER),
    )
