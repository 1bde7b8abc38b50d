"""A position between entries reaches every leg of a transaction, and nothing that fits no row."""

import pytest

from bezant.ledger.handlers import _ENTRY_POSITION
from bezant.ledger.queries import _position


@pytest.mark.parametrize("leg", [0, 9_999, 10_000, 16_379, 29_999])
def test_a_page_may_end_on_any_leg(leg: int) -> None:
    assert _ENTRY_POSITION.fullmatch(f"7.{leg}")
    assert _position(f"7.{leg}") == (7, leg)


@pytest.mark.parametrize("made_up", ["7.32768", "7.99999", "7.-1", "7."])
def test_what_fits_no_row_is_no_position(made_up: str) -> None:
    assert _ENTRY_POSITION.fullmatch(made_up) is None
