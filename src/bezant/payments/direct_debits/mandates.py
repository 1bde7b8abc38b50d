"""Creditors' mandates, in the lane of the book of the account that they are collected for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.banking import BANK_ACCOUNT, account_of
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.outbox import event
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen
from bezant.payments.direct_debits import store
from bezant.payments.direct_debits.creditors import check_creditor, reads_of_creditor
from bezant.payments.direct_debits.domain import Mandate, Scheme, lapses_on
from bezant.payments.direct_debits.errors import (
    DebitMandateEnded,
    DebitMandateExists,
    DebitMandateNotFound,
    MandateNotUsable,
)
from bezant.payments.direct_debits.schemas import DebitMandate

MANDATE: Final = ReadKind("direct_debit_mandate", store.READ_MANDATES)
"""A creditor's mandate by its identifier."""

REFERENCE: Final = ReadKind("direct_debit_mandate_reference", store.READ_REFERENCES)
"""Whether a creditor has a mandate under a reference, by the fingerprint of both."""

_MANDATE: Final = RowKind("direct_debit_mandate", store.SAVE_MANDATES, key_columns=1)
_CHANGE: Final = RowKind("direct_debit_mandate_change", store.INSERT_MANDATE_CHANGES)


@dataclass(frozen=True, slots=True)
class Held:
    """A mandate as the commit that looks at it finds it.

    Attributes:
        debtor_account: where the debtor is a customer of the same book.
        former: the fingerprint of before an amendment that no collection has carried yet.
        sealed: what it says of the two sides.
    """

    id: UUID
    book_id: UUID
    creditor_account: UUID
    debtor_account: UUID | None
    terms: Mandate
    notice_days: int
    creditor: bytes
    reference: bytes
    former: bytes | None
    sealed: bytes
    row_version: int
    created_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Held":
        """A mandate from its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: Held = row["standing"]
            return standing
        terms = Mandate(
            Scheme(row["scheme"]),
            one_off=row["one_off"],
            signed_on=row["signed_on"],
            last_collected_on=row["last_collected_on"],
            is_ended=row["is_ended"],
        )
        return cls(
            row["key"], row["ledger_book"], row["creditor_account"], row["debtor_account"], terms,
            row["notice_days"], row["creditor"], row["reference"], row["former"], row["sealed"],
            row["row_version"], row["created_at"],
        )  # fmt: skip


@RiderKinds.register
class SignDebitMandate(msgspec.Struct, frozen=True):
    """`POST /v1/direct-debit-mandates`.

    Attributes:
        registration: that the creditor's identifier has, if it is registered.
    """

    id: UUID
    creditor_account: UUID
    debtor_account: UUID | None
    scheme: Scheme
    one_off: bool
    signed_on: date
    notice_days: int
    creditor: bytes
    registration: UUID
    reference: bytes
    sealed: bytes
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The creditor's account, whose the identifier is, and whether the reference is taken."""
        account = self.creditor_account
        rows = ((BANK_ACCOUNT, account), (REFERENCE, self.reference))
        return Reads(rows=(*rows, *reads_of_creditor(self.registration, account)))

    def decide(self, seen: Seen) -> Decision:
        """Keep it.

        Raises:
            DebitMandateExists: the creditor has one under the reference.
            MandateNotUsable: it is signed in the future.
            CreditorOfAnother: see there.
        """
        account_of(seen, self.creditor_account)
        check_creditor(seen, self.registration, self.creditor_account)
        if seen.row(REFERENCE, self.reference) is not None:
            raise DebitMandateExists("There is a mandate under the reference.", field="reference")
        at = seen.draft.at
        if self.signed_on > seen.draft.book.local_date(at):
            raise MandateNotUsable("It is signed in the future.", field="signed_on")
        terms = Mandate(self.scheme, one_off=self.one_off, signed_on=self.signed_on)
        held = Held(
            self.id, seen.draft.book.book_id, self.creditor_account, self.debtor_account, terms,
            self.notice_days, self.creditor, self.reference, None, self.sealed, 1, at,
        )  # fmt: skip
        seen.amend(REFERENCE, self.reference, {"key": self.reference, "mandate_id": self.id})
        return Decision(Answer.of(view(held), 201), changed(seen, held, "signed", self.actor))


