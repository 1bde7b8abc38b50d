"""Collections, and what is told of them, as messages of the direct debit schemes.

A collection is the same bytes whenever it is made; what is told of it has a name that follows from
the collection, by which the other side recognises a repeat.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.formats.iso20022 import camt056, mandates, pacs002, pacs003, pacs004, pacs007, pacs008
from bezant.kernel.ids import derived_id
from bezant.payments.direct_debits.domain import Scheme, settles_on
from bezant.payments.direct_debits.rail import Collection, GivenBack, Original
from bezant.payments.direct_debits.reasons import Back, fits
from bezant.payments.direct_debits.schemas import MandateContent
from bezant.payments.rails.errors import NotForRail
from bezant.payments.rails.sepa.participants import Participants, bic_of
from bezant.payments.rails.sepa.scheme import AMOUNT_MAX, COUNTRIES, EURO, latin

INSTRUMENTS: Final = {Scheme.CORE: "CORE", Scheme.B2B: "B2B"}
"""By the scheme: the instrument that its messages name."""

_NAME_MAX: Final = 70
_REMITTANCE_MAX: Final = 140
_NO_REASON: Final = "MS03"


def collection_name(debit_id: UUID) -> str:
    """What the scheme knows a collection of ours by, in whichever message."""
    return debit_id.hex


def told_name(debit_id: UUID) -> str:
    """The name of what is told of a collection: there is one such at the most."""
    return derived_id(b"direct debit told" + debit_id.bytes).hex


def check_collection(collection: Collection, participants: Participants) -> None:
    """Refuse what the schemes could never carry out.

    Raises:
        NotForRail: saying which part of the collection does not fit.
    """
    if collection.asset != EURO:
        raise NotForRail("The scheme collects euros.", field="asset")
    if not 0 < collection.amount <= AMOUNT_MAX:
        raise NotForRail("The scheme collects from 0.01 to 999,999,999.99 euros.", field="amount")
    participants.of_institution(collection.tenant_id, collection.institution_id)
    says = collection.content.mandate
    for name, field in ((says.creditor_name, "creditor_name"), (says.debtor_name, "debtor.name")):
        if not 0 < len(latin(name, field).strip()) <= _NAME_MAX:
            raise NotForRail(f"A name has from 1 to {_NAME_MAX} letters.", field=field)
    if says.debtor_iban[:2] not in COUNTRIES:
        raise NotForRail("The scheme reaches IBANs of its countries.", field="debtor.iban")
    debtor_bic(collection)
    if len(latin(collection.content.remittance or "", "remittance")) > _REMITTANCE_MAX:
        raise NotForRail(f"It has room for {_REMITTANCE_MAX} letters.", field="remittance")


def debtor_bic(collection: Collection) -> str:
    """The debtor's bank.

    Raises:
        NotForRail: nobody tells it.
    """
    bic = bic_of(collection.content.mandate.debtor_iban)
    if bic is None:
        raise NotForRail("Nobody tells the bank of this IBAN.", field="debtor.iban")
    return bic


def collections_message(collections: Sequence[Collection], creditor_bic: str) -> bytes:
    """The pacs.003 of collections that are in one message, of one creditor and sequence.

    Raises:
        NotForRail: see `check_collection`.
    """
    first = collections[0]
    message = pacs003.Collections(
        message_id=first.message.hex,
        # Not of the sending: a repeat is the same message.
        created_at=max(each.created_at for each in collections),
        settlement_date=settles_on(first.due_on),
        instrument=INSTRUMENTS[first.scheme],
        sequence=first.sequence,
        collections=tuple(_entry(each, creditor_bic) for each in collections),
    )
    return pacs003.write_pacs003(message)


def _entry(collection: Collection, creditor_bic: str) -> pacs003.Collection:
    says, remittance = collection.content.mandate, collection.content.remittance
    return pacs003.Collection(
        end_to_end_id=collection.content.end_to_end_id,
        transaction_id=collection_name(collection.id),
        amount=collection.amount,
        currency=collection.asset,
        due_on=collection.due_on,
        mandate=_mandate(collection, says),
        creditor=pacs008.AccountOwner(
            latin(says.creditor_name, "creditor_name"), collection.creditor_iban, creditor_bic
        ),
        debtor=pacs008.AccountOwner(
            latin(says.debtor_name, "debtor.name"), says.debtor_iban, debtor_bic(collection)
        ),
        remittance=None if remittance is None else latin(remittance, "remittance"),
    )


def withdrawal_message(collection: Collection, creditor_bic: str, code: str, at: datetime) -> bytes:
    """The camt.056 that asks the scheme to stop a collection of ours."""
    name = collection_name(collection.id)
    request = camt056.CancellationRequest(
        assignment_id=told_name(collection.id),
        created_at=at,
        assigner_bic=creditor_bic,
        assignee_bic=debtor_bic(collection),
        cancellation_id=told_name(collection.id),
        original_message_id=collection.message.hex,
        original_message_name=pacs003.VERSION,
        original_end_to_end_id=collection.content.end_to_end_id,
        original_transaction_id=name,
        original_amount=collection.amount,
        currency=collection.asset,
        original_settlement_date=settles_on(collection.due_on),
        # The list of cancellations has a word of its own for what is collected twice.
        reason="DUPL" if code == "AM05" else code,
    )
    return camt056.write_camt056(request)


def rejection_message(told: GivenBack, original: Original, at: datetime) -> bytes:
    """The pacs.002 that rejects another bank's collection before it settles."""
    report = pacs002.StatusReport(
        message_id=told_name(told.id),
        created_at=at,
        original_message_id=original.message_id,
        original_message_name=pacs003.VERSION,
        original_end_to_end_id=original.end_to_end_id,
        original_transaction_id=original.transaction_id,
        status="RJCT",
        # A refund may be asked for before the scheme has settled what was debited.
        reason=told.code if fits(told.code, Back.REJECT) else _NO_REASON,
        amount=told.amount,
        currency=told.asset,
    )
    return pacs002.write_pacs002(report)


