"""What the SEPA schemes let stand in parts that several messages have.

By the implementation guidelines that the EPC publishes with its rulebooks of 2025: what those leave
white has no line here.
"""

from typing import Final

SETTLEMENT: Final = """
GrpHdr/MsgId
GrpHdr/CreDtTm
GrpHdr/NbOfTxs
GrpHdr/IntrBkSttlmDt
GrpHdr/SttlmInf/SttlmMtd =CLRG,INGA,INDA
GrpHdr/SttlmInf/SttlmAcct *
GrpHdr/SttlmInf/ClrSys *
GrpHdr/InstgAgt *
GrpHdr/InstdAgt *
"""
"""The header of what is settled."""

KIND: Final = """
GrpHdr/PmtTpInf/SvcLvl/Cd =SEPA
GrpHdr/PmtTpInf/LclInstrm/Cd
GrpHdr/PmtTpInf/CtgyPurp *
"""

ORIGINAL: Final = """
OrgnlGrpInf/OrgnlMsgId
OrgnlGrpInf/OrgnlMsgNmId
OrgnlGrpInf/OrgnlCreDtTm *
"""
"""The message that another one is about."""

ORIGINAL_IDS: Final = """
OrgnlInstrId *
OrgnlEndToEndId
OrgnlTxId
OrgnlUETR *
"""

AGENTS: Final = """
InstgAgt *
InstdAgt *
"""

PURPOSE: Final = """
UltmtDbtr/Nm *
UltmtDbtr/PstlAdr *
UltmtDbtr/Id *
UltmtCdtr/Nm *
UltmtCdtr/PstlAdr *
UltmtCdtr/Id *
Purp *
RmtInf/Ustrd
RmtInf/Strd *
"""

REPEATED: Final = """
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
CdtrAgt *
Cdtr *
CdtrAcct *
UltmtCdtr *
Purp *
"""
"""What a report may repeat of a payment."""

ASSIGNMENT: Final = """
Assgnmt/Id
Assgnmt/Assgnr/Agt/FinInstnId/BICFI
Assgnmt/Assgne/Agt/FinInstnId/BICFI
Assgnmt/CreDtTm
"""
"""Of an investigation: from whom, to whom."""


def owner(role: str) -> str:
    """A payer or a payee (`Dbtr`, `Cdtr`), the account and its bank."""
    return f"""
{role}/Nm
{role}/PstlAdr *
{role}/Id *
{role}Acct/Id/IBAN
{role}Acct/Prxy *
{role}Agt/FinInstnId/BICFI
"""


def reason(element: str) -> str:
    """Why, by a code of the standard; who says so, and more words about it."""
    return f"""
{element}/Orgtr *
{element}/Rsn/Cd
{element}/AddtlInf *
"""


def below(parent: str, text: str) -> str:
    """The same, deeper in a message."""
    return "\n".join(f"{parent}/{line}" for line in text.split("\n") if line)
