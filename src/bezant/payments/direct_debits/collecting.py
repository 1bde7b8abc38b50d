"""A collection: what it takes, where it stands, and what may follow. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from bezant.banking import ledger_account
from bezant.payments.direct_debits.domain import Scheme, Sequence, presents_on, settles_on
from bezant.payments.orders.domain import BOOK, settlement_account
from bezant.payments.unapplied.domain import Origin, unapplied_account
from bezant.payments.unapplied.records import Waits


class DebitState(StrEnum):
    """Where a collection stands.

    `announced` by a creditor of ours, `received` from another bank, `presented` to another bank.
    """

    ANNOUNCED = "announced"
    RECEIVED = "received"
    PRESENTED = "presented"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    REJECTED = "rejected"
    RETURNED = "returned"
    REFUNDED = "refunded"
    REVERSED = "reversed"


S: Final = DebitState

LEGAL: Final[Mapping[DebitState | None, frozenset[DebitState]]] = {
    None: frozenset({S.ANNOUNCED, S.RECEIVED}),
    S.ANNOUNCED: frozenset({S.PRESENTED, S.SETTLED, S.CANCELLED, S.REFUSED, S.REJECTED}),
    S.RECEIVED: frozenset({S.SETTLED, S.CANCELLED, S.REFUSED, S.REJECTED}),
    S.PRESENTED: frozenset({S.SETTLED, S.CANCELLED, S.REJECTED}),
    S.SETTLED: frozenset({S.RETURNED, S.REFUNDED, S.REVERSED}),
    **{
        end: frozenset()
        for end in (S.CANCELLED, S.REFUSED, S.REJECTED, S.RETURNED, S.REFUNDED, S.REVERSED)
    },
}
"""What may follow; None stands before the first. The database holds the same table."""

WAITING: Final = frozenset({S.ANNOUNCED, S.RECEIVED})
"""States in which nothing has left the house, and nothing has moved."""

NOT_SETTLED: Final = WAITING | {S.PRESENTED}
"""States in which no money has moved, and may."""


@dataclass(frozen=True, slots=True)
class Debit:
    """A collection as the commit that looks at it finds it.

    Attributes:
        rail: `book` where both sides are accounts of one book here.
        sequence: known once it is presented, settled or received.
        is_final: whether its creditor wants it to be the mandate's last.
        mandate_id: of the creditor's mandate, where the creditor is a customer here.
        creditor: a keyed fingerprint of the creditor's identifier.
        reference: a keyed fingerprint of the mandate; `former` that of before an amendment.
        amount: minor units.
        debited_on: the day on which the money moved.
        is_owed: whether it was given back on behalf of a creditor who lacked the money.
        is_unapplied: whether money of it waits, since its account could not be credited.
        reason: a code of the scheme for how it ended, where that needs a reason.
    """

    id: UUID
    book_id: UUID
    institution_id: UUID
    rail: str
    scheme: Scheme
    sequence: Sequence | None
    is_final: bool
    state: DebitState
    seq: int
    creditor_account: UUID | None
    debtor_account: UUID | None
    mandate_id: UUID | None
    creditor: bytes
    reference: bytes
    former: bytes | None
    asset: str
    amount: int
    due_on: date
    debited_on: date | None
    is_owed: bool
    is_unapplied: bool
    reason: str | None
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Debit":
        """A collection from its row, or as an item of the same batch has made it."""
        if "standing" in row:
            standing: Debit = row["standing"]
            return standing
        return cls(
            id=row["key"],
            book_id=row["ledger_book"],
            institution_id=row["institution_id"],
            rail=row["rail"],
            scheme=Scheme(row["scheme"]),
            sequence=None if row["sequence"] is None else Sequence(row["sequence"]),
            is_final=row["is_final"],
            state=DebitState(row["state"]),
            seq=row["seq"],
            creditor_account=row["creditor_account"],
            debtor_account=row["debtor_account"],
            mandate_id=row["mandate_id"],
            creditor=row["creditor"],
            reference=row["reference"],
            former=row["former"],
            asset=row["asset"],
            amount=int(row["amount"]),
            due_on=row["due_on"],
            debited_on=row["debited_on"],
            is_owed=row["is_owed"],
            is_unapplied=row["is_unapplied"],
            reason=row["reason"],
            created_at=row["created_at"],
            created_by=row["created_by"],
        )

    @property
    def is_on_us(self) -> bool:
        """Whether both sides are accounts of one book here."""
        return self.rail == BOOK

    @property
    def runs_on(self) -> date:
        """The day on which it is settled here, or given to the scheme."""
        goes_out = self.debtor_account is None
        return presents_on(self.due_on) if goes_out else settles_on(self.due_on)

    @property
    def debtor_side(self) -> str:
        """The ledger account that it is taken from: the debtor's, or what the rail settles by."""
        return self._side(self.debtor_account)

    @property
    def creditor_side(self) -> str:
        """The ledger account that it goes to: the creditor's, or what the rail settles by."""
        return self._side(self.creditor_account)

    @property
    def receivable(self) -> str:
        """The ledger account of what a creditor owes who lacked the money to give it back."""
        return f"receivable:{self.creditor_account}:{self.asset}"

    @property
    def unapplied(self) -> str:
        """The ledger account of money that is here, and that its account could not take."""
        return unapplied_account(self.id)

    @property
    def waits(self) -> Waits:
        """What of its money waits there."""
        return Waits(self.id, self.institution_id, Origin.DIRECT_DEBIT, self.asset)

    def _side(self, account_id: UUID | None) -> str:
        if account_id is None:
            return settlement_account(self.rail, self.asset)
        return ledger_account(account_id, self.asset)
