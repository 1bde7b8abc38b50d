"""What an answer of the clearing system says of the attempt that it is about, if it is."""

from typing import Final

from bezant.formats.iso20022 import InvalidMessage, pacs002, pacs008
from bezant.payments.rails.port import (
    NotSent,
    Outcome,
    Outgoing,
    Pending,
    Rejected,
    Settled,
    Unknown,
)
from bezant.payments.rails.sepa.codes import NOT_THERE, Use, meaning_of
from bezant.payments.rails.sepa.messages import transaction_id
from bezant.payments.states import OrderState

_NO_REASON: Final = "NARR"
"""`Narrative`: what a rejection without a reason is kept as."""


def outcome_in(answer: bytes, outgoing: Outgoing, scheme: str) -> Outcome:
    """The outcome that a pacs.002 tells; `NotSent` where it says that nothing is there.

    Whatever does not surely speak of this attempt says nothing of it: `Unknown`.
    """
    try:
        report = pacs002.read_pacs002(answer)
    except InvalidMessage:
        return Unknown("UNREADABLE", answer)
    if (doubt := _doubt(report, outgoing)) is not None:
        return Unknown(doubt, answer)
    return _outcome(report, answer, scheme)


def _outcome(report: pacs002.StatusReport, answer: bytes, scheme: str) -> Outcome:
    # Returns and recalls name the payment by it.
    reference = report.original_transaction_id
    match meaning_of(Use.STATUS, report.status, scheme).state:
        case OrderState.SETTLED:
            return Settled(reference, report.accepted_at or report.created_at, answer)
        case OrderState.PENDING:
            return Pending(reference, answer)
        case OrderState.REJECTED:
            reason = report.reason or report.proprietary_reason or _NO_REASON
            return NotSent(NOT_THERE) if reason == NOT_THERE else Rejected(reason, raw=answer)
        case _:
            return Unknown(f"STATUS_{report.status}"[:35], answer)


def _doubt(report: pacs002.StatusReport, outgoing: Outgoing) -> str | None:
    """Why a report may be about something else."""
    name = transaction_id(outgoing)
    if report.original_message_name != pacs008.VERSION:
        return "OTHER_MESSAGE"
    if (report.original_message_id, report.original_transaction_id) != (name, name):
        return "OTHER_MESSAGE"
    if report.original_end_to_end_id not in {None, outgoing.end_to_end_id}:
        return "OTHER_MESSAGE"
    if report.amount not in {None, outgoing.amount} or report.currency not in {
        None,
        outgoing.asset,
    }:
        return "OTHER_AMOUNT"
    return None
