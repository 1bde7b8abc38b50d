"""An attempt as messages of the scheme: the same bytes whenever they are made."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from bezant.formats.iso20022 import pacs008, pacs028
from bezant.payments.calendars.target import on_or_after
from bezant.payments.rails.port import Coordinates, Outgoing
from bezant.payments.rails.sepa.participants import Participants, bic_of
from bezant.payments.rails.sepa.scheme import latin

INSTANT: Final = "INST"
INSTRUMENTS: Final = {"sct_inst": INSTANT, "sct": None}
"""By the name of the rail: the instrument that its messages name."""

_FRANKFURT: Final = ZoneInfo("Europe/Berlin")


def transaction_id(outgoing: Outgoing) -> str:
    """What the schemes know an attempt by: of its message, and of the transfer in it."""
    return outgoing.attempt_id.hex


def transfer_message(
    outgoing: Outgoing, participants: Participants, instrument: str | None
) -> bytes:
    """The pacs.008 of an attempt."""
    debtor = participants.of_institution(outgoing.tenant_id, outgoing.institution_id)
    name = transaction_id(outgoing)
    remittance = outgoing.remittance
    transfer = pacs008.CreditTransfer(
        instruction_id=None,
        end_to_end_id=outgoing.end_to_end_id,
        transaction_id=name,
        amount=outgoing.amount,
        currency=outgoing.asset,
        accepted_at=outgoing.accepted_at,
        debtor=_owner(outgoing.debtor, debtor.bic, "debtor_name"),
        creditor=_owner(outgoing.creditor, creditor_bic(outgoing), "creditor.name"),
        remittance=None if remittance is None else latin(remittance, "remittance"),
    )
    message = pacs008.CreditTransfers(
        message_id=name,
        # Not of the sending: a repeat is the same message.
        created_at=outgoing.accepted_at,
        settlement_date=settlement_date(outgoing.accepted_at, instrument),
        instrument=instrument,
        transfers=(transfer,),
    )
    return pacs008.write_pacs008(message)


def inquiry_message(outgoing: Outgoing, request_id: str, at: datetime) -> bytes:
    """The pacs.028 that asks about an attempt.

    Args:
        outgoing: the attempt.
        request_id: of this question; each has its own.
        at: when it is asked.
    """
    name = transaction_id(outgoing)
    request = pacs028.StatusRequest(
        message_id=request_id,
        created_at=at,
        request_id=request_id,
        original_message_id=name,
        original_message_name=pacs008.VERSION,
        original_end_to_end_id=outgoing.end_to_end_id,
        original_transaction_id=name,
    )
    return pacs028.write_pacs028(request)


def creditor_bic(outgoing: Outgoing) -> str:
    """The payee's bank."""
    bic = outgoing.creditor.bic or bic_of(outgoing.creditor.iban or "")
    assert bic is not None, "`check` refuses a payee whose bank nobody tells"
    return bic


def settlement_date(at: datetime, instrument: str | None) -> date:
    """On which day what is sent at an instant settles, by the schemes' clock.

    Instant payments settle on every day; the others when TARGET is next open.
    """
    day = at.astimezone(_FRANKFURT).date()
    return day if instrument == INSTANT else on_or_after(day)


def _owner(side: Coordinates, bic: str, field: str) -> pacs008.AccountOwner:
    assert side.iban is not None, "`check` refuses it"
    return pacs008.AccountOwner(latin(side.name, field), side.iban, bic)