def return_message(told: GivenBack, original: Original, at: datetime) -> bytes:
    """The pacs.004 that returns or refunds another bank's collection after it settled."""
    name = told_name(told.id)
    returned = pacs004.PaymentReturn(
        message_id=name,
        created_at=at,
        settlement_date=at.date(),
        return_id=name,
        original_message_id=original.message_id,
        original_message_name=pacs003.VERSION,
        original_end_to_end_id=original.end_to_end_id,
        original_transaction_id=original.transaction_id,
        original_amount=told.amount,
        amount=told.amount,
        currency=told.asset,
        reason=told.code if _is_of_money(told.code) else _NO_REASON,
    )
    return pacs004.write_pacs004(returned)


def reversal_message(told: GivenBack, creditor_bic: str, at: datetime) -> bytes:
    """The pacs.007 that gives back a collection of ours."""
    assert told.message is not None, "a collection of ours was in a message"
    name = told_name(told.id)
    reversal = pacs007.PaymentReversal(
        message_id=name,
        created_at=at,
        settlement_date=at.date(),
        reversal_id=name,
        original_message_id=told.message.hex,
        original_message_name=pacs003.VERSION,
        original_end_to_end_id=None,
        original_transaction_id=collection_name(told.id),
        amount=told.amount,
        currency=told.asset,
        reason=told.code,
        creditor_bic=creditor_bic,
    )
    return pacs007.write_pacs007(reversal)


def _is_of_money(code: str) -> bool:
    """Whether a code may be given for money that goes back, as one of a rejection may not."""
    return fits(code, Back.RETURN) or fits(code, Back.REFUND)


def _mandate(collection: Collection, says: MandateContent) -> mandates.MandateInformation:
    former = says.former
    amendment = None
    if former is not None:
        before = former.creditor_name
        amendment = mandates.Amendment(
            reference=former.reference,
            creditor_id=former.creditor_id,
            creditor_name=None if before is None else latin(before, "creditor_name"),
            debtor_iban=former.debtor_iban,
        )
    return mandates.MandateInformation(
        says.reference, collection.content.signed_on, says.creditor_id, amendment
    )
