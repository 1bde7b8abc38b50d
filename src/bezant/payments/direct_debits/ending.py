"""How collections end besides being settled: the schemes' R-transactions, each once."""

from dataclasses import replace
from datetime import date
from typing import Final

import msgspec

from bezant.banking import BANK_ACCOUNT, FeeEvent
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.ledger import Decision, Reads, RiderKinds, Seen
from bezant.payments.direct_debits.collecting import NOT_SETTLED, WAITING, Debit, DebitState, S
from bezant.payments.direct_debits.costs import (
    charge_creditor,
    give_costs_back,
    reads_of_costs,
)
from bezant.payments.direct_debits.domain import (
    Scheme,
    check_can_refund,
    check_can_return,
    check_can_reverse,
)
from bezant.payments.direct_debits.errors import DirectDebitState
from bezant.payments.direct_debits.jobs import tell_job, withdraw_job
from bezant.payments.direct_debits.moving import back_id, give_back, ledger_accounts, take
from bezant.payments.direct_debits.reasons import Back
from bezant.payments.direct_debits.records import (
    DEBIT,
    contradicted,
    debit_of,
    message_rows,
    stepped,
    view,
)

ENDS: Final = {
    Back.REJECT: DebitState.REJECTED,
    Back.REFUSAL: DebitState.REFUSED,
    Back.CANCELLATION: DebitState.CANCELLED,
    Back.RETURN: DebitState.RETURNED,
    Back.REFUND: DebitState.REFUNDED,
    Back.REVERSAL: DebitState.REVERSED,
}
"""What a collection is afterwards."""

AFTER_SETTLEMENT: Final = frozenset({Back.RETURN, Back.REFUND, Back.REVERSAL})
"""What gives money back."""


@RiderKinds.register
class EndDebit(msgspec.Struct, frozen=True):
    """An R-transaction: asked for by a customer or an operator here, or told by the other bank.

    Attributes:
        debit: as it was found: its accounts do not change any more once it is presented.
        unauthorised: of a refund: the debtor says that there was no mandate.
        is_told: the other bank knows already, since it said so.
        message: by which it said so, sealed; empty for none.
    """

    debit: Debit
    back: Back
    code: str
    actor: str
    unauthorised: bool = False
    is_told: bool = False
    message: bytes = b""
    weight: int = 2

    def reads(self) -> Reads:
        """The collection, and the accounts that the money goes between."""
        debit = self.debit
        accounts = tuple(
            (BANK_ACCOUNT, each)
            for each in (debit.debtor_account, debit.creditor_account)
            if each is not None
        )
        costs = reads_of_costs(debit)
        return Reads(
            ledger_accounts(debit) | costs.accounts,
            transactions=frozenset({back_id(debit.id)}),
            rows=((DEBIT, debit.id), *accounts, *costs.rows),
        )

    def decide(self, seen: Seen) -> Decision:
        """End it; what was settled is given back in the same commit.

        What the other bank has is ended by the scheme, which is asked: it stays as it is until
        there is an answer.

        Raises:
            DirectDebitState: it has ended, or is not so far.
            RefundNotDue: the scheme owes the debtor nothing, or not any more.
            BackTooLate: the scheme allows the bank or the creditor this no more.
        """
        debit = debit_of(seen, self.debit.id)
        if self.back is Back.CANCELLATION and debit.state is S.PRESENTED and not self.is_told:
            return Decision(Answer.of(view(debit)), (withdraw_job(seen, debit, self.code),))
        # Between accounts here nobody else has to know; nor of what has not left the house.
        is_ours_alone = debit.is_on_us or debit.state is DebitState.ANNOUNCED
        if self.back in AFTER_SETTLEMENT:
            debit = self._given_back(seen, debit)
        else:
            debit = self._stopped(debit)
        debit, rows = stepped(seen, debit, ENDS[self.back], actor=self.actor, reason=self.code)
        told = () if is_ours_alone or self.is_told else (tell_job(seen, debit),)
        said = message_rows(seen, debit.id, self.message)
        return Decision(Answer.of(view(debit)), (*rows, *told, *said, *self._costs(seen, debit)))

    def _costs(self, seen: Seen, debit: Debit) -> tuple[Row, ...]:
        """What giving it back means for the creditor's fees."""
        if self.back not in AFTER_SETTLEMENT:
            return ()
        given_back = give_costs_back(seen, debit)
        if self.back is Back.REVERSAL:
            # The creditor's own wish: nobody returned it.
            return given_back
        return (*given_back, *charge_creditor(seen, debit, FeeEvent.DIRECT_DEBIT_RETURNED))

    def _stopped(self, debit: Debit) -> Debit:
        # What was presented is stopped by the other bank alone.
        states = NOT_SETTLED if self.is_told else WAITING
        if debit.state not in states:
            raise DirectDebitState(f"Direct debit {debit.id} is {debit.state}.", state=debit.state)
        return debit

    def _given_back(self, seen: Seen, debit: Debit) -> Debit:
        if debit.state is not DebitState.SETTLED:
            raise DirectDebitState(f"Direct debit {debit.id} is {debit.state}.", state=debit.state)
        assert debit.debited_on is not None
        if not self.is_told:
            self._check_in_time(debit.scheme, debit.debited_on, _today(seen))
        return give_back(seen, debit, f"direct_debit_{self.back}")

    def _check_in_time(self, scheme: Scheme, debited_on: date, today: date) -> None:
        match self.back:
            case Back.REFUND:
                check_can_refund(scheme, debited_on, today, unauthorised=self.unauthorised)
            case Back.RETURN:
                check_can_return(scheme, debited_on, today)
            case _:
                check_can_reverse(debited_on, today)


@RiderKinds.register
class SettlePresented(msgspec.Struct, frozen=True):
    """The scheme has settled a collection of a creditor here.

    Attributes:
        message: that says so, sealed; empty for none.
    """

    debit: Debit
    message: bytes
    actor: str
    weight: int = 2

    def reads(self) -> Reads:
        """The collection, and the accounts that the money goes between."""
        debit, costs = self.debit, reads_of_costs(self.debit)
        return Reads(
            ledger_accounts(debit) | costs.accounts,
            transactions=frozenset({debit.id}),
            rows=((DEBIT, debit.id), (BANK_ACCOUNT, debit.creditor_account), *costs.rows),
        )

    def decide(self, seen: Seen) -> Decision:
        """Credit the creditor, once; or let the money wait for them.

        Raises:
            DirectDebitState: it was not presented, or ended otherwise.
        """
        debit = debit_of(seen, self.debit.id)
        if debit.state in {S.REJECTED, S.CANCELLED}:
            # It had said that it never would.
            return Decision(Answer.of(view(debit)), (contradicted(seen, debit),))
        if debit.state is not DebitState.PRESENTED:
            raise DirectDebitState(f"Direct debit {debit.id} is {debit.state}.", state=debit.state)
        debit = replace(take(seen, debit), debited_on=_today(seen))
        debit, rows = stepped(seen, debit, DebitState.SETTLED, actor=self.actor)
        said = message_rows(seen, debit.id, self.message)
        costs = charge_creditor(seen, debit, FeeEvent.DIRECT_DEBIT_COLLECTED)
        return Decision(Answer.of(view(debit)), (*rows, *said, *costs))


def _today(seen: Seen) -> date:
    return seen.draft.book.local_date(seen.draft.at)
