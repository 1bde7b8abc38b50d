"""What happens to standing orders in the lane of their book."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.banking import BANK_ACCOUNT, account_of, check_signer, reads_of_mandates
from bezant.kernel.calls import Answer
from bezant.ledger import Decision, Reads, RiderKinds, Seen, first_instant
from bezant.payments.orders.riders import reads_of_taking, take
from bezant.payments.orders.terms import Content, Sending, Terms
from bezant.payments.standing.errors import NoOccurrence, StandingOrderEnded
from bezant.payments.standing.records import (
    STANDING,
    Standing,
    job_of,
    occurrence_row,
    saved,
    standing_of,
)
from bezant.payments.standing.rules import Rule
from bezant.payments.standing.schemas import Status
from bezant.payments.vop import PayeeProof

if TYPE_CHECKING:
    from bezant.kernel.database import Row


@RiderKinds.register
class CreateStandingOrder(msgspec.Struct, frozen=True):
    """`POST /v1/standing-orders`."""

    id: UUID
    debtor_account: UUID
    party_id: UUID | None
    rule: Rule
    asset: str
    amount: int
    sealed: bytes
    payee: PayeeProof
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The account that pays, who may act for it, and how its payee was verified."""
        rows = (
            (BANK_ACCOUNT, self.debtor_account),
            *reads_of_mandates(self.debtor_account),
            *self.payee.reads(self.debtor_account),
        )
        return Reads(rows=rows)

    def decide(self, seen: Seen) -> Decision:
        """Make it. What a payment needs is judged on its day; its payee is verified now.

        Raises:
            PayeeNotVerified: or another reason why the verification does not count for it.
            NoOccurrence: the rule has no day.
            MayNotAct: the party has no mandate.
            SignatureOfAnother: the actor is a person, and not that party.
        """
        account_of(seen, self.debtor_account)
        at, book_id = seen.draft.at, seen.draft.book.book_id
        if self.party_id is not None:
            check_signer(seen, self.debtor_account, self.party_id, self.actor)
        first = self.rule.day(1)
        if first is None:
            raise NoOccurrence("By its rule it never pays.", field="rule")
        standing = Standing(
            self.id, book_id, self.debtor_account, Status.ACTIVE, 1, self.rule, self.asset,
            self.amount, self.sealed, 1, first, 0, 0, at,
        )  # fmt: skip
        verified = self.payee.check_standing(seen, self.debtor_account, self.id, self.actor)
        rows = (saved(seen, standing), *verified, *job_of(seen.draft, standing))
        return Decision(Answer.of(standing.view(), 201), rows)


@RiderKinds.register
class AmendStandingOrder(msgspec.Struct, frozen=True):
    """`POST /v1/standing-orders/{order}/amend`.

    Attributes:
        party_id: who ordered it, and signs each payment: so what it comes to is theirs to say.
    """

    id: UUID
    debtor_account: UUID
    party_id: UUID | None
    amount: int | None
    last: date | None
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The standing order, and who may act for the account."""
        return Reads(rows=((STANDING, self.id), *reads_of_mandates(self.debtor_account)))

    def decide(self, seen: Seen) -> Decision:
        """Amend it, from its next payment on.

        Raises:
            StandingOrderEnded: it pays no more.
            NoOccurrence: it would pay no more; then it is cancelled instead.
            MayNotAct: the party who ordered it has no mandate any more.
            SignatureOfAnother: the actor is a person, and not that party.
        """
        standing = _active(seen, self.id)
        if self.party_id is not None:
            check_signer(seen, self.debtor_account, self.party_id, self.actor)
        rule = standing.rule
        if self.last is not None:
            rule = msgspec.structs.replace(rule, last=max(self.last, rule.first))
            if self.last < rule.first or rule.day(standing.next_no) is None:
                raise NoOccurrence("It would pay no more.", field="last")
        after = replace(
            standing,
            row_version=standing.row_version + 1,
            rule=rule,
            amount=standing.amount if self.amount is None else self.amount,
        )
        return Decision(Answer.of(after.view()), (saved(seen, after),))


@RiderKinds.register
class CancelStandingOrder(msgspec.Struct, frozen=True):
    """`POST /v1/standing-orders/{order}/cancel`."""

    id: UUID
    weight: int = 1

    def reads(self) -> Reads:
        """The standing order."""
        return Reads(rows=((STANDING, self.id),))

    def decide(self, seen: Seen) -> Decision:
        """Cancel it: no payment is made after this. Those that were made go on.

        Raises:
            StandingOrderEnded: it pays no more.
        """
        standing = _active(seen, self.id)
        after = replace(standing, status=Status.CANCELLED, row_version=standing.row_version + 1)
        return Decision(Answer.of(after.view()), (saved(seen, after),))


class Ran(StrEnum):
    """What became of a job.

    `passed_over`: its day was dealt with, or the standing order has ended. `changed`: it was
    amended after it was looked at. `early`: the day has not come by the clock of the book's writer.
    """

    MADE = "made"
    FAILED = "failed"
    PASSED_OVER = "passed_over"
    CHANGED = "changed"
    EARLY = "early"


class Made(msgspec.Struct, frozen=True):
    """The payment of a day, as the lane takes it."""

    terms: Terms
    content: Content
    sending: Sending


@RiderKinds.register
class RunStandingOrder(msgspec.Struct, frozen=True):
    """A day of a standing order that has come: its payment, and the job of the day after it.

    Whether it still pays is read in the commit that takes the payment: one that was cancelled
    before takes none after. The payment is one for its day, and is carried out as such.

    Attributes:
        row_version: of the standing order that the payment was made from.
        made: the payment; None where it was refused.
        code: why it was.
    """

    id: UUID
    no: int
    row_version: int
    made: Made | None
    code: str | None
    actor: str
    weight: int = 1

    def reads(self) -> Reads:
        """The standing order, and what taking its payment looks at."""
        rows = ((STANDING, self.id),)
        if self.made is None:
            return Reads(rows=rows)
        taking = reads_of_taking(self.made.terms)
        return replace(taking, rows=(*taking.rows, *rows))

    def decide(self, seen: Seen) -> Decision:
        """Take the payment, or record why there is none.

        Raises:
            MayNotAct: or whatever else forbids that it is taken.
        """
        standing, draft = standing_of(seen, self.id), seen.draft
        if standing.status is not Status.ACTIVE or standing.next_no != self.no:
            return Decision(Answer.of(Ran.PASSED_OVER))
        if standing.row_version != self.row_version:
            return Decision(Answer.of(Ran.CHANGED))
        day = standing.next_on
        if draft.at < first_instant(day, draft.book.time_zone):
            return Decision(Answer.of(Ran.EARLY))
        order_id: UUID | None = None
        rows: tuple[Row, ...] = ()
        if self.made is not None:
            order, rows = take(
                seen, self.made.terms, self.made.sending, self.made.content, self.actor
            )
            order_id = order.id
        happened = occurrence_row(standing, day, order_id, self.code, draft.at)
        after = standing.after(standing.rule.day(self.no + 1), is_made=order_id is not None)
        ran = Ran.FAILED if order_id is None else Ran.MADE
        rows = (*rows, saved(seen, after), happened, *job_of(draft, after))
        return Decision(Answer.of(ran), rows)


def _active(seen: Seen, standing_id: UUID) -> Standing:
    standing = standing_of(seen, standing_id)
    if standing.status is not Status.ACTIVE:
        raise StandingOrderEnded(f"It is {standing.status}.", state=standing.status)
    return standing
