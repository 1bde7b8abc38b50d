"""Collections taken: from creditors of ours, and from other banks."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    HOLDER_KINDS,
    account_of,
    check_can_receive,
    is_person,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger import Decision, ReadKind, Reads, RiderKinds, Seen
from bezant.payments.checks import REGULATORY, ArrivalKind, Arrivals, Arriving, Verdict
from bezant.payments.direct_debits.collecting import Debit, DebitState
from bezant.payments.direct_debits.controls import Collected, objection
from bezant.payments.direct_debits.creditors import (
    check_creditor,
    check_registered,
    reads_of_creditor,
)
from bezant.payments.direct_debits.domain import (
    Scheme,
    Sequence,
    check_can_collect,
    payer_mandate_id,
    sequence_of,
)
from bezant.payments.direct_debits.errors import NoticeTooShort
from bezant.payments.direct_debits.jobs import run_job, tell_job
from bezant.payments.direct_debits.mandates import MANDATE, held_of
from bezant.payments.direct_debits.payers import (
    CONTROL,
    PAYER_MANDATE,
    controls_of,
    payer_mandate_of,
)
from bezant.payments.direct_debits.records import (
    DEBIT,
    content_row,
    debit_of,
    message_rows,
    stepped,
    view,
)

RowKeys = tuple[tuple[ReadKind, object], ...]

DUPLICATE: Final = "AM05"


class DebitTerms(msgspec.Struct, frozen=True):
    """A collection before anything happened to it; see `Debit`."""

    id: UUID
    institution_id: UUID
    rail: str
    scheme: Scheme
    sequence: Sequence | None
    is_final: bool
    creditor_account: UUID | None
    debtor_account: UUID | None
    mandate_id: UUID | None
    creditor: bytes
    reference: bytes
    former: bytes | None
    asset: str
    amount: int
    due_on: date

    def debit(self, seen: Seen, state: DebitState, actor: str) -> Debit:
        """It, with nothing done yet."""
        return Debit(
            **{name: getattr(self, name) for name in self.__struct_fields__},
            book_id=seen.draft.book.book_id,
            state=state,
            seq=0,
            debited_on=None,
            is_owed=False,
            is_unapplied=False,
            reason=None,
            created_at=seen.draft.at,
            created_by=actor,
        )

    def is_of(self, debit: Debit) -> bool:
        """Whether a collection that stands is this one, and not another under its identifier."""
        return all(
            getattr(debit, name) == getattr(self, name)
            for name in ("scheme", "creditor", "reference", "asset", "amount", "due_on")
        )


@RiderKinds.register
class CreateDebit(msgspec.Struct, frozen=True):
    """`POST /v1/direct-debits`: what a creditor of ours will collect; the payer can see it.

    Attributes:
        registration: that the creditor's identifier has, if it is registered.
        allow_unregistered: whether it collects without one.
    """

    terms: DebitTerms
    registration: UUID
    allow_unregistered: bool
    content: bytes
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """Whether it is announced, the mandate, the creditor's account, and who the creditor is."""
        terms = self.terms
        assert terms.creditor_account is not None
        rows = (
            (DEBIT, terms.id),
            (MANDATE, terms.mandate_id),
            (BANK_ACCOUNT, terms.creditor_account),
            *reads_of_creditor(self.registration, terms.creditor_account),
        )
        return Reads(rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Announce it; what is announced already is answered as it stands.

        Raises:
            MandateNotUsable: the mandate does not allow it.
            CreditorUnregistered: nobody is registered for the creditor's identifier.
            CreditorOfAnother: who is registered for it may not act for the account (any more).
            NoticeTooShort: the debtor would be told too late.
            AccountNotActive: or whatever else forbids the creditor's account to be credited.
        """
        terms, at = self.terms, seen.draft.at
        assert terms.mandate_id is not None
        assert terms.creditor_account is not None
        if seen.row(DEBIT, terms.id) is not None:
            return Decision(Answer.of(view(debit_of(seen, terms.id))))
        held = held_of(seen, terms.mandate_id)
        check = check_creditor if self.allow_unregistered else check_registered
        check(seen, self.registration, terms.creditor_account)
        check_can_receive(account_of(seen, terms.creditor_account), terms.asset, at)
        sequence = sequence_of(held.terms, is_final=terms.is_final)
        check_can_collect(held.terms, sequence, terms.due_on)
        debit = terms.debit(seen, DebitState.ANNOUNCED, self.actor)
        today = seen.draft.book.local_date(at)
        if terms.due_on < today + timedelta(days=held.notice_days) or debit.runs_on <= today:
            raise NoticeTooShort(
                f"The debtor is told {held.notice_days} days before.", field="due_on"
            )
        debit, rows = stepped(seen, debit, DebitState.ANNOUNCED, actor=self.actor)
        content = content_row(debit.id, self.content, at)
        return Decision(Answer.of(view(debit), 201), (*rows, content, run_job(seen, debit)))


@RiderKinds.register
class TakeDebit(msgspec.Struct, frozen=True):
    """A collection that another bank presents: stored until its due date, or rejected at once.

    The same again is answered as it was; another under the same identifier is a duplicate.

    Attributes:
        message: that presents it, sealed; empty for none.
    """

    terms: DebitTerms
    content: bytes
    message: bytes
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """Whether it stands, and what its debtor allows."""
        return Reads(rows=((DEBIT, self.terms.id), *reads_of_objection(self.terms)))

    def decide(self, seen: Seen) -> Decision:
        """Take it, with its job; what its debtor does not allow is told to the other bank."""
        terms = self.terms
        if seen.row(DEBIT, terms.id) is not None:
            standing = debit_of(seen, terms.id)
            code = None if terms.is_of(standing) else DUPLICATE
            return Decision(Answer.of(Offered(code)))
        debit = terms.debit(seen, DebitState.RECEIVED, self.actor)
        debit, rows = stepped(seen, debit, DebitState.RECEIVED, actor=self.actor)
        content = content_row(debit.id, self.content, seen.draft.at)
        rows = (*rows, content, *message_rows(seen, debit.id, self.message))
        code, checked = objection_to(seen, debit)
        rows = (*rows, *checked)
        if code is None:
            return Decision(Answer.of(Offered(None)), (*rows, run_job(seen, debit)))
        debit, more = stepped(seen, debit, DebitState.REJECTED, actor=self.actor, reason=code)
        return Decision(Answer.of(Offered(None)), (*rows, *more, tell_job(seen, debit)))


class Offered(msgspec.Struct, frozen=True):
    """Whether a collection from another bank was taken; if not, the scheme's code."""

    code: str | None


def reads_of_objection(terms: "DebitTerms | Debit") -> RowKeys:
    """What `objection_to` looks at."""
    account_id = terms.debtor_account
    if account_id is None:
        return ()
    references = [terms.reference, *([] if terms.former is None else [terms.former])]
    known = tuple((PAYER_MANDATE, payer_mandate_id(account_id, each)) for each in references)
    holders = ((HOLDER_KINDS, account_id),) if terms.scheme is Scheme.B2B else ()
    checked = Arrivals.reads(_arriving(terms, account_id))
    return ((BANK_ACCOUNT, account_id), (CONTROL, account_id), *known, *holders, *checked)


def objection_to(seen: Seen, debit: Debit) -> tuple[str | None, tuple[Row, ...]]:
    """Why a collection is not let through, None if it is; and what checks keep of it.

    The debtor and their account are asked first, and checks of what both would let through.
    """
    code = _objection_of_debtor(seen, debit)
    if code is not None:
        return code, ()
    assert debit.debtor_account is not None
    judged = Arrivals.judge(seen, _arriving(debit, debit.debtor_account))
    return REGULATORY if judged.verdict is Verdict.BLOCK else None, judged.rows


def _objection_of_debtor(seen: Seen, debit: Debit) -> str | None:
    account_id = debit.debtor_account
    assert account_id is not None
    mandate = payer_mandate_of(seen, payer_mandate_id(account_id, debit.reference))
    if mandate is None and debit.former is not None:
        # An amended mandate is what it was before.
        mandate = payer_mandate_of(seen, payer_mandate_id(account_id, debit.former))
    collected = Collected(debit.creditor, debit.scheme, debit.asset, debit.amount, debit.due_on)
    return objection(
        account_of(seen, account_id), controls_of(seen, account_id), mandate, collected,
        seen.draft.at,
        is_consumers=debit.scheme is Scheme.B2B and is_person(seen.row(HOLDER_KINDS, account_id)),
    )  # fmt: skip


def _arriving(terms: "DebitTerms | Debit", account_id: UUID) -> Arriving:
    """A collection as checks see it: it is due on its day, and waits for nobody."""
    return Arriving(
        terms.id,
        ArrivalKind.DIRECT_DEBIT,
        terms.institution_id,
        terms.rail,
        account_id,
        terms.creditor,
        terms.asset,
        terms.amount,
        can_wait=False,
    )
