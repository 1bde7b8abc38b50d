"""Rates are exact, and of what is exchanged nothing is lost: at any scale, near 2^127 as well."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bezant.kernel.money import AMOUNT_MAX
from bezant.ledger.fx.domain import Holding, Price, after_spread, price, trade, value_of
from bezant.ledger.fx.errors import FxAmountOutOfRange
from bezant.ledger.fx.rates import (
    Derivation,
    RecordedRate,
    derive,
    inverse,
    per_minor_unit,
    read_rate,
    write_rate,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

scales = st.sampled_from([0, 2, 3, 8, 9, 18]) | st.integers(0, 18)
decimals = st.builds(
    lambda whole, digits, places: f"{whole}.{str(digits).rjust(places, '0')[-places:]}",
    st.integers(0, 10**6) | st.integers(10**19, 10**20 - 1),
    st.integers(0, 10**18 - 1),
    st.integers(1, 18),
).filter(lambda text: text.strip("0.") != "")
rates = decimals.map(read_rate)
amounts = (
    st.integers(1, 10**6)
    | st.integers(2**127 - 1_000, 2**127 + 1_000)
    | st.integers(AMOUNT_MAX - 1_000, AMOUNT_MAX)
)
SELL, BUY = "sell", "buy"
sides = st.sampled_from([SELL, BUY])
spreads = st.integers(0, 200) | st.integers(0, 9_999)


@given(decimals)
def test_a_decimal_rate_is_read_and_written_as_it_is(text: str) -> None:
    whole, _, digits = text.partition(".")
    shortest = f"{whole}.{digits}".rstrip("0").removesuffix(".")
    assert write_rate(read_rate(text)) == shortest


@given(rates, rates)
def test_any_rate_is_written_exactly(one: Fraction, other: Fraction) -> None:
    for rate in (inverse(one), one * other, one * inverse(other)):
        assert read_rate(write_rate(rate)) == rate


@given(rates, scales, scales)
def test_scales_move_the_point_and_nothing_else(rate: Fraction, base: int, quote: int) -> None:
    minor = per_minor_unit(rate, base, quote)
    assert minor * 10**base == rate * 10**quote
    assert per_minor_unit(inverse(rate), quote, base) == inverse(minor)


def priced(mid: Fraction, client: Fraction, amount: int, side: str) -> Price:
    """The price, or the example is passed over because a side would be nothing, or too much."""
    try:
        return price(
            mid, client, sell=amount if side == SELL else None, buy=amount if side == BUY else None
        )
    except FxAmountOutOfRange:
        assume(condition=False)
        raise


@given(rates, scales, scales, spreads, amounts, sides)
@example(read_rate("1.0834"), 2, 2, 50, 10_000, SELL)
@example(read_rate("160.37"), 2, 0, 0, 1, SELL)
@example(read_rate("100"), 2, 0, 0, 15_000, BUY)
def test_the_client_never_gets_more_than_the_mid_rate_and_nothing_is_lost(
    rate: Fraction, sold: int, bought: int, spread_bp: int, amount: int, side: str
) -> None:
    mid = per_minor_unit(rate, sold, bought)
    got = priced(mid, after_spread(mid, spread_bp), amount, side)
    # What is fixed stays what it is.
    assert (got.sell_amount if side == SELL else got.buy_amount) == amount
    # Never more than the mid rate, nor than the client's own.
    assert got.buy_amount <= got.sell_amount * after_spread(mid, spread_bp)
    # Each asset adds up: what one side pays, the position and the spread get, whole.
    if got.is_spread_sold:
        assert (got.sell_amount, got.buy_amount) == (got.sold + got.spread, got.bought)
    else:
        assert (got.sell_amount, got.bought) == (got.sold, got.buy_amount + got.spread)
    # The position is off the mid rate by less than one minor unit of the finer asset.
    over = got.sold * mid - got.bought
    assert 0 <= (over * inverse(mid) if mid < 1 else over) < 1
    assert max(got.sell_amount, got.bought) <= AMOUNT_MAX


@given(rates, scales, scales, amounts)
def test_without_a_spread_what_is_fixed_on_the_finer_side_costs_no_more_than_rounding(
    rate: Fraction, sold: int, bought: int, amount: int
) -> None:
    mid = per_minor_unit(rate, sold, bought)
    got = priced(mid, mid, amount, BUY if mid < 1 else SELL)
    assert got.spread == 0


@given(rates, scales, scales, spreads, amounts, sides)
def test_what_was_just_exchanged_is_worth_what_was_paid(
    rate: Fraction, sold: int, bought: int, spread_bp: int, amount: int, side: str
) -> None:
    """Against the functional asset, whichever side that is, revaluing at the same rate is zero."""
    mid = per_minor_unit(rate, sold, bought)
    got = priced(mid, after_spread(mid, spread_bp), amount, side)
    assert value_of(got.sold, mid) == got.bought
    assert value_of(-got.bought, inverse(mid)) == -got.sold


trades = st.lists(
    st.tuples(
        (st.integers(-1_000, 1_000) | st.integers(-(2**127), 2**127)).filter(bool),
        st.integers(0, 3_000) | st.integers(0, 2**127),
    ),
    max_size=30,
)


@given(trades, rates)
def test_realised_and_unrealised_gains_are_what_was_gained(
    trades: list[tuple[int, int]], rate: Fraction
) -> None:
    held, realised, paid = Holding(0, 0), 0, 0
    for amount, worth in trades:
        value = worth if amount > 0 else -worth
        before = held
        held, gain = trade(held, amount, value)
        realised, paid = realised + gain, paid + value
        assert held.amount == before.amount + amount
        assert held.cost * held.amount >= 0
        assert gain == 0 or before.amount * amount < 0
        if held.amount == 0 and before.amount != 0:
            assert held.cost == 0
    value = value_of(held.amount, rate)
    unrealised = value - held.cost
    assert realised + unrealised == value - paid


@given(st.integers(1, 10**30), st.integers(0, 10**30), st.integers(1, 10**30))
def test_closing_at_average_cost_gains_nothing(amount: int, cost: int, part: int) -> None:
    part = min(part, amount)
    released = cost * part // amount
    for sign in (1, -1):
        after, gain = trade(Holding(sign * amount, sign * cost), -sign * part, -sign * released)
        assert gain == 0
        assert after == Holding(sign * (amount - part), sign * (cost - released))


def recorded(text: str, hour: int) -> RecordedRate:
    at = NOON + timedelta(hours=hour)
    return RecordedRate(read_rate(text), at, f"source-{hour}", at)


def test_of_a_rate_and_the_reverse_pairs_the_newer_applies() -> None:
    book = {("EUR", "USD"): recorded("1.25", 1), ("USD", "EUR"): recorded("0.5", 2)}
    found = derive(book, "EUR", "USD", "EUR")
    assert found is not None
    assert (write_rate(found.rate), found.derivation) == ("2", Derivation.INVERSE)
    book["EUR", "USD"] = recorded("1.25", 2)
    found = derive(book, "EUR", "USD", "EUR")
    assert found is not None
    assert (write_rate(found.rate), found.derivation) == ("1.25", Derivation.DIRECT)


def test_a_cross_rate_is_for_want_of_a_rate_and_as_old_as_its_oldest_part() -> None:
    book = {("EUR", "USD"): recorded("1.25", 1), ("EUR", "GBP"): recorded("0.75", 2)}
    found = derive(book, "GBP", "USD", "EUR")
    assert found is not None
    assert write_rate(found.rate) == "5/3"
    assert (found.derivation, found.at) == (Derivation.CROSS, NOON + timedelta(hours=1))
    assert found.sources == ("source-2", "source-1")
    assert derive(book, "GBP", "USD", "GBP") is None
    book["USD", "GBP"] = recorded("0.5", 0)
    found = derive(book, "GBP", "USD", "EUR")
    assert found is not None
    assert found.rate == 2


@pytest.mark.parametrize(
    ("held", "amount", "value", "after", "gain"),
    [
        (Holding(0, 0), 108, 100, Holding(108, 100), 0),
        (Holding(108, 100), 54, 60, Holding(162, 160), 0),
        (Holding(108, 100), -50, -60, Holding(58, 54), 14),
        (Holding(-108, -100), 50, 40, Holding(-58, -54), 6),
        (Holding(108, 100), -108, -90, Holding(0, 0), -10),
        (Holding(108, 100), -208, -250, Holding(-100, -121), 29),
    ],
)
def test_what_goes_against_a_position_closes_it_at_average_cost(
    held: Holding, amount: int, value: int, after: Holding, gain: int
) -> None:
    assert trade(held, amount, value) == (after, gain)
