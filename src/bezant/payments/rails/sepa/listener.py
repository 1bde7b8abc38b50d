"""What the clearing system brings us: credits, what became of them, returns, recalls.

Every message may come twice, late or out of order. The receiver keeps what was said, and answers
the same to the same; nothing here remembers anything.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from bezant.formats.iso20022 import (
    InvalidMessage,
    camt029,
    camt056,
    pacs002,
    pacs004,
    pacs008,
    version_of,
)
from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids
from bezant.payments.rails.port import (
    Coordinates,
    Incoming,
    Recall,
    Receiver,
    Refused,
    Return,
    Taken,
    Unmatched,
)
from bezant.payments.rails.sepa.codes import NOT_THERE, REFUSED, Use, fit, meaning_of
from bezant.payments.rails.sepa.messages import INSTRUMENTS, settlement_date
from bezant.payments.rails.sepa.participants import Participant, full
from bezant.payments.rails.sepa.scheme import EURO
from bezant.payments.states import OrderState

_NOT_OURS: Final = "RC01"
_WRONG_CURRENCY: Final = "AM03"

UNDER_WAY_MAX: Final = timedelta(seconds=20)
"""After its acceptance no instant payment is taken any more; nothing of it is expected either."""

_EXPECTED_FOR: Final = {"sct_inst": UNDER_WAY_MAX, "sct": timedelta(minutes=30)}
"""After the recall of a payment that is not here: for so long it may still come."""


class NotThereYet(Exception):  # noqa: N818 - what is the case
    """A message about something that we do not have (yet): it has to come again."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The name of a credit that was offered to us."""

    tenant_id: UUID
    institution_id: UUID
    rail: str
    sender_bic: str
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a credit that was offered: an order, or None where it was refused."""

    order_id: UUID | None
    at: datetime


class Records(Protocol):
    """What the listener needs of the core beside its receiver."""

    async def decided(self, offered: Offered) -> Decided | None:
        """What became of a credit; None where it is not here (yet)."""
        ...


class CsmListener:
    """Takes the messages of the clearing system.

    Args:
        receiver: keeps what comes in.
        records: of what was kept before.
        clock: tells when an answer is made.
        ids: of answers.
    """

    def __init__(self, receiver: Receiver, records: Records, clock: Clock, ids: Ids) -> None:
        self._receiver = receiver
        self._records = records
        self._clock = clock
        self._ids = ids

    async def take(self, participant: Participant, rail: str, message: bytes) -> bytes:
        """Take a message; the answer to it, empty where none is due.

        Args:
            participant: whom it is for.
            rail: `sct_inst` or `sct`.
            message: as it came.

        Raises:
            InvalidMessage: it is none that we take.
            NotThereYet: it is about something that is not here.
        """
        match version_of(message):
            case pacs008.VERSION:
                return await self._credit(participant, rail, message)
            case pacs002.VERSION:
                return await self._status(participant, rail, message)
            case pacs004.VERSION:
                return await self._return(participant, rail, message)
            case camt056.VERSION:
                return await self._recall(participant, rail, message)
            case camt029.VERSION:
                return await self._answer(participant, rail, message)
            case _:
                raise InvalidMessage("/", "It is a message of a kind that is not taken.")

    async def _credit(self, participant: Participant, rail: str, message: bytes) -> bytes:
        transfers = pacs008.read_pacs008(message)
        if transfers.instrument != INSTRUMENTS[rail] or len(transfers.transfers) != 1:
            raise InvalidMessage("Document", "It is not one transfer of this scheme.")
        [transfer] = transfers.transfers
        if full(transfer.creditor.bic) != full(participant.bic):
            # Nothing is kept of it: the credit itself tells when.
            return self._refused(rail, transfers, _NOT_OURS, transfers.created_at)
        incoming = Incoming(
            tenant_id=participant.tenant_id,
            institution_id=participant.institution_id,
            rail=rail,
            transaction_id=transfer.transaction_id,
            sender_bic=full(transfer.debtor.bic),
            amount=transfer.amount,
            asset=transfer.currency,
            debtor=_side(transfer.debtor),
            creditor=_side(transfer.creditor),
            end_to_end_id=transfer.end_to_end_id,
            remittance=transfer.remittance,
            accepted_at=transfer.accepted_at or transfers.created_at,
            raw=message,
        )
        if rail == "sct_inst":
            if self._is_too_old(incoming) and await self._taken_as(_offered(incoming)) is None:
                # Its cancellation may have been here before it.
                return self._report(transfers, transfer, "TM01")
            taken = await self._receiver.offer(incoming)
            if isinstance(taken, Refused):
                return self._refused(rail, transfers, taken.code, transfers.created_at)
            return self._report(transfers, transfer, None)
        taken = await self._receiver.credited(incoming)
        if isinstance(taken, Refused):
            decided = await self._records.decided(_offered(incoming))
            assert decided is not None, "what is refused is kept"
            return self._refused(rail, transfers, taken.code, decided.at)
        return b""

    def _refused(
        self, rail: str, transfers: pacs008.CreditTransfers, code: str, at: datetime
    ) -> bytes:
        """The rejection of what is not settled yet, or the return of what is."""
        if rail == "sct_inst":
            [transfer] = transfers.transfers
            return self._report(transfers, transfer, fit(Use.REJECT, code, rail))
        return _sent_back(transfers, fit(Use.RETURN, code, rail), at)

    def _is_too_old(self, incoming: Incoming) -> bool:
        return self._clock.now() >= incoming.accepted_at + UNDER_WAY_MAX

    async def _taken_as(self, offered: Offered) -> UUID | None:
        decided = await self._records.decided(offered)
        return None if decided is None else decided.order_id

    async def _status(self, participant: Participant, rail: str, message: bytes) -> bytes:
        """What became of a credit that we took, or of a payment of ours."""
        report = pacs002.read_pacs002(message)
        sender = full(report.debtor_bic or "")
        offered = Offered(
            participant.tenant_id,
            participant.institution_id,
            rail,
            sender,
            report.original_transaction_id,
        )
        state = meaning_of(Use.STATUS, report.status, rail).state
        order_id = await self._taken_as(offered)
        if order_id is None:
            self._check_expected(participant, report, sender, state)
            return b""
        if state is OrderState.SETTLED:
            await self._conclude(participant, order_id, report.accepted_at or report.created_at)
        elif state is OrderState.REJECTED:
            await self._conclude(participant, order_id, None)
        return b""

    def _check_expected(
        self,
        participant: Participant,
        report: pacs002.StatusReport,
        sender: str,
        state: OrderState | None,
    ) -> None:
        """Let a report on nothing that we took pass only where it leaves nothing to do.

        Raises:
            NotThereYet: what it is about may come still, or was lost.
        """
        if sender == full(participant.bic):
            # Of a payment of ours: a hint. The survivor's inquiry brings the same, surely.
            return
        is_young = self._clock.now() < report.created_at + UNDER_WAY_MAX
        if state is not OrderState.REJECTED or is_young:
            raise NotThereYet

    async def _conclude(
        self, participant: Participant, order_id: UUID, settled_at: datetime | None
    ) -> None:
        await self._receiver.conclude(participant.tenant_id, order_id, settled_at)

    async def _return(self, participant: Participant, rail: str, message: bytes) -> bytes:
        back = pacs004.read_pacs004(message)
        returned = Return(
            participant.tenant_id,
            participant.institution_id,
            rail,
            back.original_transaction_id,
            back.return_id,
            back.amount,
            back.currency,
            back.reason,
            message,
        )
        taken = await self._given_back(returned)
        report = pacs002.StatusReport(
            self._ids.new().hex,
            self._clock.now(),
            back.message_id,
            pacs004.VERSION,
            back.original_end_to_end_id,
            back.return_id,
            "RJCT" if isinstance(taken, Refused) else "ACCP",
            fit(Use.REJECT, taken.code, rail) if isinstance(taken, Refused) else None,
        )
        return pacs002.write_pacs002(report)

    async def _given_back(self, returned: Return) -> Taken | Unmatched | Refused:
        # The schemes settle euros: of anything else nothing has moved.
        if returned.asset != EURO:
            return Refused(_WRONG_CURRENCY)
        return await self._receiver.returned(returned)

    async def _recall(self, participant: Participant, rail: str, message: bytes) -> bytes:
        """The answer comes when somebody has decided; at once where there is nothing to decide."""
        request = camt056.read_camt056(message)
        recall = Recall(
            participant.tenant_id,
            participant.institution_id,
            rail,
            request.original_transaction_id,
            request.cancellation_id,
            request.reason,
            message,
            full(request.assigner_bic),
        )
        taken = await self._receiver.recalled(recall)
        if isinstance(taken, UUID):
            return b""
        at = request.created_at
        if taken.code == NOT_THERE:
            at += _EXPECTED_FOR[rail]
            if self._clock.now() < at:
                raise NotThereYet
        return _kept_from(participant, request, taken.code, at)

    async def _answer(self, participant: Participant, rail: str, message: bytes) -> bytes:
        """What the payee's bank says of a recall of ours: refused, or anything else."""
        resolution = camt029.read_camt029(message)
        is_refused = resolution.outcome == REFUSED
        refusal = (resolution.reason or "NARR") if is_refused else None
        recall = Recall(
            participant.tenant_id,
            participant.institution_id,
            rail,
            resolution.original_transaction_id,
            # The schemes have no place for it: what they repeat is the name of the payment.
            resolution.case_id or "",
            resolution.reason or "",
            message,
        )
        if not await self._receiver.recall_answered(recall, refusal, resolution.created_at):
            raise NotThereYet
        return b""

    def _report(
        self,
        transfers: pacs008.CreditTransfers,
        transfer: pacs008.CreditTransfer,
        code: str | None,
    ) -> bytes:
        report = pacs002.StatusReport(
            message_id=self._ids.new().hex,
            created_at=self._clock.now(),
            original_message_id=transfers.message_id,
            original_message_name=pacs008.VERSION,
            original_end_to_end_id=transfer.end_to_end_id,
            original_transaction_id=transfer.transaction_id,
            status="ACCP" if code is None else "RJCT",
            reason=code,
            amount=transfer.amount,
            currency=transfer.currency,
            debtor_bic=transfer.debtor.bic,
        )
        return pacs002.write_pacs002(report)


