"""Revaluing positions: what they are worth at an instant, and what of that is news.

Each revaluation posts the difference to what those before it posted, so that nothing has to be
reversed: when a position was closed, the next one takes its unrealised gain back.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.ledger.errors import UnknownAsset
from bezant.ledger.fx import store
from bezant.ledger.fx.accounts import gain_leg, revaluation_account
from bezant.ledger.fx.domain import value_of
from bezant.ledger.fx.errors import (
    FxNotSetUp,
    RateUnknown,
    RevaluationInFuture,
    RevaluationOvertaken,
)
from bezant.ledger.fx.rates import per_minor_unit, read_rate
from bezant.ledger.fx.schemas import Revaluation, RevaluedPosition, Settings
from bezant.ledger.lane import Decision, ReadKind, Reads, RiderKinds, Seen
from bezant.ledger.posting import post
from bezant.ledger.schemas import NewTransaction

FX_UNREALISED: Final = "fx.unrealised"

LAST_REVALUATION: Final = ReadKind("fx_revaluation", store.FIND_LAST_REVALUATIONS)
_ROW: Final = RowKind("fx_revaluation", store.INSERT_REVALUATION)


class OpenPosition(msgspec.Struct, frozen=True):
    """What is known of a position at the instant of a revaluation, as texts of minor units.

    Attributes:
        scale: of the asset.
        carried: what earlier revaluations posted.
        rate: functional units per unit of the asset; None where none is known.
    """

    asset: str
    scale: int
    amount: str
    cost: str
    carried: str
    rate: str | None


@RiderKinds.register
class RevaluePositions(msgspec.Struct, frozen=True):
    """`POST …/fx/revaluations`.

    Attributes:
        at: positions and rates are those of this instant.
        settings: those that hold; None if there are none.
        known_seq: the number of the feed up to which the positions are known.
        last_at: of the last revaluation that they were read after.
        standing: the report of this instant, if there is one already.
        scale: of the functional asset.
        positions: all of the book's, in the order of the report.
        unneeded: a pair of which a rate was given that values no position.
    """

    book_id: UUID
    at: datetime
    settings: Settings | None
    known_seq: int
    last_at: datetime | None
    standing: Revaluation | None
    scale: int = 0
    positions: list[OpenPosition] = []
    unneeded: str | None = None

    @property
    def weight(self) -> int:
        """A leg for each position."""
        return max(1, len(self.positions))

    def reads(self) -> Reads:
        """The accounts of the legs, and the last revaluation."""
        accounts = {revaluation_account(each.asset) for each in self.positions}
        if self.settings is not None:
            accounts.add(self.settings.unrealised_account)
        return Reads(frozenset(accounts), rows=((LAST_REVALUATION, self.book_id),))

    def decide(self, seen: Seen) -> Decision:
        """Post what is news, or answer as the instant's revaluation was answered.

        Raises:
            FxNotSetUp: there is no functional asset.
            UnknownAsset: a rate was given that values no position.
            RevaluationInFuture: the instant has not come.
            RevaluationOvertaken: a later one stands, or one came in between.
            RateUnknown: a position cannot be valued.
            FxAmountOutOfRange: what it gained cannot be posted.
            Refusal: one of those of posting.
        """
        if self.settings is None:
            raise FxNotSetUp("The book has no functional asset yet.")
        if self.standing is not None:
            return Decision(Answer.of(self.standing))
        if self.unneeded is not None:
            raise UnknownAsset(
                f"{self.unneeded} values no position in {self.settings.functional_asset}.",
                field="rates",
            )
        if self.at > seen.draft.at:
            raise RevaluationInFuture(f"{self.at} has not come yet.", field="at")
        last = seen.row(LAST_REVALUATION, self.book_id)
        if last is not None and last["at"] == self.at:
            return Decision(Answer.of(msgspec.json.decode(last["report"], type=Revaluation)))
        if last is not None and (last["at"] > self.at or last["at"] != self.last_at):
            raise RevaluationOvertaken(f"The last one is of {last['at']}.", field="at")
        revalued = [self._revalue(each) for each in self.positions]
        transaction_id = self._post(seen, revalued, self.settings)
        report = Revaluation(
            self.at, self.settings.functional_asset, self.known_seq, transaction_id, revalued
        )
        # Another in the same batch, which saw the same last one, has the same number: one of them
        # is decided again, and finds that it was overtaken.
        number = 1 if last is None else last["number"] + 1
        told = msgspec.json.encode(report).decode()
        row = Row(_ROW, (self.book_id, number, self.at, told, seen.draft.at))
        return Decision(Answer.of(report), (row,))

    def _revalue(self, held: OpenPosition) -> RevaluedPosition:
        amount, cost = int(held.amount), int(held.cost)
        value, rate = 0, None
        if amount:
            if held.rate is None:
                raise RateUnknown(
                    f"No rate of {held.asset} is known for {self.at}.",
                    field="rates",
                    asset=held.asset,
                )
            rate = held.rate
            value = value_of(amount, per_minor_unit(read_rate(rate), held.scale, self.scale))
        unrealised = value - cost
        return RevaluedPosition(
            held.asset,
            held.amount,
            rate,
            str(value),
            held.cost,
            str(unrealised),
            str(unrealised - int(held.carried)),
        )

    def _post(
        self, seen: Seen, revalued: Iterable[RevaluedPosition], settings: Settings
    ) -> UUID | None:
        legs = [
            gain_leg(
                revaluation_account(each.asset),
                settings.unrealised_account,
                int(each.posted),
                settings.functional_asset,
                FX_UNREALISED,
            )
            for each in revalued
            if each.posted != "0"
        ]
        if not legs:
            return None
        try:
            return post(seen.draft, NewTransaction(legs, effective_at=self.at)).id
        except Refusal as refusal:
            refusal.field = None  # it names legs, which nobody asked for
            raise
