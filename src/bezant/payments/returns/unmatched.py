"""Money that a scheme has given back and that fits no payment of ours: here, so it is booked."""

from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row
from bezant.kernel.ids import derived_id
from bezant.kernel.outbox import event
from bezant.ledger import Decision, Reads, RiderKinds, Seen, open_account, post
from bezant.ledger.schemas import AccountType, NewAccount, NewTransaction, Posting
from bezant.payments.orders.domain import settlement_account
from bezant.payments.rails import Return
from bezant.payments.returns.domain import NO_SUCH_PAYMENT
from bezant.payments.unapplied.domain import Origin, unapplied_account
from bezant.payments.unapplied.records import UNAPPLIED, Waits


class Heard(msgspec.Struct, frozen=True):
    """What became of a return.

    Attributes:
        refused: why nothing is booked; None where it is.
        waits: whether it fits no payment, and waits.
    """

    refused: str | None = None
    waits: bool = False


class Given(msgspec.Struct, frozen=True):
    """A return as its scheme has it; the amount is minor units.

    Attributes:
        id: of the money, should it wait. It follows from what the return says, so that the same
            again is the same money, and another under its name is not.
    """

    id: UUID
    institution_id: UUID
    rail: str
    asset: str
    amount: int
    code: str
    original_transaction_id: str
    return_id: str

    @classmethod
    def of(cls, returned: Return) -> "Given":
        """What is booked of a return."""
        named = [
            str(returned.institution_id),
            returned.rail,
            returned.original_transaction_id,
            returned.return_id,
            returned.asset,
            str(returned.amount),
        ]
        derived = b"unmatched" + returned.tenant_id.bytes + msgspec.json.encode(named)
        return cls(
            derived_id(derived),
            returned.institution_id,
            returned.rail,
            returned.asset,
            returned.amount,
            returned.code,
            returned.original_transaction_id,
            returned.return_id,
        )

    def reads(self) -> Reads:
        """Whether it waits already, and where it would."""
        outside = settlement_account(self.rail, self.asset)
        accounts = frozenset({outside, unapplied_account(self.id)})
        return Reads(accounts, rows=((UNAPPLIED, self.id),))

    def is_kept(self, seen: Seen) -> bool:
        """Whether it waits, or has waited."""
        return seen.row(UNAPPLIED, self.id) is not None

    def kept(self, seen: Seen, why: str) -> tuple[Row, ...]:
        """Have it wait; why it fits no payment is told."""
        waits = Waits(self.id, self.institution_id, Origin.UNMATCHED_RETURN, self.asset)
        outside = settlement_account(self.rail, self.asset)
        if outside not in seen.draft.book.accounts:
            open_account(seen.draft, NewAccount(outside, self.asset, AccountType.ASSET))
        open_account(seen.draft, NewAccount(waits.account, self.asset, AccountType.LIABILITY))
        leg = Posting(outside, waits.account, self.asset, str(self.amount), "return")
        said = {
            "original_transaction_id": self.original_transaction_id,
            "return_id": self.return_id,
            "code": self.code,
        }
        post(seen.draft, NewTransaction([leg], id=self.id, metadata=said))
        facts = {"rail": self.rail, "asset": self.asset, "amount": str(self.amount), "reason": why}
        path, at = f"/v1/unapplied-money/{self.id}", seen.draft.at
        told = event(seen.draft.ids.new(), "unapplied_money.received", path, at, facts)
        return (*waits.noted(seen), told)


@RiderKinds.register
class KeepReturn(msgspec.Struct, frozen=True):
    """Money that the scheme has given back of nothing that we have sent."""

    given: Given
    weight: int = 1

    def reads(self) -> Reads:
        """See `Given.reads`."""
        return self.given.reads()

    def decide(self, seen: Seen) -> Decision:
        """Have it wait, once."""
        rows = () if self.given.is_kept(seen) else self.given.kept(seen, NO_SUCH_PAYMENT)
        return Decision(Answer.of(Heard(waits=True)), rows)
