"""Mandates of direct debits, as messages about collections carry them (`DrctDbtTx`)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.nodes import Built, Node

_MANDATE: Final = "DrctDbtTx/MndtRltdInf"
_AMENDMENT: Final = "AmdmntInfDtls"

MANDATE: Final = """
DrctDbtTx/MndtRltdInf/MndtId
DrctDbtTx/MndtRltdInf/DtOfSgntr
DrctDbtTx/MndtRltdInf/AmdmntInd !true,1
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlMndtId
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlCdtrSchmeId/Nm
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlCdtrSchmeId/Id/PrvtId/Othr/Id
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlCdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry =SEPA
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlDbtrAcct/Id/IBAN
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlDbtrAcct/Id/Othr *
DrctDbtTx/MndtRltdInf/AmdmntInfDtls/OrgnlDbtrAgt *
DrctDbtTx/MndtRltdInf/ElctrncSgntr *
DrctDbtTx/CdtrSchmeId/Id/PrvtId/Othr/Id
DrctDbtTx/CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry =SEPA
"""
"""What the schemes let a collection say of its mandate."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a mandate said before it was amended, as far as it was changed.

    Nothing at all where only what is kept of the message says it, such as an account of the debtor
    at another bank (`SMNDA`).
    """

    reference: str | None = None
    creditor_id: str | None = None
    creditor_name: str | None = None
    debtor_iban: str | None = None


@dataclass(frozen=True, slots=True)
class MandateInformation:
    """The mandate of a collection.

    Attributes:
        reference: unique for the creditor (UMR).
        creditor_id: the creditor's identifier of SEPA.
        amendment: what the last collection did not carry yet; None where nothing was changed.
    """

    reference: str
    signed_on: date
    creditor_id: str
    amendment: Amendment | None = None


def write_mandate(built: Built, mandate: MandateInformation, *, with_creditor: bool = True) -> None:
    """Add it to a collection.

    Args:
        built: the collection.
        mandate: to add.
        with_creditor: whether the creditor's identifier is said here, and not for many at once.
    """
    transaction = built.add("DrctDbtTx")
    about = transaction.add("MndtRltdInf")
    about.add("MndtId", mandate.reference)
    about.add("DtOfSgntr", mandate.signed_on.isoformat())
    if mandate.amendment is not None:
        about.add("AmdmntInd", "true")
    if mandate.amendment not in {None, Amendment()}:
        _write_amendment(about.add(_AMENDMENT), mandate.amendment)
    if with_creditor:
        write_creditor(transaction.add("CdtrSchmeId"), mandate.creditor_id)


def read_mandate(node: Node, creditor_id: str | None = None) -> MandateInformation:
    """Read it from a collection.

    Args:
        node: the collection.
        creditor_id: that is said for many at once; None where each says its own.

    Raises:
        InvalidMessage: incomplete, or said to be amended without saying from what.
    """
    about = node.one(_MANDATE)
    amendment = None
    if about.flag("AmdmntInd"):
        amendment = _read_amendment(about.one(_AMENDMENT))
    elif about.find(_AMENDMENT):
        raise InvalidMessage(f"{about.path}/{_AMENDMENT}", "The mandate is said to be unchanged.")
    scheme_id = node.find("DrctDbtTx/CdtrSchmeId")
    if scheme_id is not None and creditor_id is not None:
        raise InvalidMessage(scheme_id.path, "The creditor is said for the group.")
    return MandateInformation(
        reference=about.text("MndtId"),
        signed_on=about.date("DtOfSgntr"),
        creditor_id=creditor_id or read_creditor(node.one("DrctDbtTx/CdtrSchmeId")),
        amendment=amendment,
    )


def _write_amendment(built: Built, amendment: Amendment) -> None:
    built.maybe("OrgnlMndtId", amendment.reference)
    if amendment.creditor_id is not None or amendment.creditor_name is not None:
        creditor = built.add("OrgnlCdtrSchmeId")
        creditor.maybe("Nm", amendment.creditor_name)
        if amendment.creditor_id is not None:
            write_creditor(creditor, amendment.creditor_id)
    built.maybe("OrgnlDbtrAcct/Id/IBAN", amendment.debtor_iban)


def _read_amendment(node: Node) -> Amendment:
    creditor = node.find("OrgnlCdtrSchmeId")
    read = Amendment(
        reference=node.text_or_none("OrgnlMndtId"),
        creditor_id=read_creditor(creditor) if creditor and creditor.find("Id") else None,
        creditor_name=node.text_or_none("OrgnlCdtrSchmeId/Nm"),
        debtor_iban=node.text_or_none("OrgnlDbtrAcct/Id/IBAN"),
    )
    is_kept = node.find("OrgnlDbtrAcct/Id/Othr") or node.find("OrgnlDbtrAgt")
    if read == Amendment() and not is_kept:
        raise InvalidMessage(node.path, "It does not say what was amended.")
    return read


def read_creditor(node: Node) -> str:
    """Read a creditor's identifier of SEPA from where it stands.

    Raises:
        InvalidMessage: it is none.
    """
    other = node.one("Id/PrvtId/Othr")
    other.one("SchmeNm/Prtry")
    return other.text("Id")


def write_creditor(built: Built, creditor_id: str) -> None:
    """Write a creditor's identifier of SEPA."""
    other = built.add("Id/PrvtId/Othr")
    other.add("Id", creditor_id)
    other.add("SchmeNm/Prtry", "SEPA")
