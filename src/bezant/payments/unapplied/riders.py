"""Giving away money that waits, in the lane of its book: each in one commit, none of it twice."""

from uuid import UUID

import msgspec

from bezant.banking import BANK_ACCOUNT, account_of, check_can_receive, ledger_account
from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Reads, RiderKinds, Seen, post
from bezant.ledger.schemas import NewTransaction, Posting
from bezant.payments.direct_debits.collecting import Debit, DebitState
from bezant.payments.direct_debits.ending import EndDebit
from bezant.payments.direct_debits.moving import back_id
from bezant.payments.direct_debits.reasons import Back
from bezant.payments.direct_debits.records import DEBIT, applied, debit_of
from bezant.payments.orders.records import ORDER, order_of, went
from bezant.payments.states import OrderState
from bezant.payments.unapplied.domain import MovementKind, Origin, unapplied_account
from bezant.payments.unapplied.errors import (
    UnappliedExceeded,
    UnappliedGone,
    UnappliedNotReturnable,
)
from bezant.payments.unapplied.records import UNAPPLIED, Waits, movement_row, waits_of
from bezant.payments.unapplied.schemas import Movement


@RiderKinds.register
class ApplyUnapplied(msgspec.Struct, frozen=True):
    """`POST /v1/unapplied-money/{unapplied}/apply`.

    Attributes:
        id: of the movement, and of the ledger's transaction.
        amount: minor units; None for all that waits.
    """

    id: UUID
    unapplied_id: UUID
    asset: str
    account_id: UUID
    amount: int | None
    reason: str
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """What waits, who gets it, and the collection or the credit that says so of itself."""
        accounts = {
            unapplied_account(self.unapplied_id),
            ledger_account(self.account_id, self.asset),
        }
        rows = (
            (UNAPPLIED, self.unapplied_id),
            (BANK_ACCOUNT, self.account_id),
            (DEBIT, self.unapplied_id),
            (ORDER, self.unapplied_id),
        )
        return Reads(frozenset(accounts), rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Credit the account, with no more than waits.

        Raises:
            UnappliedNotFound: see there.
            UnappliedGone: nothing waits (any more).
            UnappliedExceeded: less does.
            AccountNotActive: or another reason why the account takes none.
        """
        waits, remaining = _waiting(seen, self.unapplied_id)
        amount = remaining if self.amount is None else self.amount
        if amount > remaining:
            raise UnappliedExceeded(f"{remaining} waits.", field="amount", remaining=str(remaining))
        check_can_receive(account_of(seen, self.account_id), self.asset, seen.draft.at)
        to = ledger_account(self.account_id, self.asset)
        leg = Posting(waits.account, to, waits.asset, str(amount), "unapplied.applied")
        post(seen.draft, NewTransaction([leg], id=self.id))
        assert waits.remaining(seen) == remaining - amount
        movement = Movement(
            self.id, waits.id, MovementKind.APPLIED, str(amount), self.account_id, self.reason,
            seen.draft.at, self.actor,
        )  # fmt: skip
        rows = (*waits.noted(seen), *self._origin(seen, waits), *_moved(seen, waits, movement))
        return Decision(Answer.of(movement, 201), rows)

    def _origin(self, seen: Seen, waits: Waits) -> tuple[Row, ...]:
        if waits.origin is Origin.CREDIT:
            return self._credit(seen, waits)
        if waits.origin is not Origin.DIRECT_DEBIT or waits.remaining(seen):
            return ()
        return (applied(seen, debit_of(seen, waits.id)),)

    def _credit(self, seen: Seen, waits: Waits) -> tuple[Row, ...]:
        """A credit is settled once its payee has all of it; one that others get is not paid."""
        order = order_of(seen, waits.id)
        if order.state is not OrderState.UNDER_REVIEW:
            return ()
        if self.account_id != order.creditor_account:
            state = OrderState.REJECTED
        elif waits.remaining(seen):
            return ()
        else:
            state = OrderState.SETTLED
        _, rows = went(seen, order, state, actor=self.actor, reason=self.reason)
        return rows


@RiderKinds.register
class SendBackUnapplied(msgspec.Struct, frozen=True):
    """`POST /v1/unapplied-money/{unapplied}/send-back`: a reversal of the collection.

    Attributes:
        debit: as it was found; who its sides are does not change once it has settled.
    """

    id: UUID
    debit: Debit
    code: str
    reason: str
    actor: str
    weight: int = 2

    @property
    def _reversal(self) -> EndDebit:
        return EndDebit(self.debit, Back.REVERSAL, self.code, self.actor)

    def reads(self) -> Reads:
        """What waits, and what a reversal looks at."""
        reversal = self._reversal.reads()
        rows = (*reversal.rows, (UNAPPLIED, self.debit.id))
        transactions = frozenset({back_id(self.debit.id)})
        return Reads(reversal.accounts, transactions, rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Give all of it back to the debtor's side.

        Raises:
            UnappliedNotFound: see there.
            UnappliedGone: nothing waits (any more).
            UnappliedNotReturnable: it came back already, or a part of it was applied.
            BackTooLate: the scheme allows no reversal any more.
        """
        waits, remaining = _waiting(seen, self.debit.id)
        debit = debit_of(seen, self.debit.id)
        if debit.state is not DebitState.SETTLED:
            raise UnappliedNotReturnable(f"Direct debit {debit.id} is {debit.state}.")
        if remaining < debit.amount:
            raise UnappliedNotReturnable(f"{remaining} of {debit.amount} waits.")
        reversed_ = self._reversal.decide(seen)
        assert not waits.remaining(seen), "a reversal takes first what waits"
        movement = Movement(
            self.id, waits.id, MovementKind.SENT_BACK, str(debit.amount), None, self.reason,
            seen.draft.at, self.actor,
        )  # fmt: skip
        rows = (*reversed_.rows, *_moved(seen, waits, movement))
        return Decision(Answer.of(movement, 201), rows)


def _waiting(seen: Seen, unapplied_id: UUID) -> tuple[Waits, int]:
    """What waits, and how much; minor units above zero."""
    waits = waits_of(seen, unapplied_id)
    remaining = waits.remaining(seen)
    if remaining <= 0:
        raise UnappliedGone("Nothing of it waits.")
    return waits, remaining


def _moved(seen: Seen, waits: Waits, movement: Movement) -> tuple[Row, ...]:
    """A movement, and the event of it."""
    facts = {"asset": waits.asset, "amount": movement.amount, "reason": movement.reason}
    facts["remaining"] = str(waits.remaining(seen))
    if movement.account_id is not None:
        facts["account_id"] = str(movement.account_id)
    path = f"/v1/unapplied-money/{waits.id}"
    name = f"unapplied_money.{movement.kind}"
    told = event(seen.draft.ids.new(), name, path, seen.draft.at, facts)
    return movement_row(movement), told
