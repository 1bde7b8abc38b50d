"""What is captured is divided whole: not a minor unit is lost or made."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.payments.fees import Fees, Share, divide
from bezant.payments.fees.errors import FeeAboveCapture, SharesAboveCapture

AMOUNTS = st.integers(1, 10**30)
RATES = st.integers(0, 10_000)


@st.composite
def fees(draw: st.DrawFn) -> Fees:
    minimum = draw(st.integers(0, 10_000))
    maximum = draw(st.none() | st.integers(minimum, 10**12))
    return Fees(draw(st.integers(0, 10_000)), draw(RATES), minimum, maximum, draw(RATES))


@st.composite
def shares(draw: st.DrawFn) -> list[Share]:
    left, made = 10_000, []
    for number in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            made.append(Share(UUID(int=number), draw(st.integers(1, 1_000)), None))
        elif left:
            parts = draw(st.integers(1, left))
            left -= parts
            made.append(Share(UUID(int=number), None, parts))
    return made


@given(AMOUNTS, st.none() | fees(), shares())
def test_what_is_captured_is_net_and_fee_and_tax_and_shares(
    amount: int, agreed: Fees | None, asked: list[Share]
) -> None:
    try:
        division = divide(amount, agreed, asked)
    except (FeeAboveCapture, SharesAboveCapture):
        return
    parts = [division.net, division.fee, division.vat, *(share for _, share in division.shares)]
    assert sum(parts) == amount
    assert min(parts) >= 0
    assert [account for account, _ in division.shares] == [share.account_id for share in asked]


@given(AMOUNTS, fees())
def test_a_fee_lies_between_its_bounds_and_is_exact_to_half_a_unit(
    amount: int, agreed: Fees
) -> None:
    fee, vat = agreed.on(amount)
    assert fee >= agreed.minimum
    if agreed.maximum is not None:
        assert fee <= agreed.maximum
    exact = agreed.fixed * 10_000 + amount * agreed.basis_points
    if fee not in {agreed.minimum, agreed.maximum}:
        assert abs(fee * 10_000 - exact) <= 5_000
    assert abs(vat * 10_000 - fee * agreed.vat_basis_points) <= 5_000


@given(AMOUNTS, shares())
def test_a_share_by_parts_is_exact_to_less_than_a_unit(amount: int, asked: list[Share]) -> None:
    try:
        division = divide(amount, None, asked)
    except SharesAboveCapture:
        return
    left = amount - sum(share.amount or 0 for share in asked)
    for share, (_, given_amount) in zip(asked, division.shares, strict=True):
        if share.parts is not None:
            assert abs(given_amount * 10_000 - left * share.parts) < 10_000


def test_a_cent_that_rounding_leaves_goes_to_the_largest_remainder() -> None:
    thirds = [Share(UUID(int=1), None, 3_333), Share(UUID(int=2), None, 3_333)]
    division = divide(100, None, thirds)
    assert (division.shares, division.net) == (((UUID(int=1), 33), (UUID(int=2), 33)), 34)


@pytest.mark.parametrize(
    ("amount", "fee", "vat"), [(1, 50, 10), (1_000, 50, 10), (10_000, 165, 31), (10**6, 900, 171)]
)
def test_a_fee_of_25_and_140_basis_points_of_50_to_900_with_19_percent(
    amount: int, fee: int, vat: int
) -> None:
    assert Fees(25, 140, 50, 900, 1_900).on(amount) == (fee, vat)


def test_a_fee_above_the_capture_and_shares_above_the_rest_are_refused() -> None:
    with pytest.raises(FeeAboveCapture):
        divide(59, Fees(50, 0, 0, None, 2_000), [])
    with pytest.raises(SharesAboveCapture):
        divide(100, Fees(50, 0, 0, None, 0), [Share(UUID(int=1), 51, None)])
