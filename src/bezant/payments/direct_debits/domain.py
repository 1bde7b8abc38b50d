"""The rules of SEPA direct debit mandates and refunds (Core and B2B): pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bezant.kernel.ids import derived_id
from bezant.payments.calendars.months import months_after
from bezant.payments.calendars.target import add_business_days, on_or_after
from bezant.payments.direct_debits.errors import (
    BackTooLate,
    CreditorIdentifierInvalid,
    MandateNotUsable,
    RefundNotDue,
)

NOTICE_DAYS: Final = 14
"""How long before the due date a payer is told of a collection, if nothing else was agreed."""

_CREDITOR_IDENTIFIER: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_BUSINESS_CODE: Final = slice(4, 7)
_MODULUS: Final = 97

DORMANT_AFTER_MONTHS: Final = 36
RETURN_WITHIN_DAYS: Final = 5
RETURN_WITHIN_DAYS_B2B: Final = 3
REVERSE_WITHIN_DAYS: Final = 5
"""Business days of TARGET after the debit in which banks return, and creditors reverse."""

REFUND_WITHIN: Final = timedelta(weeks=8)
UNAUTHORISED_WITHIN_MONTHS: Final = 13


class Scheme(StrEnum):
    """The two schemes; in B2B the debtor's bank checks the mandate, and nothing is refunded."""

    CORE = "core"
    B2B = "b2b"


class Sequence(StrEnum):
    """A collection's place among those of its mandate (ISO 20022 `SeqTp`)."""

    FIRST = "FRST"
    RECURRENT = "RCUR"
    FINAL = "FNAL"
    ONE_OFF = "OOFF"


@dataclass(frozen=True, slots=True)
class Mandate:
    """A debtor's consent to be debited.

    Attributes:
        one_off: signed for a single collection.
        last_collected_on: the due date of the last collection, or None before the first.
        is_ended: cancelled, or its final or only collection was presented.
    """

    scheme: Scheme
    one_off: bool
    signed_on: date
    last_collected_on: date | None = None
    is_ended: bool = False


def normal_creditor_identifier(text: str) -> str:
    """A creditor identifier in the form of messages (EPC262-08): upper case, without blanks.

    Raises:
        CreditorIdentifierInvalid: not of that form, or its check digits are wrong.
    """
    identifier = "".join(text.split()).upper()
    if not _CREDITOR_IDENTIFIER.fullmatch(identifier) or not _checks(identifier):
        raise CreditorIdentifierInvalid("It is no creditor identifier.", field="creditor_id")
    return identifier


def identity_of(creditor_id: str) -> str:
    """What of a creditor identifier tells the creditor: its business code is the creditor's own."""
    return creditor_id[: _BUSINESS_CODE.start] + creditor_id[_BUSINESS_CODE.stop :]


def payer_mandate_id(account_id: UUID, reference: bytes) -> UUID:
    """What the payer's bank knows a mandate by: it follows from the account and the mandate."""
    return derived_id(b"payer mandate" + account_id.bytes + reference)


def incoming_id(
    tenant_id: UUID, institution_id: UUID, rail: str, sender_bic: str, transaction_id: str
) -> UUID:
    """What a collection of another bank is known by here: it follows from its name there."""
    named = f"{rail}\n{sender_bic}\n{transaction_id}".encode()
    return derived_id(b"direct debit" + tenant_id.bytes + institution_id.bytes + named)


def settles_on(due: date) -> date:
    """The day on which a collection that is due on some day settles."""
    return on_or_after(due)


def presents_on(due: date) -> date:
    """The last day on which a collection can be given to the scheme: one business day before."""
    return add_business_days(settles_on(due), -1)


def sequence_of(mandate: "Mandate", *, is_final: bool) -> Sequence:
    """The sequence of the mandate's next collection."""
    if mandate.one_off:
        return Sequence.ONE_OFF
    if is_final:
        return Sequence.FINAL
    return Sequence.FIRST if mandate.last_collected_on is None else Sequence.RECURRENT


def lapses_on(mandate: Mandate) -> date:
    """The first day on which the mandate has been unused for too long: 36 months."""
    return months_after(mandate.last_collected_on or mandate.signed_on, DORMANT_AFTER_MONTHS)


def check_can_collect(mandate: Mandate, sequence: Sequence, due: date) -> None:
    """Refuse a collection that the mandate does not allow.

    A recurrent mandate's first collection may say `FRST` or `RCUR`; later ones never `FRST`.

    Raises:
        MandateNotUsable: ended, not yet signed, dormant, or not made for that sequence.
    """
    if mandate.is_ended:
        raise MandateNotUsable("The mandate has ended.", field="sequence")
    if due < mandate.signed_on:
        raise MandateNotUsable("The collection is due before the mandate was signed.", field="due")
    if due >= lapses_on(mandate):
        raise MandateNotUsable(
            f"The mandate was not used for {DORMANT_AFTER_MONTHS} months.", field="due"
        )
    if mandate.one_off is not (sequence is Sequence.ONE_OFF):
        raise MandateNotUsable("OOFF is for one-off mandates, and for no others.", field="sequence")
    if sequence is Sequence.FIRST and mandate.last_collected_on is not None:
        raise MandateNotUsable("The first collection was made already.", field="sequence")


def check_can_refund(
    scheme: Scheme, debited_on: date, asked_on: date, *, unauthorised: bool
) -> None:
    """Refuse a refund to the debtor that the scheme does not owe, or not any more.

    Args:
        scheme: that the debit was collected in.
        debited_on: the day of the debit, which both time limits count from and include the end of.
        asked_on: the day on which the debtor asked.
        unauthorised: whether the debtor says that there was no mandate.

    Raises:
        RefundNotDue: an authorised B2B debit, or too late.
    """
    if unauthorised:
        last = months_after(debited_on, UNAUTHORISED_WITHIN_MONTHS)
    elif scheme is Scheme.CORE:
        last = debited_on + REFUND_WITHIN
    else:
        raise RefundNotDue("An authorised B2B debit is not refunded.")
    if asked_on > last:
        raise RefundNotDue(f"A refund could be asked for until {last.isoformat()}.")


def check_can_return(scheme: Scheme, debited_on: date, today: date) -> None:
    """Refuse a return by the debtor's bank that comes too late.

    Raises:
        BackTooLate: after five business days, or three in B2B.
    """
    is_b2b = scheme is Scheme.B2B
    days = RETURN_WITHIN_DAYS_B2B if is_b2b else RETURN_WITHIN_DAYS
    _check_by(add_business_days(debited_on, days), today)


def check_can_reverse(debited_on: date, today: date) -> None:
    """Refuse a reversal by the creditor that comes too late.

    Raises:
        BackTooLate: after five business days.
    """
    _check_by(add_business_days(debited_on, REVERSE_WITHIN_DAYS), today)


def _check_by(last: date, today: date) -> None:
    if today > last:
        raise BackTooLate(f"It could be given back until {last.isoformat()}.")


def _checks(identifier: str) -> bool:
    """Whether the check digits are those of ISO 7064, modulo 97-10, without the business code."""
    moved = identifier[_BUSINESS_CODE.stop :] + identifier[: _BUSINESS_CODE.start]
    return int("".join(str(int(each, 36)) for each in moved)) % _MODULUS == 1
