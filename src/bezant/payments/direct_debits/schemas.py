"""Wire models of direct debits."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.ledger import schemas
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.controls import Standing, Verdict
from bezant.payments.direct_debits.domain import NOTICE_DAYS, Scheme, Sequence
from bezant.payments.orders.schemas import Amount, EndToEndId, Iban, Name, Remittance

CreditorId = Annotated[
    str, Meta(pattern=r"^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{4,40}\Z", examples=["DE98ZZZ09999999999"])
]
Reference = Annotated[str, Meta(pattern=r"^[A-Za-z0-9+?/:().,' -]{1,35}\Z", examples=["M-2026-7"])]
NoticeDays = Annotated[int, Meta(ge=1, le=90)]
Days = Annotated[int, Meta(ge=1, le=3660)]
Code = Annotated[str, Meta(pattern=r"^[A-Z]{2}[A-Z0-9]{2}\Z", examples=["AC04"])]


class Debtor(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """Who signed a mandate."""

    name: Name
    iban: Iban


class NewDebitMandate(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/direct-debit-mandates`: a mandate that a debtor signed for a customer of ours.

    Attributes:
        creditor_account: where collections arrive.
        creditor_id: the creditor's identifier (EPC262-08).
        reference: the unique mandate reference (UMR), given by the creditor.
        one_off: for a single collection.
        notice_days: how long before the due date the debtor is told, as agreed.
    """

    creditor_account: UUID
    creditor_id: CreditorId
    creditor_name: Name
    reference: Reference
    debtor: Debtor
    signed_on: date
    scheme: Scheme = Scheme.CORE
    one_off: bool = False
    notice_days: NoticeDays = NOTICE_DAYS


