"""Direct debits that a creditor hands to their bank: pain.008.001.08."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bezant.formats.iso4217 import scale_of
from bezant.formats.iso20022.control import Control
from bezant.formats.iso20022.errors import InvalidMessage, SumsDisagree
from bezant.formats.iso20022.messages import scheme
from bezant.formats.iso20022.messages.mandates import (
    MANDATE,
    MandateInformation,
    read_creditor,
    read_mandate,
    write_creditor,
    write_mandate,
)
from bezant.formats.iso20022.nodes import Built, Node, new_root, read_root, written
from bezant.formats.iso20022.profiles import Kept, Profile
from bezant.kernel.money import format_units

VERSION: Final = "pain.008.001.08"
_BODY: Final = "CstmrDrctDbtInitn"

_MESSAGE: Final = Profile(
    """
GrpHdr/MsgId
GrpHdr/CreDtTm
GrpHdr/NbOfTxs
GrpHdr/CtrlSum *
GrpHdr/InitgPty/Nm
GrpHdr/InitgPty/PstlAdr *
GrpHdr/InitgPty/Id *
GrpHdr/InitgPty/CtctDtls *
PmtInf +
"""
)
_GROUP: Final = Profile(
    f"""
PmtInfId
PmtMtd =DD
BtchBookg *
NbOfTxs
CtrlSum *
PmtTpInf/SvcLvl/Cd =SEPA
PmtTpInf/LclInstrm/Cd
PmtTpInf/SeqTp
PmtTpInf/CtgyPurp *
ReqdColltnDt
UltmtCdtr *
ChrgBr ~SLEV
CdtrSchmeId/Id/PrvtId/Othr/Id
CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry =SEPA
DrctDbtTxInf +
{scheme.owner("Cdtr")}CdtrAgt/FinInstnId/Othr/Id =NOTPROVIDED
CdtrAcct/Ccy *
"""
)
_DEBIT: Final = Profile(
    f"""
