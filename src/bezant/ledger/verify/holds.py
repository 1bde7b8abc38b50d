"""A book's holds, replayed from the legs that reserve and settle them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from bezant.kernel.errors import Refusal
from bezant.ledger.domain import Hold, Kind
from bezant.ledger.lane import transfer_id
from bezant.ledger.schemas import HoldState, Side

Row = Mapping[str, Any]


@dataclass(slots=True)
class HoldReplay:
    """What history says about a book's holds.

    Attributes:
        holds: as history leaves them, by identifier.
        events: how many legs were part of a hold.
    """

    holds: dict[UUID, Hold] = field(default_factory=dict)
    events: int = 0

    def leg(self, leg: Row, kind: Kind, amount: int, debit: str, credit: str) -> str | None:
        """Replay what a leg does to its hold; what is wrong with it, if anything is."""
        if (leg["hold_id"] is None) != (kind is Kind.POSTED):
            return f"{kind} with hold {leg['hold_id']}"
        if kind is Kind.POSTED:
            return None
        self.events += 1
        hold = _hold(leg, amount, debit, credit)
        if kind is not Kind.PENDING:
            return self._settle(hold, leg, kind)
        self.holds[hold.id] = hold
        own = transfer_id(leg["transaction_id"], leg["leg"])
        return None if hold.id == own else f"hold {hold.id} is not this leg's own"

    def forget_settled(self) -> None:
        """Let go of holds that are over, where nothing is to be compared with them.

        A leg that settles one of them once more is found as one whose hold was never reserved.
        """
        self.holds = {
            hold_id: hold for hold_id, hold in self.holds.items() if hold.state is HoldState.OPEN
        }

    def _settle(self, named: Hold, leg: Row, kind: Kind) -> str | None:
        hold = self.holds.get(named.id)
        if hold is None:
            return f"hold {named.id} was never reserved"
        if _terms(hold) != _terms(named):
            return f"hold {named.id} was reserved on other terms"
        return _settle(hold, leg, kind, named.amount)


def _settle(hold: Hold, leg: Row, kind: Kind, amount: int) -> str | None:
    at = leg["recorded_at"]
    if kind is Kind.EXPIRED:
        if not hold.is_due(at):
            return f"hold {hold.id} was not over, or not open"
        freed = hold.expire()
        return None if freed == amount else f"hold {hold.id} had {freed} left, not {amount}"
    try:
        hold.check_open(at, "")
        if kind is Kind.CAPTURED:
            hold.capture(amount, at, "")
            return None
    except Refusal as refusal:
        return refusal.detail
    freed = hold.void()
    return None if freed == amount else f"hold {hold.id} had {freed} left, not {amount}"


def _terms(hold: Hold) -> tuple[object, ...]:
    return hold.debit, hold.credit, hold.code, hold.group_id, hold.closes, hold.expires_at


def _hold(leg: Row, amount: int, debit: str, credit: str) -> Hold:
    return Hold(
        id=leg["hold_id"],
        group_id=leg["group_id"],
        transaction_id=leg["transaction_id"],
        seq=leg["seq"],
        debit=debit,
        credit=credit,
        amount=amount,
        captured=0,
        state=HoldState.OPEN,
        code=leg["code"],
        closes=None if leg["closes"] is None else Side(leg["closes"]),
        expires_at=leg["expires_at"],
    )
