"""The messages that the clearing system writes itself."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from bezant.formats.iso20022 import pacs002, pacs004, pacs008, pacs028
from bezant.payments.rails.sepa.codes import NOT_THERE


def status_of(
    message: pacs008.CreditTransfers,
    transfer: pacs008.CreditTransfer,
    status: str,
    reason: str | None,
    at: datetime,
) -> pacs002.StatusReport:
    """The report on a transfer."""
    return pacs002.StatusReport(
        message_id=uuid4().hex,
        created_at=at,
        original_message_id=message.message_id,
        original_message_name=pacs008.VERSION,
        original_end_to_end_id=transfer.end_to_end_id,
        original_transaction_id=transfer.transaction_id,
        status=status,
        reason=reason,
        amount=transfer.amount,
        currency=transfer.currency,
        accepted_at=at,
        debtor_bic=transfer.debtor.bic,
    )


def nothing_of(request: pacs028.StatusRequest, at: datetime) -> bytes:
    """The answer to a question about what never came."""
    report = pacs002.StatusReport(
        message_id=uuid4().hex,
        created_at=at,
        original_message_id=request.original_message_id,
        original_message_name=request.original_message_name,
        original_end_to_end_id=request.original_end_to_end_id,
        original_transaction_id=request.original_transaction_id,
        status="RJCT",
        reason=None,
        # The standard's list of reasons has none for it.
        proprietary_reason=NOT_THERE,
    )
    return pacs002.write_pacs002(report)


def of_another_payment(report: pacs002.StatusReport) -> pacs002.StatusReport:
    """A report that looks right and is about something else."""
    return replace(report, original_transaction_id=uuid4().hex)


def of_another_amount(report: pacs002.StatusReport) -> pacs002.StatusReport:
    """A report on a payment of one cent more."""
    return replace(report, amount=(report.amount or 0) + 1, currency="EUR")


def status_of_return(
    returned: pacs004.PaymentReturn, status: str, reason: str | None, at: datetime
) -> bytes:
    """The report on a return."""
    report = pacs002.StatusReport(
        message_id=uuid4().hex,
        created_at=at,
        original_message_id=returned.message_id,
        original_message_name=pacs004.VERSION,
        original_end_to_end_id=returned.original_end_to_end_id,
        original_transaction_id=returned.return_id,
        status=status,
        reason=reason,
        amount=returned.amount,
        currency=returned.currency,
    )
    return pacs002.write_pacs002(report)
