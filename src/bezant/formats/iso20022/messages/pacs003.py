"""Direct debits between banks: pacs.003.001.08."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.messages.mandates import (
    MANDATE,
    MandateInformation,
    read_mandate,
    write_mandate,
)
from bezant.formats.iso20022.messages.pacs008 import AccountOwner
from bezant.formats.iso20022.nodes import Built, Node, new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile

VERSION: Final = "pacs.003.001.08"
_BODY: Final = "FIToFICstmrDrctDbt"

_MESSAGE: Final = Profile(
    f"{scheme.SETTLEMENT}{scheme.KIND}GrpHdr/TtlIntrBkSttlmAmt\nGrpHdr/PmtTpInf/SeqTp\n"
    "DrctDbtTxInf +"
)
_COLLECTION: Final = Profile(
    f"""
PmtId/InstrId *
PmtId/EndToEndId
PmtId/TxId
PmtId/ClrSysRef *
IntrBkSttlmAmt
ChrgBr =SLEV
ReqdColltnDt
{MANDATE}{scheme.AGENTS}{scheme.owner("Cdtr")}{scheme.owner("Dbtr")}{scheme.PURPOSE}"""
)


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection.

    Attributes:
        transaction_id: the creditor's bank's own, unique in the scheme together with its BIC.
        amount: minor units of `currency`.
        due_on: the day that the creditor asks for.
        kept: what the scheme lets stand in it besides.
    """

    end_to_end_id: str
    transaction_id: str
    amount: int
    currency: str
    due_on: date
    mandate: MandateInformation
    creditor: AccountOwner
    debtor: AccountOwner
    remittance: str | None
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Collections:
    """A message: its collections settle on one day, and are of one scheme and sequence.

    Attributes:
        instrument: `CORE` or `B2B`.
        sequence: `FRST`, `RCUR`, `FNAL` or `OOFF`.
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    settlement_date: date
    instrument: str
    sequence: str
    collections: tuple[Collection, ...]
    kept: tuple[Kept, ...] = ()


def write_pacs003(message: Collections) -> bytes:
    """Write a message: cleared by a clearing system, charges by its rules (`SLEV`)."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", message.message_id)
    header.add("CreDtTm", written(message.created_at))
    header.add("NbOfTxs", str(len(message.collections)))
    currencies = {each.currency for each in message.collections}
    assert len(currencies) == 1, "a message settles in one currency"
    total = sum(each.amount for each in message.collections)
    header.money("TtlIntrBkSttlmAmt", total, currencies.pop())
    header.add("IntrBkSttlmDt", message.settlement_date.isoformat())
    header.add("SttlmInf/SttlmMtd", "CLRG")
    kind = header.add("PmtTpInf")
    kind.add("SvcLvl/Cd", "SEPA")
    kind.add("LclInstrm/Cd", message.instrument)
    kind.add("SeqTp", message.sequence)
    for each in message.collections:
        _write(body.add("DrctDbtTxInf"), each)
    body.put_back(message.kept)
    return root.encoded()


def read_pacs003(message: bytes) -> Collections:
    """Read a message whose count and total agree with its collections.

    Raises:
        InvalidMessage: not such a message, or one that does not add up.
        NotInProfile: it says what the schemes have no place for.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    body.one("GrpHdr/SttlmInf/SttlmMtd")
    body.one("GrpHdr/PmtTpInf/SvcLvl/Cd")
    header = body.one("GrpHdr")
    collections = tuple(_read(each) for each in body.all("DrctDbtTxInf"))
    if header.text("NbOfTxs") != str(len(collections)) or not collections:
        raise InvalidMessage(f"{header.path}/NbOfTxs", "It is not the number of collections.")
    total, currency = header.money("TtlIntrBkSttlmAmt")
    path = f"{header.path}/TtlIntrBkSttlmAmt"
    if any(each.currency != currency for each in collections):
        raise InvalidMessage(path, "Collections are in other currencies.")
    if total != sum(each.amount for each in collections):
        raise InvalidMessage(path, "It is not the collections' sum.")
    return Collections(
        message_id=header.text("MsgId"),
        created_at=header.instant("CreDtTm"),
        settlement_date=header.date("IntrBkSttlmDt"),
        instrument=header.text("PmtTpInf/LclInstrm/Cd"),
        sequence=header.text("PmtTpInf/SeqTp"),
        collections=collections,
        kept=kept,
    )


def _write(built: Built, collection: Collection) -> None:
    ids = built.add("PmtId")
    ids.add("EndToEndId", collection.end_to_end_id)
    ids.add("TxId", collection.transaction_id)
    built.money("IntrBkSttlmAmt", collection.amount, collection.currency)
    built.add("ChrgBr", "SLEV")
    built.add("ReqdColltnDt", collection.due_on.isoformat())
    write_mandate(built, collection.mandate)
    creditor, debtor = collection.creditor, collection.debtor
    built.add("Cdtr/Nm", creditor.name)
    built.add("CdtrAcct/Id/IBAN", creditor.iban)
    built.add("CdtrAgt/FinInstnId/BICFI", creditor.bic)
    built.add("Dbtr/Nm", debtor.name)
    built.add("DbtrAcct/Id/IBAN", debtor.iban)
    built.add("DbtrAgt/FinInstnId/BICFI", debtor.bic)
    built.maybe("RmtInf/Ustrd", collection.remittance)
    built.put_back(collection.kept)


def _read(node: Node) -> Collection:
    node.one("ChrgBr")
    amount, currency = node.money("IntrBkSttlmAmt")
    if amount == 0:
        raise InvalidMessage(f"{node.path}/IntrBkSttlmAmt", "A collection takes something.")
    return Collection(
        end_to_end_id=node.text("PmtId/EndToEndId"),
        transaction_id=node.text("PmtId/TxId"),
        amount=amount,
        currency=currency,
        due_on=node.date("ReqdColltnDt"),
        mandate=read_mandate(node),
        creditor=_owner(node, "Cdtr"),
        debtor=_owner(node, "Dbtr"),
        remittance=node.text_or_none("RmtInf/Ustrd"),
        kept=node.kept(_COLLECTION),
    )


def _owner(node: Node, role: str) -> AccountOwner:
    return AccountOwner(
        name=node.text(f"{role}/Nm"),
        iban=node.text(f"{role}Acct/Id/IBAN"),
        bic=node.text(f"{role}Agt/FinInstnId/BICFI"),
    )
