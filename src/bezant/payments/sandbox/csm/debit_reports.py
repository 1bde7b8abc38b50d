"""The messages about direct debits that the clearing system writes itself."""

from datetime import datetime
from typing import Final
from uuid import uuid4

from bezant.formats.iso20022 import camt029, camt056, pacs002, pacs003
from bezant.payments.rails.sepa.codes import NOT_THERE

TAKEN: Final = "PDNG"
SETTLED: Final = "ACSC"
REJECTED: Final = "RJCT"
CANCELLED: Final = "CANC"


def report_on(
    message: pacs003.Collections, status: str, reason: str | None, at: datetime
) -> pacs002.StatusReport:
    """The report on a collection."""
    [terms] = message.collections
    return pacs002.StatusReport(
        message_id=uuid4().hex,
        created_at=at,
        original_message_id=message.message_id,
        original_message_name=pacs003.VERSION,
        original_end_to_end_id=terms.end_to_end_id,
        original_transaction_id=terms.transaction_id,
        status=status,
        reason=None if status == CANCELLED else reason,
        amount=terms.amount,
        currency=terms.currency,
        accepted_at=at,
    )


def report_on_back(
    about: tuple[str, str, str], status: str, reason: str | None, at: datetime
) -> pacs002.StatusReport:
    """The report on what gives a collection back."""
    message_id, message_name, name = about
    return pacs002.StatusReport(
        message_id=uuid4().hex,
        created_at=at,
        original_message_id=message_id,
        original_message_name=message_name,
        original_end_to_end_id=None,
        original_transaction_id=name,
        status=status,
        reason=reason,
    )


def nothing_of_debit(report: pacs002.StatusReport, at: datetime) -> pacs002.StatusReport:
    """The answer to a rejection of what never came."""
    return pacs002.StatusReport(
        message_id=uuid4().hex,
        created_at=at,
        original_message_id=report.original_message_id,
        original_message_name=report.original_message_name,
        original_end_to_end_id=report.original_end_to_end_id,
        original_transaction_id=report.original_transaction_id,
        status=REJECTED,
        reason=None,
        proprietary_reason=NOT_THERE,
    )


def resolved(request: camt056.CancellationRequest, kept: str | None, at: datetime) -> bytes:
    """The answer to a cancellation: it is stopped, or why it is not."""
    resolution = camt029.CancellationResolution(
        assignment_id=uuid4().hex,
        created_at=at,
        assigner_bic=request.assignee_bic,
        assignee_bic=request.assigner_bic,
        outcome="CNCL" if kept is None else "RJCR",
        status_id=uuid4().hex,
        original_message_id=request.original_message_id,
        original_message_name=request.original_message_name,
        original_end_to_end_id=request.original_end_to_end_id,
        original_transaction_id=request.original_transaction_id,
        reason=kept,
        case_id=request.cancellation_id,
    )
    return camt029.write_camt029(resolution)
