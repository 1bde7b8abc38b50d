"""Collections as rows of a commit."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bezant.kernel.database import Row, RowKind
from bezant.kernel.outbox import event
from bezant.ledger import ReadKind, Seen
from bezant.payments.direct_debits import store
from bezant.payments.direct_debits.collecting import LEGAL, Debit, DebitState
from bezant.payments.direct_debits.domain import REFUND_WITHIN, Scheme
from bezant.payments.direct_debits.errors import DirectDebitNotFound
from bezant.payments.direct_debits.schemas import DirectDebit

DEBIT: Final = ReadKind("direct_debit", store.READ_DEBITS)
"""A collection by its identifier."""

_DEBIT: Final = RowKind("direct_debit", store.SAVE_DEBITS, key_columns=1)
_STEP: Final = RowKind("direct_debit_step", store.INSERT_STEPS)
_CONTENT: Final = RowKind("direct_debit_content", store.SAVE_CONTENTS, key_columns=1)
_MESSAGE: Final = RowKind("direct_debit_message", store.INSERT_MESSAGES)


def debit_of(seen: Seen, debit_id: UUID) -> Debit:
    """A collection as the items before have left it.

    Raises:
        DirectDebitNotFound: the tenant has no such, or it is of another book.
    """
    row = seen.row(DEBIT, debit_id)
    if row is None or Debit.of(row).book_id != seen.draft.book.book_id:
        raise DirectDebitNotFound("There is no such direct debit.")
    return Debit.of(row)


def stepped(
    seen: Seen, debit: Debit, state: DebitState, *, actor: str, reason: str | None = None
) -> tuple[Debit, tuple[Row, ...]]:
    """The collection after a step, and the rows of that.

    Its own row comes first, since the others refer to it; `seq` of one that is not stored yet is 0.
    """
    before = debit.state if debit.seq else None
    assert state in LEGAL[before], f"{before} -> {state}"
    debit = replace(debit, state=state, seq=debit.seq + 1, reason=reason)
    seen.amend(DEBIT, debit.id, {"key": debit.id, "standing": debit})
    at = seen.draft.at
    step = (
        debit.id,
        debit.seq,
        None if before is None else debit.seq - 1,
        before or "none",
        state,
        reason,
        at,
        actor,
    )
    facts = {"rail": debit.rail, "asset": debit.asset, "amount": str(debit.amount)}
    facts["due_on"] = debit.due_on.isoformat()
    if reason is not None:
        facts["reason"] = reason
    if debit.is_unapplied:
        facts["unapplied"] = debit.unapplied
    subject = f"/v1/direct-debits/{debit.id}"
    told = event(seen.draft.ids.new(), f"direct_debit.{state}", subject, at, facts)
    return debit, (_saved(debit), Row(_STEP, step), *debit.waits.noted(seen), told)


def applied(seen: Seen, debit: Debit) -> Row:
    """The collection after somebody was given the money of it that waited."""
    debit = replace(debit, is_unapplied=False)
    seen.amend(DEBIT, debit.id, {"key": debit.id, "standing": debit})
    return _saved(debit)


def content_row(debit_id: UUID, sealed: bytes, at: datetime) -> Row:
    """What a collection says, sealed."""
    return Row(_CONTENT, (debit_id, sealed, at))


def message_rows(seen: Seen, debit_id: UUID, sealed: bytes) -> tuple[Row, ...]:
    """The message that changed a collection, sealed; none where no message did."""
    if not sealed:
        return ()
    return (Row(_MESSAGE, (debit_id, seen.draft.ids.new(), sealed, seen.draft.at)),)


def contradicted(seen: Seen, debit: Debit) -> Row:
    """That the scheme says the opposite of what it had said, and nothing has moved here."""
    facts = {"rail": debit.rail, "asset": debit.asset, "amount": str(debit.amount)}
    facts["state"] = debit.state
    subject = f"/v1/direct-debits/{debit.id}"
    name = "direct_debit.contradicted"
    return event(seen.draft.ids.new(), name, subject, seen.draft.at, facts)


def view(debit: Debit) -> DirectDebit:
    """The wire form."""
    until = None
    if debit.debited_on is not None and debit.scheme is Scheme.CORE:
        until = debit.debited_on + REFUND_WITHIN
    return DirectDebit(
        id=debit.id,
        rail=debit.rail,
        scheme=debit.scheme,
        sequence=debit.sequence,
        state=debit.state,
        creditor_account=debit.creditor_account,
        debtor_account=debit.debtor_account,
        mandate_id=debit.mandate_id,
        asset=debit.asset,
        amount=str(debit.amount),
        due_on=debit.due_on,
        debited_on=debit.debited_on,
        is_owed=debit.is_owed,
        is_unapplied=debit.is_unapplied,
        refundable_until=until,
        created_at=debit.created_at,
        reason=debit.reason,
    )


def _saved(debit: Debit) -> Row:
    values = (
        debit.id,
        debit.book_id,
        debit.institution_id,
        debit.rail,
        debit.scheme,
        debit.sequence,
        debit.is_final,
        debit.state,
        debit.seq,
        debit.creditor_account,
        debit.debtor_account,
        debit.mandate_id,
        debit.creditor,
        debit.reference,
        debit.former,
        debit.asset,
        debit.amount,
        debit.due_on,
        debit.debited_on,
        debit.is_owed,
        debit.is_unapplied,
        debit.reason,
        debit.created_at,
        debit.created_by,
    )
    return Row(_DEBIT, values)
