"""Making a quote from what is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from bezant.kernel.money import AMOUNT_MAX, parse_minor_units
from bezant.ledger.errors import UnknownAsset
from bezant.ledger.fx.domain import Price, after_spread, price, value_of
from bezant.ledger.fx.errors import (
    ClientRateTooHigh,
    FxAmountOutOfRange,
    FxNotSetUp,
    RateUnknown,
    SameAsset,
)
from bezant.ledger.fx.rates import (
    Pair,
    RecordedRate,
    derive,
    per_minor_unit,
    read_rate,
    write_rate,
)
from bezant.ledger.fx.schemas import NewQuote, Quote, Settings


@dataclass(frozen=True, slots=True)
class Known:
    """What a quote is made from.

    Attributes:
        scales: of the book's assets.
        rates: the newest of each pair that may be needed.
    """

    scales: Mapping[str, int]
    settings: Settings | None
    rates: Mapping[Pair, RecordedRate]


def make_quote(quote_id: UUID, new: NewQuote, known: Known, at: datetime) -> Quote:
    """Price what is asked for at the rates that are known.

    Raises:
        FxNotSetUp: the book has no functional asset.
        UnknownAsset: the book lacks one of the two.
        SameAsset: the two are one.
        RateUnknown: there is no mid rate, or nothing tells the value in the functional asset.
        ClientRateTooHigh: the client's rate is above the mid rate.
        FxAmountOutOfRange: a side would be nothing, or too much.
    """
    if known.settings is None:
        raise FxNotSetUp("The book has no functional asset yet.")
    functional = known.settings.functional_asset
    for field, asset in (("sell", new.sell), ("buy", new.buy)):
        if asset not in known.scales:
            raise UnknownAsset(f"The book has no asset {asset}.", field=field)
    if new.sell == new.buy:
        raise SameAsset(f"{new.sell} is sold for itself.", field="buy")
    mid = derive(known.rates, new.sell, new.buy, functional)
    if mid is None:
        raise RateUnknown(f"No rate of {new.sell}/{new.buy} is known.", field="sell")
    client = _client_rate(new, mid.rate)
    scales = known.scales[new.sell], known.scales[new.buy]
    priced = price(
        per_minor_unit(mid.rate, *scales),
        per_minor_unit(client, *scales),
        sell=_amount(new.sell_amount, "sell_amount"),
        buy=_amount(new.buy_amount, "buy_amount"),
    )
    return Quote(
        id=quote_id,
        sell=new.sell,
        buy=new.buy,
        sell_amount=str(priced.sell_amount),
        buy_amount=str(priced.buy_amount),
        mid_rate=write_rate(mid.rate),
        rate_at=mid.at,
        client_rate=write_rate(client),
        spread_asset=new.sell if priced.is_spread_sold else new.buy,
        spread_amount=str(priced.spread),
        functional_asset=functional,
        functional_value=str(_functional_value(new, priced, functional, known)),
        created_at=at,
        expires_at=at + timedelta(seconds=new.expires_in_s),
    )


def _client_rate(new: NewQuote, mid: Fraction) -> Fraction:
    if new.client_rate is None:
        return after_spread(mid, new.spread_bp or 0)
    client = read_rate(new.client_rate)
    if client > mid:
        raise ClientRateTooHigh(
            f"The mid rate is {write_rate(mid)}.", field="client_rate", mid_rate=write_rate(mid)
        )
    return client


def _amount(text: str | None, field: str) -> int | None:
    return None if text is None else parse_minor_units(text, field=field)


def _functional_value(new: NewQuote, priced: Price, functional: str, known: Known) -> int:
    """What the positions exchange, at the rate of the sold asset, or else of the bought one."""
    for asset, amount in ((new.sell, priced.sold), (new.buy, priced.bought)):
        if asset == functional:
            return amount
    for asset, amount in ((new.sell, priced.sold), (new.buy, priced.bought)):
        rate = derive(known.rates, asset, functional, functional)
        if rate is not None:
            scales = known.scales[asset], known.scales[functional]
            value = value_of(amount, per_minor_unit(rate.rate, *scales))
            if value > AMOUNT_MAX:
                raise FxAmountOutOfRange(f"{amount} of {asset} are {value} of {functional}.")
            return value
    raise RateUnknown(f"Nothing tells what {new.sell} is worth in {functional}.", field="sell")
