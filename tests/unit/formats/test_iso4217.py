"""Minor units of currencies."""

import pytest

from bezant.formats.iso4217 import is_currency_code, minor_unit_of, scale_of

EPSILON = "\N{GREEK CAPITAL LETTER EPSILON}"


@pytest.mark.parametrize(
    ("currency", "scale"),
    [("EUR", 2), ("JPY", 0), ("KRW", 0), ("ISK", 0), ("KWD", 3), ("BHD", 3), ("TND", 3),
     ("CLF", 4), ("UYW", 4), ("UYI", 0), ("MGA", 2), ("XAU", 0)],
)  # fmt: skip
def test_scales_are_those_of_the_standard(currency: str, scale: int) -> None:
    assert scale_of(currency) == scale


@pytest.mark.parametrize("text", ["", "EU", "EURO", "eur", "EU1", f"{EPSILON}UR", "EUR\n"])
def test_only_three_ascii_capitals_are_a_code(text: str) -> None:
    assert not is_currency_code(text)


@pytest.mark.parametrize(
    ("code", "scale"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("USD", 2), ("BTC", None), ("ETH", None),
     ("XAU", None), ("XDR", None), ("L1", None), ("ACME", None), ("", None)],
)  # fmt: skip
def test_a_minor_unit_is_fixed_for_listed_currencies_alone(code: str, scale: int | None) -> None:
    assert minor_unit_of(code) == scale
