"""Carrying a quote out: one transaction, whose id is the quote's.

That the ledger posts a transaction under an id once is what lets a quote be used once: of any
number of conversions, in one batch or in several processes, one finds its place, and the others
find it taken.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.kernel.errors import Refusal
from bezant.ledger.contents import check_content
from bezant.ledger.errors import AssetMismatch, UnknownAccount
from bezant.ledger.fx import store
from bezant.ledger.fx.accounts import (
    accounts_of,
    cost_account,
    gain_leg,
    holding_of,
    position_account,
    spread_account,
)
from bezant.ledger.fx.domain import trade
from bezant.ledger.fx.errors import FxNotSetUp, QuoteExpired, QuoteUsed, UnknownQuote
from bezant.ledger.fx.schemas import Conversion, NewConversion, Quote, Settings
from bezant.ledger.lane import Decision, Draft, Reads, RiderKinds, Seen
from bezant.ledger.posting import post
from bezant.ledger.schemas import NewTransaction, Posting

FX: Final = "fx"
FX_SPREAD: Final = "fx.spread"
FX_COST: Final = "fx.cost"
FX_REALISED: Final = "fx.realised"

_LEGS_MAX: Final = 6
# Refusals of posting name its legs; whoever converts knows the two accounts that they gave.
_SIDES: Final = {"postings[0].debit": "from_account", "postings[1].credit": "to_account"}
_ROW: Final = RowKind("fx_conversion", store.INSERT_CONVERSION)


@RiderKinds.register
class ConvertCurrency(msgspec.Struct, frozen=True):
    """`POST …/fx/conversions`.

    Attributes:
        quote: as it stands, which never changes; None if the book has none of that id.
        settings: those that hold; None if there are none.
    """

    book_id: UUID
    new: NewConversion
    quote: Quote | None
    settings: Settings | None

    @property
    def weight(self) -> int:
        """The most legs that it can have."""
        return _LEGS_MAX

    def reads(self) -> Reads:
        """The accounts of the legs, and whether the quote was used."""
        accounts = {self.new.from_account, self.new.to_account}
        if self.quote is not None and self.settings is not None:
            accounts |= accounts_of(self.settings, (self.quote.sell, self.quote.buy))
        return Reads(frozenset(accounts), frozenset({self.new.quote}))

    def decide(self, seen: Seen) -> Decision:
        """Exchange what the quote says, and realise what that closes.

        Raises:
            PersonalDataRefused: the metadata hold what belongs in the vault.
            UnknownQuote: the book has none of that id.
            FxNotSetUp: the quote was restored to a book without settings.
            QuoteExpired: it would be recorded at the quote's expiry or after it.
            QuoteUsed: it was carried out before.
            UnknownAccount: of the client's two.
            AssetMismatch: one of them is of another asset.
            FxAmountOutOfRange: what it realises cannot be posted.
            Refusal: one of those of posting.
        """
        check_content(self.new.metadata, None)
        draft, quote = seen.draft, self.quote
        if quote is None:
            raise UnknownQuote(f"The book has no quote {self.new.quote}.", field="quote")
        if self.settings is None:
            raise FxNotSetUp("The book has no functional asset yet.")
        # Expiry wins over conversion at the same instant: the rate was promised until then.
        if draft.next_instant >= quote.expires_at:
            raise QuoteExpired(f"Quote {quote.id} stood until {quote.expires_at}.", field="quote")
        if quote.id in draft.recorded:
            raise QuoteUsed(f"Quote {quote.id} was carried out.", field="quote")
        _check_side(draft, self.new.from_account, quote.sell, "from_account")
        _check_side(draft, self.new.to_account, quote.buy, "to_account")
        costs, realised = _costs(draft, quote, self.settings)
        legs = [*_exchange(quote, self.new, self.settings), *costs]
        transaction = NewTransaction(legs, quote.id, self.new.effective_at, self.new.metadata)
        try:
            posted = post(draft, transaction)
        except Refusal as refusal:
            if refusal.field is not None and refusal.field.startswith("postings["):
                refusal.field = _SIDES.get(refusal.field)
            raise
        answer = Conversion(quote, str(realised), posted.view())
        values = (self.book_id, quote.id, posted.seq, self.new.from_account, self.new.to_account)
        row = Row(_ROW, (*values, str(realised), posted.recorded_at))
        return Decision(Answer.of(answer, status=201), (row,))


def _check_side(draft: Draft, account_id: str, asset: str, field: str) -> None:
    account = draft.book.accounts.get(account_id)
    if account is None:
        raise UnknownAccount(f"The book has no account {account_id!r}.", field=field)
    if account.asset != asset:
        raise AssetMismatch(f"{account_id} holds {account.asset}, not {asset}.", field=field)


def _exchange(quote: Quote, new: NewConversion, settings: Settings) -> Iterator[Posting]:
    """The client's two legs through the positions, and the spread's."""
    sold, bought = position_account(quote.sell), position_account(quote.buy)
    yield Posting(new.from_account, sold, quote.sell, quote.sell_amount, FX)
    yield Posting(bought, new.to_account, quote.buy, quote.buy_amount, FX)
    if quote.spread_amount != "0":
        asset = quote.spread_asset
        earning = spread_account(settings.spread_account, asset)
        yield Posting(position_account(asset), earning, asset, quote.spread_amount, FX_SPREAD)


def _costs(draft: Draft, quote: Quote, settings: Settings) -> tuple[list[Posting], int]:
    """What the positions' costs change by, and the gain on what is closed.

    What is sold to the book costs what the bought asset is worth, and the other way round. The
    functional asset is the measure and has no cost: its own position takes the other side.
    """
    functional, value = settings.functional_asset, int(quote.functional_value)
    spread = int(quote.spread_amount)
    sold = int(quote.sell_amount) - (spread if quote.spread_asset == quote.sell else 0)
    bought = int(quote.buy_amount) + (spread if quote.spread_asset == quote.buy else 0)
    legs = []
    if value:
        debit, credit = (_measure(asset, functional) for asset in (quote.sell, quote.buy))
        legs.append(Posting(debit, credit, functional, str(value), FX_COST))
    gains = 0
    for asset, amount, worth in ((quote.sell, sold, value), (quote.buy, -bought, -value)):
        if asset == functional:
            continue
        cost = draft.book.accounts[cost_account(asset)]
        held = holding_of(draft.book.accounts[position_account(asset)], cost)
        _, gain = trade(held, amount, worth)
        gains += gain
        if gain:
            legs.append(gain_leg(cost.id, settings.realised_account, gain, functional, FX_REALISED))
    return legs, gains


def _measure(asset: str, functional: str) -> str:
    """The account that takes an asset's worth in the functional asset."""
    return position_account(asset) if asset == functional else cost_account(asset)
