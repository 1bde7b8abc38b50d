"""Whatever is exchanged and revalued: books balance, and gains are what was gained."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.ids import TimeOrderedIds
from bezant.ledger import Seen, schemas
from bezant.ledger.accounts import open_account
from bezant.ledger.errors import BalanceOverflow
from bezant.ledger.fx.accounts import cost_account, holding_of, position_account
from bezant.ledger.fx.conversions import ConvertCurrency
from bezant.ledger.fx.domain import value_of
from bezant.ledger.fx.errors import FxAmountOutOfRange
from bezant.ledger.fx.quotes import Known, make_quote
from bezant.ledger.fx.rates import RecordedRate, inverse, per_minor_unit, read_rate
from bezant.ledger.fx.revaluations import OpenPosition, RevaluePositions
from bezant.ledger.fx.schemas import (
    NewConversion,
    NewQuote,
    NewSettings,
    Quote,
    Revaluation,
    Settings,
)
from bezant.ledger.fx.settings import SetUpCurrencies
from bezant.ledger.lane import BookState, Draft, Head
from bezant.ledger.proof import Frontier

START = datetime(2026, 1, 1, tzinfo=UTC)
BOOK = UUID(int=2)
SCALES = {"EUR": 2, "JPY": 0, "KWD": 3, "BTC": 8, "ETH": 18, "ACME": 9}
FUNCTIONAL = "EUR"
FOREIGN = [asset for asset in SCALES if asset != FUNCTIONAL]
UNREALISED, REALISED = "fx:unrealised", "fx:realised"
POSITION = schemas.AccountType.ASSET


@dataclass
class Desk:
    """A book in memory that exchanges at rates of the moment.

    Attributes:
        paid: what was paid for the positions in each foreign asset, by the quotes carried out.
        last_at: of the last revaluation.
    """

    draft: Draft
    settings: Settings
    rates: dict[str, str]
    paid: Counter[str] = field(default_factory=Counter)
    last: Revaluation | None = None
    revaluations: int = 0

    @classmethod
    def open(cls, rates: dict[str, str]) -> "Desk":
        head = Head(0, 0, 0, 0, Frontier(), START)
        book = BookState(UUID(int=1), BOOK, ZoneInfo("UTC"), dict(SCALES), head)
        draft = Draft(book, START, TimeOrderedIds())
        for asset in SCALES:
            open_account(draft, schemas.NewAccount(position_account(asset), asset, POSITION))
            client = schemas.AccountType.LIABILITY
            open_account(draft, schemas.NewAccount(f"ann:{asset}", asset, client))
        rider = SetUpCurrencies(BOOK, list(SCALES), NewSettings(FUNCTIONAL))
        return cls(draft, rider.decide(Seen(draft)).answer.value(Settings), rates)

    def quote(self, new: NewQuote) -> Quote:
        recorded = {
            (asset, FUNCTIONAL): RecordedRate(read_rate(rate), START, "desk", START)
            for asset, rate in self.rates.items()
        }
        return make_quote(
            self.draft.ids.new(), new, Known(SCALES, self.settings, recorded), self.draft.at
        )

    def convert(self, new: NewQuote) -> None:
        try:
            quote = self.quote(new)
        except FxAmountOutOfRange:
            return
        asked = NewConversion(quote.id, f"ann:{quote.sell}", f"ann:{quote.buy}")
        before = self.draft.savepoint()
        try:
            ConvertCurrency(BOOK, asked, quote, self.settings).decide(Seen(self.draft))
        except (FxAmountOutOfRange, BalanceOverflow):
            assert self.draft.savepoint() == before
            return
        for asset, worth in ((quote.sell, 1), (quote.buy, -1)):
            if asset != FUNCTIONAL:
                self.paid[asset] += worth * int(quote.functional_value)

    def revalue(self) -> Revaluation | None:
        """The report; None where what was gained is more than can be posted."""
        self.revaluations += 1
        at = START - timedelta(days=1) + timedelta(seconds=self.revaluations)
        seen = Seen(self.draft, self._last_rows())
        last_at = None if self.last is None else self.last.at
        rider = RevaluePositions(
            BOOK, at, self.settings, 0, last_at, None, SCALES[FUNCTIONAL], self._positions()
        )
        before = self.draft.savepoint()
        try:
            self.last = rider.decide(seen).answer.value(Revaluation)
        except (FxAmountOutOfRange, BalanceOverflow):
            assert self.draft.savepoint() == before
            return None
        return self.last

    def posted(self, account_id: str) -> int:
        return self.draft.book.accounts[account_id].posted

    def worth(self) -> int:
        return sum(
            value_of(
                self._held(asset).amount,
                per_minor_unit(read_rate(self.rates[asset]), SCALES[asset], SCALES[FUNCTIONAL]),
            )
            for asset in FOREIGN
        )

    def _held(self, asset: str) -> Any:  # noqa: ANN401 - a holding
        accounts = self.draft.book.accounts
        return holding_of(accounts[position_account(asset)], accounts[cost_account(asset)])

    def _positions(self) -> list[OpenPosition]:
        held = {asset: self._held(asset) for asset in FOREIGN}
        return [
            OpenPosition(
                asset,
                SCALES[asset],
                str(each.amount),
                str(each.cost),
                str(self.posted(f"position:{asset}:revaluation")),
                self.rates[asset],
            )
            for asset, each in held.items()
        ]

    def _last_rows(self) -> dict[tuple[str, Any], dict[str, Any]]:
        if self.last is None:
            return {}
        return {("fx_revaluation", BOOK): {"number": 1, "at": self.last.at, "report": ""}}

    def check(self) -> None:
        sums: Counter[str] = Counter()
        for account in self.draft.book.accounts.values():
            sums[account.asset] += account.debits_posted - account.credits_posted
        assert not any(sums.values())
        # The functional asset is the measure: no position is left in it.
        assert self.posted(position_account(FUNCTIONAL)) == 0


rates = st.fixed_dictionaries(
    {
        asset: st.builds(
            lambda whole, digits: f"{whole}.{digits:018}".rstrip("0"),
            st.integers(0, 100_000),
            st.integers(1, 10**18 - 1),
        )
        for asset in FOREIGN
    }
)
amounts = (st.integers(1, 10**5) | st.integers(1, 10**21) | st.just(2**127)).map(str)
assets = st.sampled_from(list(SCALES))
quotes = st.builds(
    lambda sell, buy, amount, spread, is_sold: NewQuote(
        sell,
        buy,
        amount if is_sold else None,
        None if is_sold else amount,
        spread_bp=spread,
    ),
    assets,
    assets,
    amounts,
    st.integers(0, 300),
    st.booleans(),
).filter(lambda new: new.sell != new.buy)
steps = st.lists(quotes | rates | st.just("revalue"), max_size=25)


@given(rates, steps)
def test_gains_are_what_was_gained_and_every_asset_balances(
    first: dict[str, str], steps: list[NewQuote | dict[str, str] | str]
) -> None:
    desk = Desk.open(first)
    for step in steps:
        if isinstance(step, NewQuote):
            desk.convert(step)
        elif isinstance(step, dict):
            desk.rates = step
        else:
            desk.revalue()
        desk.check()
    if desk.revalue() is None:
        return
    gained = desk.posted(REALISED) + desk.posted(UNREALISED)
    assert gained == desk.worth() - sum(desk.paid.values())
    again = desk.revalue()
    assert again is not None
    assert all(each.posted == "0" for each in again.positions)
    desk.check()


@given(rates, quotes.filter(lambda new: FUNCTIONAL in {new.sell, new.buy}))
def test_revaluing_at_the_conversions_own_rate_posts_nothing(
    rates: dict[str, str], new: NewQuote
) -> None:
    desk = Desk.open(rates)
    desk.convert(new)
    report = desk.revalue()
    assert report is not None
    assert [each.posted for each in report.positions] == ["0"] * len(FOREIGN)
    assert report.transaction_id is None


@given(rates, quotes)
def test_a_client_gets_no_more_than_the_mid_rate_and_the_spread_is_earned(
    rates: dict[str, str], new: NewQuote
) -> None:
    desk = Desk.open(rates)
    try:
        quote = desk.quote(new)
    except FxAmountOutOfRange:
        return
    mid = per_minor_unit(read_rate(quote.mid_rate), SCALES[new.sell], SCALES[new.buy])
    assert int(quote.buy_amount) <= int(quote.sell_amount) * mid
    assert int(quote.sell_amount) >= int(quote.buy_amount) * inverse(mid)
    desk.convert(new)
    assert desk.posted(f"fx:spread:{quote.spread_asset}") == int(quote.spread_amount) or (
        desk.posted(f"ann:{new.buy}") == 0  # refused: what it is worth cannot be held
    )