PmtId/InstrId *
PmtId/EndToEndId
InstdAmt
ChrgBr ~SLEV
{MANDATE}{scheme.owner("Dbtr")}DbtrAgt/FinInstnId/Othr/Id =NOTPROVIDED
{scheme.PURPOSE}"""
)


@dataclass(frozen=True, slots=True)
class Party:
    """A creditor or a debtor; the bank of an IBAN need not be named (IBAN only)."""

    name: str
    iban: str
    bic: str | None = None


@dataclass(frozen=True, slots=True)
class InitiatedDebit:
    """One collection; `amount` in minor units of `currency`.

    Attributes:
        kept: what the scheme lets stand in it besides.
    """

    end_to_end_id: str
    amount: int
    currency: str
    mandate: MandateInformation
    debtor: Party
    remittance: str | None
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultyDebit:
    """A collection that cannot be read, beside others that can.

    Attributes:
        end_to_end_id: where at least that can be read.
        fault: where it is not as it should be.
    """

    end_to_end_id: str | None
    fault: InvalidMessage


@dataclass(frozen=True, slots=True)
class DebitGroup:
    """Collections of one creditor, scheme and sequence that are due on one day.

    Attributes:
        instrument: `CORE` or `B2B`.
        sequence: `FRST`, `RCUR`, `FNAL` or `OOFF`.
        creditor_id: the creditor's identifier, where it is said once for all; that of each mandate
            is the same then.
        faulty: collections of it that cannot be read.
        is_counted: whether it says how many there are.
        kept: what the scheme lets stand in it besides.
    """

    group_id: str
    instrument: str
    sequence: str
    due_on: date
    creditor: Party
    debits: tuple[InitiatedDebit, ...]
    creditor_id: str | None = None
    faulty: tuple[FaultyDebit, ...] = ()
    is_counted: bool = True
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class DebitInitiation:
    """A message; `initiator` is who sends it.

    Attributes:
        kept: what the scheme lets stand in it besides.
    """

    message_id: str
    created_at: datetime
    initiator: str
    groups: tuple[DebitGroup, ...]
    kept: tuple[Kept, ...] = ()


def write_pain008(message: DebitInitiation) -> bytes:
    """Write a message."""
    root = new_root(VERSION)
    body = root.add(_BODY)
    header = body.add("GrpHdr")
    header.add("MsgId", message.message_id)
    header.add("CreDtTm", written(message.created_at))
    header.add("NbOfTxs", str(sum(len(group.debits) for group in message.groups)))
    header.add("InitgPty/Nm", message.initiator)
    for group in message.groups:
        _write_group(body.add("PmtInf"), group)
    body.put_back(message.kept)
    return root.encoded()


def read_pain008(message: bytes) -> DebitInitiation:
    """Read a message all of whose collections can be read.

    Raises:
        InvalidMessage: not such a message, an empty one, or one that does not add up.
        NotInProfile: it says what the schemes have no place for.
    """
    found = read_partly(message)
    for group in found.groups:
        for each in group.faulty:
            raise each.fault
    return found


def read_partly(message: bytes) -> DebitInitiation:
    """Read a message whose counts and sums agree with its collections, as far as these can be read.

    Raises:
        InvalidMessage: not such a message, or an empty one.
        NotInProfile: outside of its collections it says what the schemes have no place for.
        SumsDisagree: it does not add up.
    """
    body = read_root(message, VERSION, _BODY)
    kept = body.kept(_MESSAGE)
    header = body.one("GrpHdr")
    groups = tuple(_read_group(each) for each in body.all("PmtInf"))
    if not groups:
        raise InvalidMessage(f"{body.path}/PmtInf", "It holds no collection.")
    count = sum(len(group.debits) + len(group.faulty) for group in groups)
    if header.text("NbOfTxs") != str(count):
        raise SumsDisagree(f"{header.path}/NbOfTxs", "It is not the number of collections.")
    if not any(group.faulty for group in groups):
        _check_sum(header, [each for group in groups for each in group.debits])
    return DebitInitiation(
        message_id=header.text("MsgId"),
        created_at=header.instant("CreDtTm"),
        initiator=header.text("InitgPty/Nm"),
        groups=groups,
        kept=kept,
    )


def _write_group(built: Built, group: DebitGroup) -> None:
    built.add("PmtInfId", group.group_id)
    built.add("PmtMtd", "DD")
    if group.is_counted:
        built.add("NbOfTxs", str(len(group.debits)))
    kind = built.add("PmtTpInf")
    kind.add("SvcLvl/Cd", "SEPA")
    kind.add("LclInstrm/Cd", group.instrument)
    kind.add("SeqTp", group.sequence)
    built.add("ReqdColltnDt", group.due_on.isoformat())
    built.add("Cdtr/Nm", group.creditor.name)
    built.add("CdtrAcct/Id/IBAN", group.creditor.iban)
    _write_bank(built, "CdtrAgt", group.creditor)
    if group.creditor_id is not None:
        write_creditor(built.add("CdtrSchmeId"), group.creditor_id)
    for each in group.debits:
        debit = built.add("DrctDbtTxInf")
        debit.add("PmtId/EndToEndId", each.end_to_end_id)
        debit.money("InstdAmt", each.amount, each.currency)
        write_mandate(debit, each.mandate, with_creditor=group.creditor_id is None)
        _write_bank(debit, "DbtrAgt", each.debtor)
        debit.add("Dbtr/Nm", each.debtor.name)
        debit.add("DbtrAcct/Id/IBAN", each.debtor.iban)
        debit.maybe("RmtInf/Ustrd", each.remittance)
        debit.put_back(each.kept)
    built.put_back(group.kept)


def _write_bank(built: Built, role: str, party: Party) -> None:
    if party.bic is None:
        built.add(f"{role}/FinInstnId/Othr/Id", "NOTPROVIDED")
    else:
        built.add(f"{role}/FinInstnId/BICFI", party.bic)


def _read_group(node: Node) -> DebitGroup:
    kept = node.kept(_GROUP)
    node.one("PmtMtd")
    node.one("PmtTpInf/SvcLvl/Cd")
    creditor = node.find("CdtrSchmeId")
    creditor_id = None if creditor is None else read_creditor(creditor)
    found = [_read_or_fault(each, creditor_id) for each in node.all("DrctDbtTxInf")]
    debits = tuple(each for each in found if isinstance(each, InitiatedDebit))
    counted = node.text_or_none("NbOfTxs")
    if not found or counted not in {None, str(len(found))}:
        raise SumsDisagree(f"{node.path}/NbOfTxs", "It is not the number of collections.")
    if len(debits) == len(found):
        _check_sum(node, debits)
    return DebitGroup(
        group_id=node.text("PmtInfId"),
        instrument=node.text("PmtTpInf/LclInstrm/Cd"),
        sequence=node.text("PmtTpInf/SeqTp"),
        due_on=node.date("ReqdColltnDt"),
        creditor=_party(node, "Cdtr"),
        debits=debits,
        creditor_id=creditor_id,
        faulty=tuple(each for each in found if isinstance(each, FaultyDebit)),
        is_counted=counted is not None,
        kept=kept,
    )


def _check_sum(node: Node, debits: Sequence[InitiatedDebit]) -> None:
    control = Control(node.path)
    control.expect(None, node.text_or_none("CtrlSum"))
    for each in debits:
        control.add(Decimal(format_units(each.amount, scale_of(each.currency))))
    control.check()


def _read_or_fault(node: Node, creditor_id: str | None) -> InitiatedDebit | FaultyDebit:
    try:
        return _read(node, creditor_id)
    except InvalidMessage as fault:
        return FaultyDebit(node.text_or_none("PmtId/EndToEndId"), fault)


def _read(node: Node, creditor_id: str | None) -> InitiatedDebit:
    amount, currency = node.money("InstdAmt")
    if amount == 0:
        raise InvalidMessage(f"{node.path}/InstdAmt", "A collection takes something.")
    return InitiatedDebit(
        end_to_end_id=node.text("PmtId/EndToEndId"),
        amount=amount,
        currency=currency,
        mandate=read_mandate(node, creditor_id),
        debtor=_party(node, "Dbtr"),
        remittance=node.text_or_none("RmtInf/Ustrd"),
        kept=node.kept(_DEBIT),
    )


def _party(node: Node, role: str) -> Party:
    return Party(
        name=node.text(f"{role}/Nm"),
        iban=node.text(f"{role}Acct/Id/IBAN"),
        bic=node.text_or_none(f"{role}Agt/FinInstnId/BICFI"),
    )
