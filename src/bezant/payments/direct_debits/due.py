"""A collection on its day: settled between accounts here, debited, or given to the scheme."""

from dataclasses import replace
from datetime import datetime

import msgspec

from bezant.banking import (
    BANK_ACCOUNT,
    AccountBlocked,
    FeeEvent,
    account_of,
    available_on,
    check_can_pay,
)
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.errors import Refusal
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.payments.direct_debits.batching import BATCH, batch_key, gathered
from bezant.payments.direct_debits.collecting import WAITING, Debit, DebitState
from bezant.payments.direct_debits.costs import charge_creditor, reads_of_costs
from bezant.payments.direct_debits.domain import (
    Sequence,
    check_can_collect,
    payer_mandate_id,
    sequence_of,
)
from bezant.payments.direct_debits.errors import MandateNotUsable
from bezant.payments.direct_debits.jobs import begins, tell_job
from bezant.payments.direct_debits.mandates import MANDATE, Held, changed, held_of
from bezant.payments.direct_debits.moving import ledger_accounts, may_receive, take
from bezant.payments.direct_debits.payers import debited
from bezant.payments.direct_debits.records import DEBIT, content_row, debit_of, stepped
from bezant.payments.direct_debits.taking import objection_to, reads_of_objection

_ENDS = frozenset({Sequence.FINAL, Sequence.ONE_OFF})

NO_MONEY = "AM04"
NO_MANDATE = "MD01"
NO_REASON = "MS03"


class Ran(msgspec.Struct, frozen=True):
    """How a collection stands after its job has looked at it.

    Attributes:
        begins_at: when its day begins, if that has not come.
        is_stale: its mandate has changed since the job looked at it: it looks again.
    """

    state: DebitState
    begins_at: datetime | None = None
    is_stale: bool = False