def _offered(incoming: Incoming) -> Offered:
    return Offered(
        incoming.tenant_id,
        incoming.institution_id,
        incoming.rail,
        incoming.sender_bic,
        incoming.transaction_id,
    )


def _sent_back(transfers: pacs008.CreditTransfers, code: str, at: datetime) -> bytes:
    """The return of what was settled and is not taken: the same at every repeat.

    Args:
        transfers: what is not taken.
        code: why, of the scheme's list.
        at: when that was decided.
    """
    [transfer] = transfers.transfers
    named = f"{full(transfer.debtor.bic)}/{transfer.transaction_id}"
    return_id = hashlib.sha256(named.encode()).hexdigest()[:32]
    returned = pacs004.PaymentReturn(
        message_id=return_id,
        created_at=at,
        # Not before the credit itself, which may be told of before its day.
        settlement_date=max(settlement_date(at, None), transfers.settlement_date),
        return_id=return_id,
        original_message_id=transfers.message_id,
        original_message_name=pacs008.VERSION,
        original_end_to_end_id=transfer.end_to_end_id,
        original_transaction_id=transfer.transaction_id,
        original_amount=transfer.amount,
        amount=transfer.amount,
        currency=transfer.currency,
        reason=code,
    )
    return pacs004.write_pacs004(returned)


def _kept_from(
    participant: Participant, request: camt056.CancellationRequest, code: str, at: datetime
) -> bytes:
    """The refusal of a recall that nobody has to decide on, dated by when it could be said.

    The same at every repeat.
    """
    named = f"{full(request.assigner_bic)}/{request.cancellation_id}"
    name = hashlib.sha256(named.encode()).hexdigest()[:32]
    resolution = camt029.CancellationResolution(
        assignment_id=name,
        created_at=at,
        assigner_bic=participant.bic,
        assignee_bic=request.assigner_bic,
        outcome=REFUSED,
        status_id=name,
        original_message_id=request.original_message_id,
        original_message_name=request.original_message_name,
        original_end_to_end_id=request.original_end_to_end_id,
        original_transaction_id=request.original_transaction_id,
        reason=code,
        case_id=request.cancellation_id,
    )
    return camt029.write_camt029(resolution)


def _side(owner: pacs008.AccountOwner) -> Coordinates:
    return Coordinates(owner.name, owner.iban, full(owner.bic))
