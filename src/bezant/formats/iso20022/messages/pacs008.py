"""Credit transfers between banks: pacs.008.001.08."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.nodes import Built, Node, new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pacs.008.001.08"
_BODY: Final = "FIToFICstmrCdtTrf"

_MESSAGE: Final = Profile(
    f"{scheme.SETTLEMENT}{scheme.KIND}GrpHdr/TtlIntrBkSttlmAmt\nGrpHdr/PmtTpInf/LclInstrm/Prtry *\n"
    "CdtTrfTxInf +"
)
_TRANSFER: Final = Profile(
    f"""
PmtId/InstrId
PmtId/EndToEndId
PmtId/TxId
PmtId/UETR *
PmtId/ClrSysRef *
IntrBkSttlmAmt
AccptncDtTm
ChrgBr =SLEV
{scheme.AGENTS}{scheme.owner("Dbtr")}{scheme.owner("Cdtr")}{scheme.PURPOSE}"""
)


@dataclass(frozen=True, slots=True)
class AccountOwner:
    """A payer or a payee, as the message names them."""

    name: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One transfer.

    Attributes:
        transaction_id: the sending bank's own, unique in the scheme together with its BIC.
        amount: minor units of `currency`.
        accepted_at: when the payer's bank accepted it; instant payments count from it.
        remittance: what the payer tells the payee, unstructured.
        kept: what the scheme lets stand in it besides.
    """

    instruction_id: str | None
    end_to_end_id: str
    transaction_id: str
    amount: int
    currency: str
    accepted_at: datetime | None
    debtor: AccountOwner
    creditor: AccountOwner
    remittance: str | None
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class CreditTransfers:
    """A message: its transfers settle on one day by one scheme.

    Attributes:
        instrument: the scheme's code: `INST` for instant payments; None for the others.
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    settlement_date: date
    instrument: str | None
    transfers: tuple[CreditTransfer, ...]
    kept: tuple[Kept, ...] = ()


def write_pacs008(message: CreditTransfers) -> bytes:
    """Write a message: cleared by a clearing system, charges by its rules (`SLEV`)."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", message.message_id)
    header.add("CreDtTm", written(message.created_at))
    header.add("NbOfTxs", str(len(message.transfers)))
    currencies = {each.currency for each in message.transfers}
    assert len(currencies) == 1, "a message settles in one currency"
    total = sum(each.amount for each in message.transfers)
    header.money("TtlIntrBkSttlmAmt", total, currencies.pop())
    header.add("IntrBkSttlmDt", message.settlement_date.isoformat())
    header.add("SttlmInf/SttlmMtd", "CLRG")
    kind = header.add("PmtTpInf")
    kind.add("SvcLvl/Cd", "SEPA")
    kind.maybe("LclInstrm/Cd", message.instrument)
    for each in message.transfers:
        _write(body.add("CdtTrfTxInf"), each)
    body.put_back(message.kept)
    return root.encoded()


def read_pacs008(message: bytes) -> CreditTransfers:
    """Read a message whose count and total agree with its transfers.

    Raises:
        InvalidMessage: not such a message, or one that does not add up.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    body.one("GrpHdr/SttlmInf/SttlmMtd")
    body.one("GrpHdr/PmtTpInf/SvcLvl/Cd")
    header = body.one("GrpHdr")
    transfers = tuple(_read(each) for each in body.all("CdtTrfTxInf"))
    _check_sums(header, transfers)
    return CreditTransfers(
        message_id=header.text("MsgId"),
        created_at=header.instant("CreDtTm"),
        settlement_date=header.date("IntrBkSttlmDt"),
        instrument=header.text_or_none("PmtTpInf/LclInstrm/Cd"),
        transfers=transfers,
        kept=kept,
    )


def _check_sums(header: Node, transfers: tuple[CreditTransfer, ...]) -> None:
    if header.text("NbOfTxs") != str(len(transfers)) or not transfers:
        raise InvalidMessage(f"{header.path}/NbOfTxs", "It is not the number of transfers.")
    total, currency = header.money("TtlIntrBkSttlmAmt")
    if any(each.currency != currency for each in transfers):
        raise InvalidMessage(
            f"{header.path}/TtlIntrBkSttlmAmt", "Transfers are in other currencies."
        )
    if total != sum(each.amount for each in transfers):
        raise InvalidMessage(f"{header.path}/TtlIntrBkSttlmAmt", "It is not the transfers' sum.")


def _write(built: Built, transfer: CreditTransfer) -> None:
    ids = built.add("PmtId")
    ids.maybe("InstrId", transfer.instruction_id)
    ids.add("EndToEndId", transfer.end_to_end_id)
    ids.add("TxId", transfer.transaction_id)
    built.money("IntrBkSttlmAmt", transfer.amount, transfer.currency)
    if transfer.accepted_at is not None:
        built.add("AccptncDtTm", written(transfer.accepted_at))
    built.add("ChrgBr", "SLEV")
    built.add("Dbtr/Nm", transfer.debtor.name)
    built.add("DbtrAcct/Id/IBAN", transfer.debtor.iban)
    built.add("DbtrAgt/FinInstnId/BICFI", transfer.debtor.bic)
    built.add("CdtrAgt/FinInstnId/BICFI", transfer.creditor.bic)
    built.add("Cdtr/Nm", transfer.creditor.name)
    built.add("CdtrAcct/Id/IBAN", transfer.creditor.iban)
    built.maybe("RmtInf/Ustrd", transfer.remittance)
    built.put_back(transfer.kept)


def _read(node: Node) -> CreditTransfer:
    node.one("ChrgBr")
    amount, currency = node.money("IntrBkSttlmAmt")
    if amount == 0:
        raise InvalidMessage(f"{node.path}/IntrBkSttlmAmt", "A transfer moves more than nothing.")
    return CreditTransfer(
        instruction_id=node.text_or_none("PmtId/InstrId"),
        end_to_end_id=node.text("PmtId/EndToEndId"),
        transaction_id=node.text("PmtId/TxId"),
        amount=amount,
        currency=currency,
        accepted_at=node.instant("AccptncDtTm") if node.find("AccptncDtTm") else None,
        debtor=_owner(node, "Dbtr"),
        creditor=_owner(node, "Cdtr"),
        remittance=node.text_or_none("RmtInf/Ustrd"),
        kept=node.kept(_TRANSFER),
    )


def _owner(node: Node, role: str) -> AccountOwner:
    return AccountOwner(
        name=node.text(f"{role}/Nm"),
        iban=node.text(f"{role}Acct/Id/IBAN"),
        bic=node.text(f"{role}Agt/FinInstnId/BICFI"),
    )
