"""Money asked back and given back: recalls, their refusals, returns. Named after what is told."""

from typing import Final

from bezant.formats.iso20022 import (
    InvalidMessage,
    camt029,
    camt056,
    pacs002,
    pacs004,
    pacs008,
)
from bezant.payments.rails.port import (
    Asked,
    NotSent,
    Outcome,
    Outgoing,
    Pending,
    Rejected,
    Settled,
    Unknown,
)
from bezant.payments.rails.sepa.codes import DUPLICATES, REFUSED, Use, allowed, meaning_of
from bezant.payments.rails.sepa.link import CsmLink, NoAnswer, NotReached
from bezant.payments.rails.sepa.messages import INSTRUMENTS, settlement_date
from bezant.payments.rails.sepa.participants import Participants, bic_of
from bezant.payments.states import OrderState

FOLLOWING_RECALL: Final = "FOCR"
_NO_REASON: Final = "NARR"
_UNTOLD: Final = "NOTPROVIDED"
"""For the name of the original message, where only that of the transfer is known."""


class Returns:
    """Recalls and returns of one scheme.

    Args:
        link: to the clearing system.
        participants: who may send.
        rail: `sct_inst` or `sct`.
    """

    def __init__(self, link: CsmLink, participants: Participants, rail: str) -> None:
        self._link = link
        self._participants = participants
        self._rail = rail

    @property
    def recall_refusals(self) -> frozenset[str]:
        """The codes that the scheme lets a recall be refused with."""
        return frozenset(allowed(Use.RECALL_REFUSED, self._rail))

    async def send_recall(self, asked: Asked) -> Outcome:
        """Ask the payee's bank for the money of a payment of ours (camt.056)."""
        bic = asked.counterparty_bic or bic_of(asked.counterparty_iban or "")
        if bic is None:
            return NotSent("NO_COUNTERPARTY")
        request = camt056.CancellationRequest(
            assignment_id=asked.message_id.hex,
            created_at=asked.at,
            assigner_bic=self._bic(asked),
            assignee_bic=bic,
            cancellation_id=asked.case_id,
            # A payment of ours has its own message, of the same name.
            original_message_id=asked.original_transaction_id,
            original_message_name=pacs008.VERSION,
            original_end_to_end_id=None,
            original_transaction_id=asked.original_transaction_id,
            original_amount=asked.amount,
            currency=asked.asset,
            original_settlement_date=None,
            reason=asked.code,
        )
        return await self._told(asked, camt056.write_camt056(request))

    async def answer_recall(self, asked: Asked, refusal: str) -> Outcome:
        """Refuse a recall, with a code of the scheme's list (camt.029)."""
        if asked.counterparty_bic is None:
            return NotSent("NO_COUNTERPARTY")
        resolution = camt029.CancellationResolution(
            assignment_id=asked.message_id.hex,
            created_at=asked.at,
            assigner_bic=self._bic(asked),
            assignee_bic=asked.counterparty_bic,
            outcome=REFUSED,
            status_id=asked.message_id.hex,
            original_message_id=_UNTOLD,
            original_message_name=pacs008.VERSION,
            original_end_to_end_id=None,
            original_transaction_id=asked.original_transaction_id,
            reason=refusal,
            case_id=asked.case_id,
        )
        return await self._told(asked, camt029.write_camt029(resolution))

    async def send_return(self, asked: Asked) -> Outcome:
        """Give back the money of a credit (pacs.004)."""
        returned = pacs004.PaymentReturn(
            message_id=asked.message_id.hex,
            created_at=asked.at,
            settlement_date=settlement_date(asked.at, INSTRUMENTS[self._rail]),
            return_id=asked.message_id.hex,
            original_message_id=_UNTOLD,
            original_message_name=pacs008.VERSION,
            original_end_to_end_id=None,
            original_transaction_id=asked.original_transaction_id,
            original_amount=asked.amount,
            amount=asked.amount,
            currency=asked.asset,
            reason=FOLLOWING_RECALL,
        )
        heard = await self._link.ask(self._path(asked), pacs004.write_pacs004(returned))
        match heard:
            case NotReached():
                return NotSent("NOT_REACHED")
            case NoAnswer():
                return Unknown(heard.why)
            case bytes():
                return self._outcome_in(heard, asked)

    async def _told(self, asked: Asked, message: bytes) -> Outcome:
        """Deliver what is answered later, by a message of its own."""
        heard = await self._link.ask(self._path(asked), message)
        match heard:
            case NotReached():
                return NotSent("NOT_REACHED")
            case NoAnswer():
                return Unknown(heard.why)
            case bytes():
                return Pending(asked.message_id.hex)

    def _outcome_in(self, answer: bytes, asked: Asked) -> Outcome:
        try:
            report = pacs002.read_pacs002(answer)
        except InvalidMessage:
            return Unknown("UNREADABLE", answer)
        name = asked.message_id.hex
        if (report.original_message_id, report.original_transaction_id) != (name, name):
            return Unknown("OTHER_MESSAGE", answer)
        return self._outcome(report, name, answer)

    def _outcome(self, report: pacs002.StatusReport, name: str, answer: bytes) -> Outcome:
        match meaning_of(Use.STATUS, report.status, self._rail).state:
            case OrderState.SETTLED:
                return Settled(name, report.created_at, answer)
            case OrderState.PENDING:
                return Pending(name, answer)
            case OrderState.REJECTED:
                code = report.reason or report.proprietary_reason or _NO_REASON
                if code in DUPLICATES:
                    return Unknown("DUPLICATE", answer)
                return Rejected(code, raw=answer)
            case _:
                return Unknown(f"STATUS_{report.status}"[:35], answer)

    def _bic(self, said: Asked | Outgoing) -> str:
        return self._participants.of_institution(said.tenant_id, said.institution_id).bic

    def _path(self, said: Asked | Outgoing) -> str:
        return f"/{self._rail}/{self._bic(said)}"