@RiderKinds.register
class AmendDebitMandate(msgspec.Struct, frozen=True):
    """`POST /v1/direct-debit-mandates/{mandate}/amend`.

    Attributes:
        version: that `sealed` was made from.
        registration: that the creditor's identifier has, if it is registered.
    """

    id: UUID
    version: int
    creditor_account: UUID
    debtor_account: UUID | None
    creditor: bytes
    registration: UUID
    reference: bytes
    sealed: bytes
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """It, whose the identifier is, and whether its new reference is taken."""
        rows = ((MANDATE, self.id), (REFERENCE, self.reference))
        return Reads(rows=(*rows, *reads_of_creditor(self.registration, self.creditor_account)))

    def decide(self, seen: Seen) -> Decision:
        """Change it. What is collected from now on carries what it was before.

        Raises:
            DebitMandateEnded: it has, or it was changed since it was looked at.
            DebitMandateExists: the creditor has another under the reference.
            CreditorOfAnother: see there.
        """
        held = held_of(seen, self.id)
        check_creditor(seen, self.registration, held.creditor_account)
        if held.terms.is_ended or held.row_version != self.version:
            raise DebitMandateEnded(f"Mandate {self.id} has ended or changed.")
        taken = seen.row(REFERENCE, self.reference)
        if taken is not None and taken["mandate_id"] != self.id:
            raise DebitMandateExists("There is a mandate under the reference.", field="reference")
        former = held.former
        if former is None and held.reference != self.reference:
            former = held.reference
        after = replace(
            held,
            debtor_account=self.debtor_account,
            creditor=self.creditor,
            reference=self.reference,
            former=former,
            sealed=self.sealed,
            row_version=held.row_version + 1,
        )
        seen.amend(REFERENCE, self.reference, {"key": self.reference, "mandate_id": self.id})
        return Decision(Answer.of(view(after)), changed(seen, after, "amended", self.actor))


@RiderKinds.register
class CancelDebitMandate(msgspec.Struct, frozen=True):
    """`POST /v1/direct-debit-mandates/{mandate}/cancel`: nothing is collected any more."""

    id: UUID
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """It."""
        return Reads(rows=((MANDATE, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """End it. A collection that is announced finds it ended on the day of its due.

        Raises:
            DebitMandateEnded: it has.
        """
        held = held_of(seen, self.id)
        if held.terms.is_ended:
            raise DebitMandateEnded(f"Mandate {self.id} has ended.")
        terms = replace(held.terms, is_ended=True)
        after = replace(held, terms=terms, row_version=held.row_version + 1)
        return Decision(Answer.of(view(after)), changed(seen, after, "cancelled", self.actor))


def held_of(seen: Seen, mandate_id: UUID) -> Held:
    """A mandate as the items before have left it.

    Raises:
        DebitMandateNotFound: the tenant has no such, or it is of another book.
    """
    row = seen.row(MANDATE, mandate_id)
    if row is None or Held.of(row).book_id != seen.draft.book.book_id:
        raise DebitMandateNotFound("There is no such mandate.")
    return Held.of(row)


def changed(seen: Seen, held: Held, change: str, actor: str) -> tuple[Row, ...]:
    """The rows of a mandate after a change, which later items of the batch see."""
    seen.amend(MANDATE, held.id, {"key": held.id, "standing": held})
    terms, at = held.terms, seen.draft.at
    values = (
        held.id, held.book_id, held.creditor_account, held.debtor_account, terms.scheme,
        terms.one_off, terms.signed_on, held.notice_days, held.creditor, held.reference,
        held.former, terms.last_collected_on, terms.is_ended, held.sealed, held.row_version,
        held.created_at,
    )  # fmt: skip
    history = Row(_CHANGE, (held.id, held.row_version, change, at, actor))
    told = event(
        seen.draft.ids.new(),
        f"direct_debit_mandate.{change}",
        f"/v1/direct-debit-mandates/{held.id}",
        at,
    )
    return (Row(_MANDATE, values), history, told)


def view(held: Held) -> DebitMandate:
    """The wire form."""
    terms = held.terms
    return DebitMandate(
        id=held.id,
        creditor_account=held.creditor_account,
        scheme=terms.scheme,
        one_off=terms.one_off,
        signed_on=terms.signed_on,
        notice_days=held.notice_days,
        last_collected_on=terms.last_collected_on,
        lapses_on=lapses_on(terms),
        is_ended=terms.is_ended,
        is_on_us=held.debtor_account is not None,
        row_version=held.row_version,
    )
