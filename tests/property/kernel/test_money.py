"""Money is neither made nor lost by reading, writing and dividing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.errors import Malformed
from bezant.kernel.money import (
    AMOUNT_MAX,
    TOTAL_MAX,
    allocate,
    format_units,
    parse_minor_units,
    parse_units,
)

amounts = st.integers(-TOTAL_MAX, TOTAL_MAX)
scales = st.integers(0, 18)


@given(amounts, scales)
def test_what_is_written_reads_back(amount: int, scale: int) -> None:
    assert parse_units(format_units(amount, scale), scale) == amount


@given(st.integers(0, AMOUNT_MAX))
def test_minor_units_read_back(amount: int) -> None:
    assert parse_minor_units(str(amount), field="amount") == amount


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+1", "-1", "01", "1_0", "1.0", "1e3", "٣", "1\n", "0x1", str(AMOUNT_MAX + 1)],
)
def test_what_is_not_minor_units_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_minor_units(text, field="amount")


@pytest.mark.parametrize("text", ["", ".5", "1,5", "1e3", "NaN", "1.005", "--1", "1.2.3"])
def test_what_is_not_a_decimal_of_the_scale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|digits"):
        parse_units(text, 2)


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any))
def test_an_allocation_sums_exactly_and_is_fair(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@pytest.mark.parametrize("weights", [[], [0], [1, -1], [0, 0]])
def test_weights_that_cannot_share_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(1, weights)