class NewCreditor(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/direct-debit-creditors`: a creditor identifier (EPC262-08), and whose it is.

    It is kept as a keyed fingerprint only.
    """

    institution_id: UUID
    party_id: UUID
    creditor_id: CreditorId


class Creditor(Struct, frozen=True):
    """A registered creditor."""

    id: UUID
    institution_id: UUID
    party_id: UUID
    registered_at: datetime


class Creditors(Struct, frozen=True):
    """A page of creditors, in the order of identifiers."""

    creditors: list[Creditor]
    next: str | None


class MandateAmendment(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/direct-debit-mandates/{mandate}/amend`; what is absent stays as it is.

    The next collection carries what it was before.
    """

    creditor_id: CreditorId | None = None
    creditor_name: Name | None = None
    reference: Reference | None = None
    debtor: Debtor | None = None


class DebitMandate(Struct, frozen=True):
    """A mandate without what identifies people.

    Attributes:
        lapses_on: the first day on which it has been unused for too long.
        is_on_us: whether the debtor is a customer here too.
    """

    id: UUID
    creditor_account: UUID
    scheme: Scheme
    one_off: bool
    signed_on: date
    notice_days: int
    last_collected_on: date | None
    lapses_on: date
    is_ended: bool
    is_on_us: bool
    row_version: int


class DebitMandates(Struct, frozen=True):
    """A page of mandates, newest last."""

    mandates: list[DebitMandate]
    next: str | None


class NewDebit(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/direct-debits`: a collection of a customer of ours.

    Attributes:
        due_on: the day on which it is to be debited; it settles on the next day that TARGET is
            open, if TARGET is closed then.
        is_final: the mandate's last.
    """

    mandate_id: UUID
    asset: schemas.AssetCode
    amount: Amount
    due_on: date
    is_final: bool = False
    end_to_end_id: EndToEndId = "NOTPROVIDED"
    remittance: Remittance | None = None


class DirectDebit(Struct, frozen=True):
    """A collection without what identifies people, which is read with a purpose.

    Attributes:
        reason: the scheme's code for how it ended, where that needs one.
        is_owed: whether the creditor owes what was given back.
        is_unapplied: whether money waits on `unapplied:{id}`, since the account that it was for
            could not be credited.
        refundable_until: the last day on which its debtor gets it back without giving a reason.
    """

    id: UUID
    rail: str
    scheme: Scheme
    sequence: Sequence | None
    state: DebitState
    creditor_account: UUID | None
    debtor_account: UUID | None
    mandate_id: UUID | None
    asset: str
    amount: str
    due_on: date
    debited_on: date | None
    is_owed: bool
    is_unapplied: bool
    refundable_until: date | None
    created_at: datetime
    reason: str | None = None


class DirectDebits(Struct, frozen=True):
    """A page of collections, in the order of identifiers."""

    direct_debits: list[DirectDebit]
    next: str | None


class DebitStep(Struct, frozen=True):
    """One step of a collection."""

    seq: int
    before: DebitState | None
    after: DebitState
    at: datetime
    actor: str
    reason: str | None = None


class DebitSteps(Struct, frozen=True):
    """How a collection came to its state, oldest first."""

    steps: list[DebitStep]


class DebitReason(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/cancel`, `…/return`, `…/reverse`: a code of the scheme's."""

    code: Code


class RefundAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/direct-debits/{debit}/refund`.

    Attributes:
        unauthorised: the debtor says that there was no mandate.
    """

    unauthorised: bool = False


class ListedCreditor(Struct, frozen=True, forbid_unknown_fields=True):
    """What a payer says of one creditor, whose identifier is kept as a keyed fingerprint only."""

    creditor_id: CreditorId
    verdict: Verdict
    amount_max: Amount | None = None
    days_between: Days | None = None


class NewDebitControls(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/accounts/{account}/direct-debit-controls`: replaces what was said before.

    Attributes:
        is_blocked: nothing is collected at all.
        only_listed: nothing is collected but by creditors that are listed as allowed.
        amount_max: minor units of a collection at most, whoever collects.
    """

    is_blocked: bool = False
    only_listed: bool = False
    amount_max: Amount | None = None
    creditors: Annotated[list[ListedCreditor], Meta(max_length=500)] = []


class DebitControls(Struct, frozen=True):
    """What a payer lets be collected; the creditors' identifiers are not repeated."""

    version: int
    is_blocked: bool
    only_listed: bool
    amount_max: str | None
    allowed: int
    denied: int


class PayerMandateStanding(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/payer-mandates`: the payer confirms or stops a mandate."""

    creditor_id: CreditorId
    reference: Reference
    scheme: Scheme
    standing: Literal["confirmed", "stopped"]


class PayerMandateView(Struct, frozen=True):
    """A mandate as the payer's bank knows it."""

    id: UUID
    scheme: Scheme
    standing: Standing
    confirmed_on: date | None
    last_debited_on: date | None


class PayerMandates(Struct, frozen=True):
    """A page of an account's mandates."""

    mandates: list[PayerMandateView]
    next: str | None


class Reading(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of reading what a collection says."""

    purpose: Purpose


class Paged(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a list."""

    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class DebitsOf(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of a list of collections: from an account, or to one, or all."""

    debtor_account: UUID | None = None
    creditor_account: UUID | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class Former(Sensitive, Struct, frozen=True):
    """What an amended mandate said before, as far as it was changed."""

    creditor_id: str | None = None
    creditor_name: str | None = None
    reference: str | None = None
    debtor_iban: str | None = None


class MandateContent(Sensitive, Struct, frozen=True):
    """What a mandate says of the two sides: sealed where it is stored."""

    creditor_id: str
    creditor_name: str
    reference: str
    debtor_name: str
    debtor_iban: str
    former: Former | None = None


class DebitContent(Sensitive, Struct, frozen=True):
    """What a collection says of the two sides: sealed where it is stored.

    Attributes:
        transaction_id: the other bank's, for one that another bank presented.
        message_id: of the message that presented it.
        sender_bic: the bank that presented it.
    """

    mandate: MandateContent
    signed_on: date
    end_to_end_id: str
    remittance: str | None = None
    transaction_id: str | None = None
    message_id: str | None = None
    sender_bic: str | None = None


MANDATE = msgspec.json.Decoder(MandateContent)
CONTENT = msgspec.json.Decoder(DebitContent)
