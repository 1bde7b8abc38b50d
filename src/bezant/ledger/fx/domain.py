"""The rules of exchanging: pricing a quote, keeping cost, measuring gains. All in minor units.

Pure, and in integers and rationals throughout: every rounding is stated, none is lost.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

from bezant.kernel.money import AMOUNT_MAX
from bezant.ledger.fx.errors import FxAmountOutOfRange
from bezant.ledger.fx.rates import inverse

BASIS_POINTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Price:
    """An exchange at two rates: the client's, and the mid rate.

    The position takes `sold` for `bought`, which is the mid rate to within one minor unit of the
    finer asset, in its favour. What the client's side is worse by, roundings included, is `spread`.

    Attributes:
        sell_amount: what the client pays.
        buy_amount: what the client gets.
        sold: what the position gets of the sold asset.
        bought: what the position gives of the bought asset.
        spread: an amount of the sold asset if `is_spread_sold`, else of the bought one.
    """

    sell_amount: int
    buy_amount: int
    sold: int
    bought: int
    spread: int
    is_spread_sold: bool


def after_spread(mid: Fraction, spread_bp: int) -> Fraction:
    """The client's rate that lies so many basis points below the mid rate."""
    return mid * Fraction(BASIS_POINTS - spread_bp, BASIS_POINTS)


def price(mid: Fraction, client: Fraction, *, sell: int | None, buy: int | None) -> Price:
    """Price an exchange of which one side is fixed.

    The other side is rounded against the client, to a whole minor unit. The spread is taken in the
    asset whose minor unit is worth less, so that it can be told from the rounding.

    Args:
        mid: minor units of the bought asset per minor unit of the sold one.
        client: the same at the client's rate; at most `mid`.
        sell: what is sold, if that side is fixed.
        buy: what is bought, if that side is fixed.

    Raises:
        FxAmountOutOfRange: a side would be nothing, or more than can be posted.
    """
    assert 0 < client <= mid
    assert (sell is None) != (buy is None)
    if sell is not None:
        sell_amount, buy_amount = sell, floor(sell * client)
    else:
        assert buy is not None
        sell_amount, buy_amount = ceil(buy * inverse(client)), buy
    is_spread_sold = mid < 1
    sold = ceil(buy_amount * inverse(mid)) if is_spread_sold else sell_amount
    bought = buy_amount if is_spread_sold else floor(sell_amount * mid)
    if min(sell_amount, buy_amount) == 0 or max(sell_amount, bought) > AMOUNT_MAX:
        raise FxAmountOutOfRange(
            f"{sell_amount} would be sold and {buy_amount} bought.",
            field="buy_amount" if sell is None else "sell_amount",
            sell_amount=sell_amount,
            buy_amount=buy_amount,
        )
    spread = sell_amount - sold if is_spread_sold else bought - buy_amount
    assert spread >= 0
    return Price(sell_amount, buy_amount, sold, bought, spread, is_spread_sold)


@dataclass(frozen=True, slots=True)
class Holding:
    """A position in an asset, with its cost.

    Attributes:
        amount: what the book holds of the asset beyond what it owes; negative when it is short.
        cost: what was paid for that, in the functional asset; negative when it is short.
    """

    amount: int
    cost: int


def trade(holding: Holding, amount: int, value: int) -> tuple[Holding, int]:
    """Exchange an amount at a value, at weighted-average cost; the new holding, and the gain.

    What goes against the position closes as much of it, and takes its share of the cost, rounded
    towards zero, with it; the difference to its value is realised. What goes beyond opens a
    position the other way.

    Args:
        holding: before.
        amount: of the asset, not zero; negative when it is given away.
        value: in the functional asset, with the sign of `amount`: negative when it is received.
    """
    assert amount != 0, "an exchange moves something"
    if holding.amount * amount >= 0:
        return Holding(holding.amount + amount, holding.cost + value), 0
    closing = min(abs(amount), abs(holding.amount))
    released = _share(holding.cost, closing, abs(holding.amount))
    closed_for = _share(-value, closing, abs(amount))
    realised = closed_for - released
    after = Holding(holding.amount + amount, holding.cost + value + realised)
    assert after.amount != 0 or after.cost == 0
    return after, realised


def value_of(amount: int, rate: Fraction) -> int:
    """What a position is worth in the functional asset, rounded down: never too much.

    Args:
        amount: of the asset; negative when the book is short of it.
        rate: minor units of the functional asset per minor unit of the asset.
    """
    return floor(amount * rate)


def _share(whole: int, part: int, of: int) -> int:
    """`whole * part / of`, rounded towards zero; all of it when the part is all."""
    magnitude = abs(whole) * part // of
    return magnitude if whole >= 0 else -magnitude