@RiderKinds.register
class RunDebit(msgspec.Struct, frozen=True):
    """What becomes of a collection on its day. Whether it still waits is read in the same commit.

    Attributes:
        debit: as the job found it, with what its mandate says now, and the sequence that follows.
        mandate_version: of the creditor's mandate that this is from; None without one.
        content: what it says, by that mandate.
        mandate_content: what the mandate says from then on: a collection carries its amendment.
    """

    debit: Debit
    mandate_version: int | None
    content: bytes
    mandate_content: bytes
    actor: str
    weight: int = 2

    def reads(self) -> Reads:
        """The collection, both accounts, the mandate, and what the debtor allows."""
        debit = self.debit
        rows = [(DEBIT, debit.id), *reads_of_objection(debit)]
        if debit.creditor_account is not None:
            rows += [(BANK_ACCOUNT, debit.creditor_account), (MANDATE, debit.mandate_id)]
        if debit.debtor_account is None:
            rows.append((BATCH, batch_key(debit)))
        costs = reads_of_costs(debit)
        return Reads(
            ledger_accounts(debit) | costs.accounts,
            transactions=frozenset({debit.id}),
            rows=(*rows, *costs.rows),
        )

    def decide(self, seen: Seen) -> Decision:
        """Carry it out, or end it for a reason of the scheme's."""
        debit = debit_of(seen, self.debit.id)
        if debit.state not in WAITING:
            return Decision(Answer.of(Ran(debit.state)))
        held = None if debit.mandate_id is None else held_of(seen, debit.mandate_id)
        if held is not None and held.row_version != self.mandate_version:
            return Decision(Answer.of(Ran(debit.state, is_stale=True)))
        # The mandate may have been amended since it was announced.
        debit = replace(
            debit,
            rail=self.debit.rail,
            debtor_account=self.debit.debtor_account,
            creditor=self.debit.creditor,
            reference=self.debit.reference,
            former=self.debit.former,
        )
        at = seen.draft.at
        if seen.draft.book.local_date(at) < debit.runs_on:
            return Decision(Answer.of(Ran(debit.state, begins(seen, debit))))
        if held is not None:
            return self._of_ours(seen, debit, held)
        return self._settled(seen, debit, ())

    def _of_ours(self, seen: Seen, debit: Debit, held: Held) -> Decision:
        """A collection of a creditor here, under the mandate as it stands."""
        sequence = sequence_of(held.terms, is_final=debit.is_final)
        try:
            check_can_collect(held.terms, sequence, debit.due_on)
        except MandateNotUsable:
            return self._rejected(seen, debit, NO_MANDATE)
        debit = replace(debit, sequence=sequence)
        used = self._used(seen, debit, held)
        if debit.debtor_account is None:
            assert debit.creditor_account is not None
            if not may_receive(seen, debit.creditor_account, debit.asset):
                return self._rejected(seen, debit, NO_REASON, used)
            debit, rows = stepped(seen, debit, DebitState.PRESENTED, actor=self.actor)
            return Decision(Answer.of(Ran(debit.state)), (*rows, *used, *gathered(seen, debit)))
        return self._settled(seen, debit, used)

    def _used(self, seen: Seen, debit: Debit, held: Held) -> tuple[Row, ...]:
        """The mandate after this collection, whatever becomes of it, and what it says for good."""
        last = max(debit.due_on, held.terms.last_collected_on or debit.due_on)
        terms = replace(held.terms, last_collected_on=last, is_ended=debit.sequence in _ENDS)
        after = replace(
            held,
            terms=terms,
            former=None,
            sealed=self.mandate_content,
            row_version=held.row_version + 1,
        )
        content = content_row(debit.id, self.content, seen.draft.at)
        return (*changed(seen, after, "collected", self.actor), content)

    def _settled(self, seen: Seen, debit: Debit, used: tuple[Row, ...]) -> Decision:
        assert debit.debtor_account is not None
        code, checked = objection_to(seen, debit)
        used = (*used, *checked)
        code = code or _obstacle(seen, debit)
        if code is not None:
            return self._rejected(seen, debit, code, used)
        today = seen.draft.book.local_date(seen.draft.at)
        debit = replace(debit, debited_on=today)
        debit, rows = stepped(seen, debit, DebitState.SETTLED, actor=self.actor)
        account_id, former = debit.debtor_account, debit.former
        assert account_id is not None
        keys = (
            payer_mandate_id(account_id, debit.reference),
            None if former is None else payer_mandate_id(account_id, former),
        )
        row = debited(seen, account_id, debit.scheme, keys, debit.due_on)
        costs = charge_creditor(seen, debit, FeeEvent.DIRECT_DEBIT_COLLECTED)
        return Decision(Answer.of(Ran(debit.state)), (*rows, *used, row, *costs))

    def _rejected(
        self, seen: Seen, debit: Debit, code: str, used: tuple[Row, ...] = ()
    ) -> Decision:
        debit, rows = stepped(seen, debit, DebitState.REJECTED, actor=self.actor, reason=code)
        told = () if debit.mandate_id is not None else (tell_job(seen, debit),)
        return Decision(Answer.of(Ran(debit.state)), (*rows, *used, *told))


def _obstacle(seen: Seen, debit: Debit) -> str | None:
    """Move the money; a code of the scheme where that cannot be."""
    assert debit.debtor_account is not None
    creditor = debit.creditor_account
    if creditor is not None and not may_receive(seen, creditor, debit.asset):
        return NO_REASON
    account = account_of(seen, debit.debtor_account)
    available = available_on(seen, debit.debtor_account, debit.asset)
    try:
        check_can_pay(account, debit.asset, debit.amount, available, seen.draft.at)
        take(seen, debit)
    except AccountBlocked:
        # Something must remain, and would not.
        return NO_MONEY
    except Refusal as refusal:
        return NO_MONEY if refusal.code == "OVERDRAFT_EXCEEDED" else NO_REASON
    return None
