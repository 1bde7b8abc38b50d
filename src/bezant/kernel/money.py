"""Money: integers of minor units, with the asset that fixes their scale. Never a float."""

import re
from collections.abc import Sequence
from typing import Final

from bezant.kernel.errors import Malformed

AMOUNT_MAX: Final = 2**128 - 1
"""The largest amount of one posting, in minor units."""

TOTAL_MAX: Final = AMOUNT_MAX
"""The largest sum of an account's debits, or of its credits; a column `numeric(39,0)` holds it."""

SCALE_MAX: Final = 18

_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,38}")


def parse_minor_units(text: str, *, field: str) -> int:
    """Read an amount in minor units from its wire form, a string of digits such as `"1250"`.

    Raises:
        Malformed: not digits, leading zeros, or above `AMOUNT_MAX`.
    """
    # `fullmatch` on ASCII classes: int() would also take signs, blanks, underscores and other
    # scripts' digits.
    if not _DIGITS.fullmatch(text):
        raise Malformed(
            'An amount is a string of digits in minor units, such as "1250".', field=field
        )
    amount = int(text)
    if amount > AMOUNT_MAX:
        raise Malformed(f"An amount is at most {AMOUNT_MAX} minor units.", field=field)
    return amount


def format_units(minor_units: int, scale: int) -> str:
    """Write minor units as a decimal for people: `format_units(-1250, 2) == "-12.50"`."""
    sign = "-" if minor_units < 0 else ""
    digits = str(abs(minor_units)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def parse_units(text: str, scale: int) -> int:
    """Read a decimal such as `"12.5"` into minor units at `scale`.

    Raises:
        ValueError: not a plain decimal, or more fraction digits than the scale holds.
    """
    match = re.fullmatch(r"([+-]?)([0-9]{1,39})(?:\.([0-9]*))?", text)
    if match is None:
        raise ValueError(f"{text!r} is not a decimal amount")
    sign, whole, fraction = match[1], match[2], (match[3] or "")
    significant = fraction.rstrip("0")
    if len(significant) > scale:
        raise ValueError(f"{text!r} has more fraction digits than the scale {scale} holds")
    minor_units: int = int(whole) * 10**scale + int(significant.ljust(scale, "0") or "0")
    return -minor_units if sign == "-" else minor_units


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` by the largest remainder: an exact sum.

    Ties go to the earlier part, so that the same request always gives the same split.

    Raises:
        ValueError: no weights, a negative weight, or weights that sum to zero.
    """
    weight_sum = sum(weights)
    if weight_sum <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and sum to more than zero")
    sign, magnitude = (-1, -total) if total < 0 else (1, total)
    parts = [magnitude * weight // weight_sum for weight in weights]
    remainders = [magnitude * weight % weight_sum for weight in weights]
    left = magnitude - sum(parts)
    for index in sorted(range(len(parts)), key=lambda at: -remainders[at])[:left]:
        parts[index] += 1
    assert sum(parts) == magnitude
    return [sign * part for part in parts]
